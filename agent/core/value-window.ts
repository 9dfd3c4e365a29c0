import type { Instant } from "./model.ts";

/** The readings of a part of the window, so that its memory does not grow with their rate. */
interface Part {
  number: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Of the newest of them. */
  at: Instant;
}

/** What was read within the last while; with readings that are further apart than a 120th of it, each one. */
export type ValueWindow = Part[];

const parts = 120;

/** Adds a reading and forgets what is older than `length`. */
export function addToWindow(window: ValueWindow, length: number, value: number, at: Instant): void {
  const number = Math.floor((at * parts) / length);
  const last = window.at(-1);
  if (last?.number === number) {
    last.count++;
    last.sum += value;
    last.min = Math.min(last.min, value);
    last.max = Math.max(last.max, value);
    last.at = at;
  } else window.push({ number, count: 1, sum: value, min: value, max: value, at });
  const kept = window.findIndex((part) => part.at > at - length);
  if (kept > 0) window.splice(0, kept);
}

export function windowFigure(window: Readonly<ValueWindow>, figure: "mean" | "min" | "max"): number {
  if (figure === "min") return window.reduce((least, part) => Math.min(least, part.min), Number.POSITIVE_INFINITY);
  if (figure === "max") return window.reduce((most, part) => Math.max(most, part.max), Number.NEGATIVE_INFINITY);
  const [sum, count] = window.reduce(([total, number], part) => [total + part.sum, number + part.count], [0, 0]);
  return sum / count;
}
