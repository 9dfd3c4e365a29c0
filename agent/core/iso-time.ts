import type { Instant } from "./model.ts";
import type { State } from "./state.ts";

/** The last second that was written, up to its point: many events fall into one, and writing a date is dear. */
let [second, upToPoint] = [Number.NaN, ""];

/** ISO 8601 UTC with milliseconds, from the wall clock as last read. */
export function isoTime({ clockOffset }: Pick<State, "clockOffset">, at: Instant): string {
  const ms = Math.floor(at + clockOffset);
  const now = Math.floor(ms / 1000);
  if (now !== second) [second, upToPoint] = [now, new Date(now * 1000).toISOString().slice(0, -4)];
  return `${upToPoint}${String(ms - now * 1000).padStart(3, "0")}Z`;
}
