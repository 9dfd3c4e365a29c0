import type { Instant } from "./model.ts";

/** How soon something is done again that others make us do; it doubles while they go on. Milliseconds. */
export interface PaceLimits {
  first: number;
  limit: number;
}

/** When it was done last, and for how long it is not done again. */
export interface Pace {
  at: Instant;
  gap: number;
}

export function newPace(): Pace {
  return { at: Number.NEGATIVE_INFINITY, gap: 0 };
}

/** How long it has to wait from now on: not at all after quiet. */
export function paceLeft({ at, gap }: Readonly<Pace>, now: Instant): number {
  return Math.max(0, at + gap - now);
}

/** It is done now. After twice the time that it had to wait it was quiet, and all begins anew. */
export function takePace(pace: Pace, { first, limit }: PaceLimits, now: Instant): void {
  pace.gap = now - pace.at < 2 * pace.gap ? Math.min(2 * pace.gap, limit) : first;
  pace.at = now;
}
