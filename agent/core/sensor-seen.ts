import { controllersSeen } from "./controller.ts";
import { deriveSeen } from "./derive.ts";
import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { curvesSeen } from "./pwm-curve.ts";
import { valuesSeen } from "./rule-value.ts";
import type { State } from "./state.ts";
import { updateSides } from "./value.ts";

/**
 * A sensor was read, a read of it failed, or its last reading is older than it holds: what follows from that begins here. The state of the
 * sensor is already the new one.
 */
export function sensorSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  if (state.stopping) return;
  updateSides(plan, state, sensor, at);
  // All that is derived is computed before anybody looks at any of it.
  for (const index of [...deriveSeen(plan, state, sensor, at, effects), sensor]) {
    valuesSeen(plan, state, index, at, effects);
    controllersSeen(plan, state, index, at, effects);
    curvesSeen(plan, state, index, at, effects);
  }
}
