import { newMemory } from "./derive.ts";
import type { DerivePlan } from "./derive-plan.ts";
import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { measure, newRate, shortestSilence } from "./rate.ts";
import { qualityOf, sensorFailed, sensorRead } from "./sensor.ts";
import type { State } from "./state.ts";
import { rateIn } from "./unit.ts";

/**
 * How fast a counter counts: of one that is silent 0, of one whose line cannot be used nothing. Until it was watched for as long as makes silence
 * of it nothing was measured, and nothing is told.
 */
export function readCounted(
  plan: Plan,
  state: State,
  index: number,
  derive: Extract<DerivePlan, { kind: "counted" }>,
  at: Instant,
  effects: Effect[],
): void {
  const [sensor, input] = [state.sensors[index], state.inputs[derive.input]];
  const id = plan.inputs[derive.input]?.id;
  if (!sensor || !input?.counter) return;
  if (input.problem !== null) {
    sensor.memory = null;
    sensorFailed(plan, state, { type: "sensor-failed", sensor: index, problem: `${id}: ${input.problem}`, at }, effects);
    return;
  }
  sensor.memory ??= { ...newMemory(), begun: at };
  const { ticks, lastAt } = input.counter.rate;
  if (ticks < sensor.memory.rate.ticks) sensor.memory.rate = newRate();
  const { rate } = sensor.memory;
  Object.assign(rate, { ticks, lastAt });
  measure(rate, at);
  const found = rateIn(rate.perMs / derive.perUnit, derive.of, derive.per, derive.unit);
  if (found === undefined) {
    const problem = `${derive.of} does not convert to ${derive.unit}`;
    sensorFailed(plan, state, { type: "sensor-failed", sensor: index, problem, at }, effects);
    return;
  }
  const silence = at - Math.max(sensor.memory.begun ?? 0, lastAt ?? 0);
  if (rate.perMs === 0 && qualityOf(sensor) !== "ok" && silence < shortestSilence) return;
  const values = [{ name: derive.name, value: Number(found.value.toPrecision(4)), unit: found.unit }];
  sensorRead(plan, state, { type: "sensor-read", sensor: index, values, at }, effects);
}
