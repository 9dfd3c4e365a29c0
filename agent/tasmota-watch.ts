import type { TasmotaConfig } from "../config/schema.ts";
import type { Plan } from "./core/plan.ts";
import type { ButtonAction } from "./profile/tasmota/device.ts";

/** What a device looks at when something has happened, by the plan that holds. */
export interface Watched {
  plan: Plan;
  relays: ReadonlyMap<number, number>;
  switches: ReadonlyMap<string, number>;
  buttons: ReadonlyMap<string, number>;
}

/** By its configuration, and by where a plan has it. */
export function watchedOf(device: TasmotaConfig, plan: Plan): Watched {
  const topicOf = (input: string, kind: "stateTopic" | "eventTopic") => plan.inputs[plan.inputIndex.get(input) ?? -1]?.[kind] ?? "";
  return {
    plan,
    relays: new Map(device.relays.map((id, relay) => [plan.outputIndex.get(id) ?? -1, relay])),
    switches: new Map(device.switches.map(({ input }, index) => [topicOf(input, "stateTopic"), index])),
    buttons: new Map(device.buttons.map((input, index) => [topicOf(input, "eventTopic"), index])),
  };
}

/** Clicks of a button, out of the event that is published of them. */
export function actionOf(payload: string): ButtonAction | undefined {
  const { event_type: type, multi_press_count: count } = JSON.parse(payload) as { event_type?: string; multi_press_count?: number };
  if (type === "press_end") return "SINGLE";
  if (type === "long_press_start") return "HOLD";
  return type === "multi_press_end" ? (["DOUBLE", "TRIPLE", "QUAD", "PENTA"] as const)[(count ?? 0) - 2] : undefined;
}
