import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import type { Cause, Instant } from "./model.ts";
import type { Objection } from "./refusal.ts";
import { againAt } from "./rule-values.ts";

export function controllerCause({ id }: ControllerPlan, why: string): Cause {
  return { kind: "controller", text: `controller ${id}`, detail: why, trigger: { step: { kind: "sensor", text: why }, words: why } };
}

/** Does something unless it was refused a moment ago; null when it was done, else when it is to be tried again. */
export function tried(controller: ControllerState, at: Instant, act: () => Objection | null): Instant | null {
  if (controller.refusedUntil !== null && at < controller.refusedUntil) return controller.refusedUntil;
  const refused = act();
  controller.refusedUntil = refused === null ? null : againAt(refused, at);
  return controller.refusedUntil;
}
