import type { Message } from "./topic.ts";
import { type Decoder, readValue } from "./value.ts";

/** What one value of a topic was, message by message. */
export interface Series {
  /** Milliseconds since 1970, oldest first. */
  readonly at: number[];
  readonly values: number[];
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  /** When the connection was lost, oldest first: from then to the next value nothing is known. */
  readonly lost: readonly number[];
}

/** Remembers what was read of each message, by its number: a frame comes ten times a second. */
export interface SeriesMemory {
  readonly id: string;
  readonly decoders: readonly Decoder[];
  figures: ReadonlyMap<number, number | null>;
}

/** The values of the line `id` in a history; those that had none are left out. `lost` as in the series. */
export function seriesOf(history: readonly Message[], memory: SeriesMemory, lost: readonly number[] = []): Series {
  const { decoders, figures, id } = memory;
  const kept = new Map<number, number | null>();
  const at: number[] = [];
  const values: number[] = [];
  let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const message of history) {
    let value = figures.get(message.number);
    if (value === undefined) {
      value = readValue(message, { mode: "auto", width: unwrapped, decoders }).lines.find((line) => line.id === id)?.figure ?? null;
    }
    kept.set(message.number, value);
    if (value === null) continue;
    at.push(message.at);
    values.push(value);
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  memory.figures = kept;
  return { at, values, low, high, mean: sum / values.length, lost };
}

/** A line that is wrapped keeps its name and its figure in the first row; wrapping itself would be for nothing. */
const unwrapped = 8192;

/** When the connection was first lost from `from` on and before `to`. */
export function lossBetween({ lost }: Series, from: number, to: number): number | undefined {
  return lost.find((at) => at >= from && at < to);
}

/**
 * One value for each of `columns` moments between the first and the last message: the newest until then, which holds until the next, or until
 * the connection is lost; NaN = not known.
 */
export function resample(series: Series, columns: number): number[] {
  const { at, values } = series;
  const first = at[0] ?? 0;
  const step = ((at.at(-1) ?? first) - first) / Math.max(1, columns - 1);
  const even: number[] = [];
  for (let column = 0, index = 0; column < columns; column += 1) {
    while (index + 1 < at.length && (at[index + 1] ?? 0) <= first + column * step + 0.5) index += 1;
    const moment = first + column * step;
    const known = lossBetween(series, at[index] ?? 0, moment - 0.5) === undefined;
    even.push(known ? (values[index] ?? Number.NaN) : Number.NaN);
  }
  return even;
}

/** Only 0 and 1: it jumps, and is nothing in between. */
export function isBinary({ values }: Series): boolean {
  return values.every((value) => value === 0 || value === 1);
}
