import { command } from "./contract.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { settledLevel } from "./pwm.ts";
import type { Curve } from "./pwm-plan.ts";
import { qualityOf } from "./sensor.ts";
import type { State } from "./state.ts";

// A fan that follows a sensor: up at once, and down only when the reading is lower by the hysteresis than it was when the fan was last set.
// What is not known is told by `on_stale`.

/** A sensor was seen: the fans that follow it go where their curves say. */
export function curvesSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  for (const [index, { pwm }] of plan.outputs.entries())
    if (pwm?.curve && plan.sensorIndex.get(idOf(pwm.curve.sensor)) === sensor) follow(plan, state, index, pwm.curve, at, effects);
}

/** The line has just been opened: what is known of its sensor counts at once. */
export function curveOpened(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [curve, output] = [plan.outputs[index]?.pwm?.curve, state.outputs[index]];
  if (!curve || !output) return;
  output.curve = null;
  follow(plan, state, index, curve, at, effects);
}

function follow(plan: Plan, state: State, index: number, curve: Curve, at: Instant, effects: Effect[]): void {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output || !outputPlan?.pwm || state.stopping || output.written === undefined) return;
  const sensor = state.sensors[plan.sensorIndex.get(idOf(curve.sensor)) ?? -1];
  // Before the first read nothing is wrong yet: `on_start` holds until `stale_after` is over.
  if (!sensor || qualityOf(sensor) === "unknown") return;
  const reading = qualityOf(sensor) === "ok" ? numberOf(sensor.values ?? [], curve.sensor.split(".")[1]) : undefined;
  const last = output.curve;
  if (reading !== undefined && last?.reading != null && reading < last.reading && last.reading - reading < curve.hysteresis) return;
  const level = settledLevel(outputPlan.pwm, reading === undefined ? curve.onStale : levelAt(curve, reading));
  // What is locked is set when it is unlocked, at the next reading.
  output.curve = output.locked ? null : { reading: reading ?? null, level };
  // A command holds until the curve asks for something else; what a line did not take is asked for again.
  if (output.locked || (level === last?.level && output.problem === null)) return;
  const detail =
    reading === undefined
      ? `${curve.sensor} ${qualityOf(sensor) === "ok" ? "says no number" : qualityOf(sensor)}`
      : `${curve.sensor} is ${reading}`;
  const cause: Cause = { kind: "curve", text: "curve", detail };
  command(plan, state, index, null, null, cause, null, at, effects, { level, fade: null });
}

function numberOf(values: readonly { name: string; value: unknown }[], quantity: string | undefined): number | undefined {
  const found = (quantity === undefined ? values[0] : values.find(({ name }) => name === quantity))?.value;
  return typeof found === "number" ? found : undefined;
}

/** Between two points on the line between them; outside as at the nearest one. */
export function levelAt({ points }: Pick<Curve, "points">, reading: number): number {
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

function idOf(sensor: string): string {
  return sensor.split(".")[0] ?? sensor;
}
