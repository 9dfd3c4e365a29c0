import type { SensorConfig } from "../../config/schema.ts";
import type { Instant, Measured } from "./model.ts";

// What is done with a reading before it counts, quantity by quantity: calibrated, held against its limits, filtered; and whether the bus is
// told of it. A read of which one quantity is outside its limits has failed, and nothing of it is taken.

type Settings = Pick<SensorConfig, "scale" | "offset" | "range" | "max_change" | "filter" | "report">;

export interface PipelinePlan {
  usual: Settings;
  /** Quantities with settings of their own. */
  own: ReadonlyMap<string, Settings>;
  /** How often it is read: a report that is due within half of that is not put off to the next read. */
  every: number;
}

export interface PipelineState {
  /** As it was last read, before anything was done with it; null before the first read that was taken. */
  read: readonly Measured[] | null;
  /** When that was. */
  at: Instant;
  quantities: QuantityState[];
}

interface QuantityState {
  name: string;
  /** Calibrated values that were taken, newest last: as many as the filter looks at, and at least one. */
  taken: number[];
  /** What the bus was told last, and when. */
  told: { value: Measured["value"]; at: Instant } | null;
}

export type Refined = { ok: true; values: readonly Measured[]; tell: boolean } | { ok: false; problem: string };

const none: readonly number[] = [];

export function newPipeline(): PipelineState {
  return { read: null, at: 0, quantities: [] };
}

/** For values with which nothing is done. */
export const plainPipeline: PipelinePlan = {
  usual: { scale: 1, offset: 0, range: [], max_change: null, filter: null, report: null },
  own: new Map(),
  every: 0,
};

/** A quantity has what its own settings say, and what the sensor says where they are silent. */
export function pipelineOf(sensor: SensorConfig, every: number): PipelinePlan {
  const { scale, offset, range, max_change, filter, report } = sensor;
  const usual = { scale, offset, range, max_change, filter, report };
  const own = Object.entries(sensor.quantities).map(([name, quantity]): [string, Settings] => [
    name,
    {
      scale: quantity.scale ?? scale,
      offset: quantity.offset ?? offset,
      range: quantity.range.length > 0 ? quantity.range : range,
      max_change: quantity.max_change ?? max_change,
      filter: quantity.filter ?? filter,
      report: quantity.report ?? report,
    },
  ]);
  return { usual, own: new Map(own), every };
}

export interface NewReading {
  values: readonly Measured[];
  at: Instant;
  /** For how long a reading holds: what is older is not compared with, nor filtered with, the new one. */
  holds: number;
  /** The sensor was unknown, failed or stale: who sees it come back is told its value with that. */
  back: boolean;
}

/**
 * What counts of a reading. `state` changes only when the reading is taken, and in place: what a thousand readings a second leave behind, the collector of
 * garbage has to look through while a button waits.
 */
export function refine(plan: PipelinePlan, state: PipelineState, { values, at, holds, back }: NewReading): Refined {
  const young = state.read !== null && at - state.at < holds;
  // What was read is what counts, unless something is done with it.
  let results = values;
  let filterings: Map<number, number[]> | null = null;
  let tell = back;
  for (const [index, { name, value, unit }] of values.entries()) {
    const settings = plan.own.get(name) ?? plan.usual;
    const before = quantityOf(state, name, index);
    const taken = young && before ? before.taken : none;
    let result = calibrated(settings, value);
    if (typeof result === "number") {
      const problem = limitProblem(settings, result, taken.at(-1), at - state.at);
      if (problem !== null) return { ok: false, problem: `${name} ${result}${unit === null ? "" : ` ${unit}`} ${problem}` };
      if (settings.filter !== null) {
        const next = [...taken, result].slice(-settings.filter.of);
        filterings ??= new Map();
        filterings.set(index, next);
        result = filtered(settings.filter.kind, next);
      }
    }
    tell ||= isDue(settings, before?.told ?? null, result, at, plan.every / 2);
    if (result !== value) results = results.with(index, { name, value: result, unit });
  }
  if (state.quantities.length !== values.length || values.some(({ name }, index) => state.quantities[index]?.name !== name))
    state.quantities = values.map(({ name }, index) => quantityOf(state, name, index) ?? { name, taken: [], told: null });
  for (const [index, quantity] of state.quantities.entries()) {
    const value = results[index]?.value ?? 0;
    quantity.taken = filterings?.get(index) ?? only(quantity.taken, value);
    if (!tell) continue;
    quantity.told ??= { value, at };
    quantity.told.value = value;
    quantity.told.at = at;
  }
  state.read = values;
  state.at = at;
  return { ok: true, values: results, tell };
}

function quantityOf({ quantities }: PipelineState, name: string, index: number): QuantityState | undefined {
  const there = quantities[index];
  return there?.name === name ? there : quantities.find((quantity) => quantity.name === name);
}

/** Without a filter the last value alone. */
function only(taken: number[], value: Measured["value"]): number[] {
  taken.length = 0;
  if (typeof value === "number") taken.push(value);
  return taken;
}

/** 0.1 × 3 is 0.3 to a reader. */
const plain = (number: number) => Number(number.toPrecision(12));

function calibrated({ scale, offset }: Settings, value: Measured["value"]): Measured["value"] {
  return typeof value !== "number" || (scale === 1 && offset === 0) ? value : plain(value * scale + offset);
}

/** Why a value is not believed. `before`: the last one that was, `passed` ms ago. */
function limitProblem({ range: [min, max], max_change }: Settings, value: number, before: number | undefined, passed: number) {
  if (!Number.isFinite(value)) return "is not a number";
  if (min !== undefined && max !== undefined && (value < min || value > max)) return `is outside its range, ${min} to ${max}`;
  if (max_change === null || before === undefined) return null;
  const may = (max_change.by * passed) / max_change.per;
  return plain(Math.abs(value - before)) > plain(may) ? `is too far from ${before}, ${plain(passed / 1000)} s before` : null;
}

function filtered(kind: "median" | "mean", taken: readonly number[]): number {
  if (kind === "mean") return plain(taken.reduce((sum, value) => sum + value, 0) / taken.length);
  const sorted = taken.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return plain((low + high) / 2);
}

function isDue({ report }: Settings, told: QuantityState["told"], value: Measured["value"], at: Instant, slack: number): boolean {
  if (report === null || told === null || at - told.at >= report.every - slack) return true;
  if (typeof value !== "number" || typeof told.value !== "number") return value !== told.value;
  return report.delta !== null && plain(Math.abs(value - told.value)) >= report.delta;
}
