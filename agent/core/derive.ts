import type { DerivePlan } from "./derive-plan.ts";
import { absoluteHumidity, dewPoint, vpd } from "./humid-air.ts";
import type { Effect, Instant, Measured } from "./model.ts";
import type { Plan } from "./plan.ts";
import { newRate, type Rate } from "./rate.ts";
import { qualityOf, reasonOf, type Seen, type SensorState, sensorFailed, sensorGone, sensorRead } from "./sensor.ts";
import { measuredAt, type ValueRef } from "./sensor-ref.ts";
import type { State } from "./state.ts";
import { convert, integralUnit, rateIn } from "./unit.ts";
import { updateSides } from "./value.ts";
import { addToWindow, type ValueWindow, windowFigure } from "./value-window.ts";

// A derived value is a sensor whose readings are computed. It is as good as the worst of what it is derived from, and as old as the oldest.

/** What a derived value remembers of the readings before. */
export interface DeriveMemory {
  window: ValueWindow;
  /** The last reading of `rate` and `integral`. */
  last: { value: number; at: Instant } | null;
  /** The sum so far, and its unit, once that is known. */
  total: number;
  unit: string | null;
  /** The sum as it was kept last, and when. */
  keptTotal: number;
  keptAt: Instant;
  /** Of a counter, and since when it is watched. */
  rate: Rate;
  begun: Instant | null;
}

/** What a sum was when it was kept. */
export interface KeptSum {
  total: number;
  unit: string;
}

/** How often a sum is written to disk. */
const keepEvery = 60_000;

export function newMemory(kept?: KeptSum): DeriveMemory {
  const total = kept?.total ?? 0;
  return { window: [], last: null, total, unit: kept?.unit ?? null, keptTotal: total, keptAt: 0, rate: newRate(), begun: null };
}

/** Whether everything that a value is derived from holds, and why not. */
type Inputs = { state: "ok"; measured: Instant } | { state: "waiting" } | { state: "stale" | "failed"; why: string };

/**
 * A sensor was read, failed or became stale: so do the values that are derived from it, each once, when all that it is derived from is the
 * new one. Returns those of which something is new. What also comes from an expression waits for its answer.
 */
export function deriveSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): readonly number[] {
  const derived = plan.derivedFrom[sensor] ?? [];
  if (derived.length === 0) return derived;
  const [fresh, asked] = [new Set([sensor]), new Set<number>()];
  const seen: Seen = (_plan, _state, index) => {
    fresh.add(index);
    updateSides(plan, state, index, at);
  };
  for (const index of derived) {
    const derive = plan.sensors[index]?.derive;
    if (!derive?.inputs.some((input) => fresh.has(input.sensor) || asked.has(input.sensor))) continue;
    const inputs = inputsOf(plan, state, derive);
    if (inputs.state === "stale") sensorGone(plan, state, index, inputs.why, at, effects, seen);
    else if (inputs.state === "failed") {
      if (state.sensors[index]?.problem !== inputs.why)
        sensorFailed(plan, state, { type: "sensor-failed", sensor: index, problem: inputs.why, at }, effects, seen);
    } else if (derive.inputs.some((input) => asked.has(input.sensor))) asked.add(index);
    else if (inputs.state === "ok") {
      compute(plan, state, index, derive, inputs.measured, at, effects, seen);
      if (derive.kind === "value" && !fresh.has(index)) asked.add(index);
    }
  }
  fresh.delete(sensor);
  return [...fresh];
}

/** Whether an answer that was computed elsewhere may still be taken; it is of the inputs as they were when it was asked for. */
export function answerHolds(plan: Plan, state: State, sensor: number): boolean {
  const derive = plan.sensors[sensor]?.derive;
  return !derive || inputsOf(plan, state, derive).state === "ok";
}

function inputsOf(plan: Plan, state: State, { inputs }: DerivePlan): Inputs {
  let measured = Number.POSITIVE_INFINITY;
  let failed: Inputs | undefined;
  let waiting = false;
  for (const { sensor } of inputs) {
    const [sensorPlan, input] = [plan.sensors[sensor], state.sensors[sensor]];
    if (!sensorPlan || !input) continue;
    // One that is stale is stale, whatever else it is.
    if (input.stale)
      return {
        state: "stale",
        why: because(sensorPlan.id, qualityOf({ ...input, problem: null }), reasonOf(sensorPlan, { ...input, problem: null })),
      };
    if (input.problem !== null) failed ??= { state: "failed", why: because(sensorPlan.id, qualityOf(input), reasonOf(sensorPlan, input)) };
    if (input.values === null) waiting = true;
    measured = Math.min(measured, input.at);
  }
  return failed ?? (waiting ? { state: "waiting" } : { state: "ok", measured });
}

/** What is derived of what is derived does not repeat all of it. */
function because(id: string, quality: string, reason: string | null): string {
  const said = `${id} ${quality}${reason === null ? "" : `: ${reason}`}`;
  return said.length > 160 ? `${said.slice(0, 159)}…` : said;
}

function compute(
  plan: Plan,
  state: State,
  index: number,
  derive: DerivePlan,
  measured: Instant,
  at: Instant,
  effects: Effect[],
  seen: Seen,
): void {
  const sensor = state.sensors[index];
  if (!sensor || state.stopping) return;
  const fail = (problem: string) => sensorFailed(plan, state, { type: "sensor-failed", sensor: index, problem, at }, effects, seen);
  if (derive.kind === "counted") return;
  if (derive.kind === "value") {
    const inputs: Record<string, Measured["value"]> = {};
    for (const [position, ref] of derive.inputs.entries()) {
      const found = measuredAt(state, ref);
      if (found === undefined) {
        fail(`${ref.text} is not measured`);
        return;
      }
      inputs[derive.names[position] ?? ""] = found.value;
    }
    effects.push({ type: "evaluate", sensor: index, inputs, measured });
    return;
  }
  const result = resultOf(plan, state, derive, sensor, measured);
  if (result === undefined) return;
  if ("problem" in result) {
    fail(result.problem);
    return;
  }
  sensorRead(plan, state, { type: "sensor-read", sensor: index, values: [{ ...result, name: derive.name }], at, measured }, effects, seen);
  if (derive.kind === "integral") keepTotal(index, sensor, at, effects);
}

type Result = { value: number; unit: string | null } | { problem: string };

/** Undefined while there is nothing to say yet. */
function resultOf(
  plan: Plan,
  state: State,
  derive: Exclude<DerivePlan, { kind: "value" | "counted" }>,
  sensor: SensorState,
  at: Instant,
): Result | undefined {
  const [first, second] = derive.inputs;
  if (first === undefined) return undefined;
  if (derive.kind === "vpd" || derive.kind === "dew_point" || derive.kind === "absolute_humidity") {
    if (second === undefined) return undefined;
    const temperature = numberIn(state, first, "°C");
    const humidity = numberIn(state, second, "%");
    if (typeof temperature === "string") return { problem: temperature };
    if (typeof humidity === "string") return { problem: humidity };
    if (temperature <= -45 || temperature > 100) return { problem: `${first.text} is out of the range of the formula: -45 to 100 °C` };
    if (humidity < 0 || humidity > 110) return { problem: `${second.text} is no humidity: it is not between 0 and 100 %` };
    if (derive.kind === "vpd") return inUnit(derive, vpd(derive.formula, temperature, humidity, derive.offset), "kPa", 4);
    if (derive.kind === "absolute_humidity") return inUnit(derive, absoluteHumidity(temperature, humidity), "g/m³", 4);
    return humidity === 0
      ? { problem: "air without any water has no dew point" }
      : inUnit(derive, dewPoint(temperature, humidity), "°C", 4);
  }
  const found = measuredAt(state, first);
  if (typeof found?.value !== "number")
    return { problem: found === undefined ? `${first.text} is not measured` : `${first.text} is no number` };
  const { value, unit } = found;
  sensor.memory ??= newMemory();
  const { memory } = sensor;
  switch (derive.kind) {
    case "mean":
    case "min":
    case "max":
      addToWindow(memory.window, derive.window, value, at);
      return inUnit(derive, windowFigure(memory.window, derive.kind), unit);
    case "rate": {
      const { last } = memory;
      if (last !== null && at <= last.at) return undefined;
      memory.last = { value, at };
      if (last === null) return undefined;
      const rate = rateIn((value - last.value) / (at - last.at), unit, derive.per, derive.unit);
      return rate === undefined ? { problem: `${unit} does not convert to ${derive.unit}` } : { ...rate, value: trim(rate.value) };
    }
    case "integral": {
      const makes = integralUnit(unit);
      if (makes === undefined)
        return { problem: `${first.text} is ${unit === null ? "without a unit" : `in ${unit}`}, which is no power and no flow` };
      const wanted = derive.unit ?? (makes.unit === "Wh" ? "kWh" : makes.unit);
      const factor = convert(makes.perMs, makes.unit, wanted);
      if (factor === undefined) return { problem: `${unit} over time is ${makes.unit}, which does not convert to ${wanted}` };
      // Another unit under the same name is the same sum.
      if (memory.unit !== null && memory.unit !== wanted) memory.total = convert(memory.total, memory.unit, wanted) ?? 0;
      memory.unit = wanted;
      const { last } = memory;
      const holds = plan.sensors[first.sensor]?.staleAfter ?? 0;
      // What was between two readings is the line between them; of a time without any, nothing is known and nothing is added.
      if (last !== null && at > last.at && at - last.at <= holds) memory.total += ((value + last.value) / 2) * (at - last.at) * factor;
      if (last === null || at > last.at) memory.last = { value, at };
      return { value: trim(memory.total), unit: wanted };
    }
  }
}

/** A number in this unit, or why there is none. */
function numberIn(state: State, ref: ValueRef, wanted: string): number | string {
  const found = measuredAt(state, ref);
  if (found === undefined) return `${ref.text} is not measured`;
  const value = typeof found.value === "number" ? convert(found.value, found.unit, wanted) : undefined;
  return value ?? `${ref.text} is ${found.unit === null ? "without a unit" : `in ${found.unit}`} and not in ${wanted}`;
}

function inUnit({ unit: wanted }: DerivePlan, value: number, unit: string | null, digits?: number): Result {
  const converted = wanted === null ? value : convert(value, unit, wanted);
  if (converted === undefined) return { problem: `${unit ?? "a value without a unit"} does not convert to ${wanted}` };
  return { value: digits === undefined ? trim(converted) : Number(converted.toFixed(digits)), unit: wanted ?? unit };
}

/** 0.1 × 3 is 0.3 to a reader. */
function trim(value: number): number {
  return Number(value.toPrecision(12));
}

/** A sum that has grown goes to the disk from time to time. */
function keepTotal(index: number, { memory }: SensorState, at: Instant, effects: Effect[]): void {
  if (!memory || memory.total === memory.keptTotal || (memory.keptAt > 0 && at - memory.keptAt < keepEvery)) return;
  memory.keptTotal = memory.total;
  memory.keptAt = at;
  effects.push({ type: "keepSum", sensor: index, total: memory.total, unit: memory.unit ?? "" });
}

/** Every sum that is not on its way to the disk goes there. */
export function keepSums(plan: Plan, state: State, effects: Effect[]): void {
  for (const [index, { derive }] of plan.sensors.entries()) {
    const memory = state.sensors[index]?.memory;
    if (derive?.kind !== "integral" || !memory || memory.total === memory.keptTotal) continue;
    memory.keptTotal = memory.total;
    effects.push({ type: "keepSum", sensor: index, total: memory.total, unit: memory.unit ?? "" });
  }
}
