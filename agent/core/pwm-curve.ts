import { command } from "./contract.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { settledLevel } from "./pwm.ts";
import type { Curve } from "./pwm-plan.ts";
import { type ValueRef, valueRefOf } from "./sensor-ref.ts";
import type { State } from "./state.ts";
import { numberNow, valueNow } from "./value.ts";

// A fan that follows a sensor: up at once, and down only when the reading is lower by the hysteresis than it was when the fan was last set.
// What is not known is told by `on_stale`.

/** A sensor was seen: the fans that follow it go where their curves say. */
export function curvesSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  for (const { output, ref } of plan.curves[sensor] ?? []) follow(plan, state, output, ref, at, effects);
}

/** The line has just been opened: what is known of its sensor counts at once. */
export function curveOpened(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [curve, output] = [plan.outputs[index]?.pwm?.curve, state.outputs[index]];
  const ref = curve ? valueRefOf(plan.sensorIndex, curve.sensor) : undefined;
  if (!ref || !output) return;
  output.curve = null;
  follow(plan, state, index, ref, at, effects);
}

function follow(plan: Plan, state: State, index: number, ref: ValueRef, at: Instant, effects: Effect[]): void {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  const [curve, sensor] = [outputPlan?.pwm?.curve, state.sensors[ref.sensor]];
  if (!output || !outputPlan?.pwm || !curve || !sensor || state.stopping || output.written === undefined) return;
  const now = valueNow(plan, state, ref, at);
  // Before the first read nothing is wrong yet: `on_start` holds until `stale_after` is over.
  if (now.is === "unknown" && sensor.problem === null) return;
  const reading = numberNow(plan, state, ref, at);
  const last = output.curve;
  if (reading !== null && last?.reading != null && reading < last.reading && last.reading - reading < curve.hysteresis) return;
  const level = settledLevel(outputPlan.pwm, reading === null ? curve.onStale : levelAt(curve, reading));
  // What is locked is set when it is unlocked, at the next reading.
  output.curve = output.locked ? null : { reading, level };
  // A command holds until the curve asks for something else; what a line did not take is asked for again.
  if (output.locked || (level === last?.level && output.problem === null)) return;
  const why = now.is === "known" ? "says no number" : sensor.problem === null ? "stale" : "failed";
  const cause: Cause = { kind: "curve", text: "curve", detail: `${ref.text} ${reading === null ? why : `is ${reading}`}` };
  command(plan, state, index, null, null, cause, null, at, effects, { level, fade: null });
}

/** Between two points on the line between them; outside as at the nearest one. */
function levelAt({ points }: Pick<Curve, "points">, reading: number): number {
  let before = points[0];
  if (!before || reading <= before[0]) return before?.[1] ?? 0;
  for (const point of points) {
    if (reading <= point[0]) {
      const share = (reading - before[0]) / (point[0] - before[0]);
      return before[1] + (point[1] - before[1]) * share;
    }
    before = point;
  }
  return before[1];
}
