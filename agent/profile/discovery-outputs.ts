import type { Config } from "../../config/schema.ts";
import type { Plan } from "../core/plan.ts";
import { type Add, availableWith, type Component, commanded, known, nameOf } from "./component.ts";
import { hasPulse } from "./covers.ts";

/** What is said besides the topics, by what an output is to be. On is open, and unlocked. */
const words = {
  switch: commanded,
  light: commanded,
  lock: { ...commanded, payload_lock: "OFF", payload_unlock: "ON", state_locked: "OFF", state_unlocked: "ON" },
  valve: { ...commanded, payload_close: "OFF", payload_open: "ON", state_closed: "OFF", state_open: "ON", reports_position: false },
} as const;

/** Outputs: relays as what they switch, those that are only pulsed as buttons, pairs as covers. */
export function addOutputs(plan: Plan, config: Config, add: Add): void {
  const paired = new Set(Object.values(config.covers).flatMap(({ open, close }) => [open, close]));
  for (const { id, stateTopic, setTopic, attrTopic } of plan.outputs) {
    const output = config.outputs[id];
    if (!output) continue;
    const { homeassistant: appears } = output;
    // Of a pair the cover appears, unless somebody wants its outputs too.
    if (paired.has(id) && appears?.as == null) continue;
    const as = appears?.as ?? (hasPulse(output) ? "button" : "switch");
    const shared = {
      name: nameOf(id, output.name),
      ...(appears?.device_class != null && { device_class: appears.device_class }),
      command_topic: setTopic,
      json_attributes_topic: attrTopic,
      ...availableWith(plan, known(stateTopic)),
    };
    const component: Component =
      as === "button"
        ? { platform: as, ...shared, payload_press: "PULSE", retain: false }
        : { platform: as, ...shared, state_topic: stateTopic, ...words[as] };
    add(as === "switch" ? `out_${id}` : `out_${id}_${as}`, component);
  }
}

export function addCovers(plan: Plan, { covers }: Config, add: Add): void {
  for (const [id, { open, close, name, device_class: deviceClass }] of Object.entries(covers)) {
    add(`cover_${id}`, {
      platform: "cover",
      name: nameOf(id, name),
      ...(deviceClass !== null && { device_class: deviceClass }),
      command_topic: plan.topics.coverSet(id),
      state_topic: plan.topics.coverState(id),
      payload_open: "OPEN",
      payload_close: "CLOSE",
      payload_stop: "STOP",
      state_opening: "opening",
      state_closing: "closing",
      state_stopped: "stopped",
      ...commanded,
      ...availableWith(plan, ...[open, close].map((output) => known(plan.topics.outputState(output)))),
    });
  }
}
