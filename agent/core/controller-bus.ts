import { setpointNow } from "./controller-hold.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import { isoTime } from "./iso-time.ts";
import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";
import { valueNow } from "./value.ts";

/** No more digits than anybody reads. */
export function shown(value: number): number {
  return Number(value.toFixed(2));
}

export function tellHold({ id }: ControllerPlan, controller: ControllerState, text: string | null, effects: Effect[]): void {
  controller.held = text;
  effects.push({
    type: "log",
    level: "info",
    message: text === null ? `controller ${id} controls` : `controller ${id} is held: ${text}`,
    fields: { event: text === null ? "controller-resumed" : "controller-held", controller: id, ...(text === null ? {} : { reason: text }) },
  });
}

/** What is new about a controller, for the bus. */
export function tell(plan: Plan, state: State, own: ControllerPlan, controller: ControllerState, at: Instant, effects: Effect[]): void {
  const publication = controllerOnBus(plan, state, own, controller, at);
  if (publication.payload === controller.told) return;
  controller.told = publication.payload;
  effects.push({ type: "publish", ...publication });
}

/** What the broker is told of a controller. */
export function controllerOnBus(plan: Plan, state: State, own: ControllerPlan, controller: ControllerState, at: Instant) {
  const now = valueNow(plan, state, own.ref, at);
  const sensor = state.sensors[own.ref.sensor];
  const payload = JSON.stringify({
    state: controller.enabled ? "ON" : "OFF",
    setpoint: setpointNow(plan, state, own, controller, at),
    value: now.is === "known" && typeof now.value === "number" ? now.value : null,
    unit: now.is === "known" ? now.unit : null,
    output: shown(controller.demand),
    on: controller.on === true,
    held: controller.held,
    why: controller.why,
    ts: now.is === "known" && sensor ? isoTime(state, sensor.at) : null,
  });
  return { kind: "state", topic: own.stateTopic, payload, qos: 0, retain: true } as const;
}
