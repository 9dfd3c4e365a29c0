import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { curvesSeen } from "./pwm-curve.ts";
import type { State } from "./state.ts";

/**
 * A sensor was read, a read of it failed, or its last reading is older than it holds: what follows from that begins here. The state of the
 * sensor is already the new one.
 */
export function sensorSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  curvesSeen(plan, state, sensor, at, effects);
}
