const units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A length of time as it is written in the configuration: `2h`, `90s`. */
export function length(ms: number): string {
  for (const [unit, size] of units) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

/** The same in a sentence: `2 h`, `5 min`. */
export function spoken(ms: number): string {
  return length(ms).replace(/[a-z]+$/, (unit) => ` ${unit === "m" ? "min" : unit}`);
}

/** How long a gesture took: `312 ms`; nobody counts the milliseconds of what took longer than some seconds. */
export function tookText(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : spoken(Math.round(ms / 1000) * 1000);
}
