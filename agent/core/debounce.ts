import type { Instant } from "./model.ts";

/**
 * Settle debounce on kernel time: a level counts once it has held for the debounce period. Nothing is locked out, so
 * the last edge is never lost, and the settled level always ends equal to the level on the line.
 */
export interface Debounce {
  /** The level that last held for a whole period; undefined before the line was read for the first time. */
  settled: boolean | undefined;
  /** When the edge came that began the settled level. */
  settledAt: Instant;
  /** The newest level. */
  raw: boolean;
  rawAt: Instant;
  /** Edges since the level settled; 0 = at rest. */
  edges: number;
  /** The first of them. */
  burstAt: Instant;
  /** The longest time from the first to the last edge of a burst that settled. */
  bounce: number;
  /** Bursts so long that the debounce period leaves no room to spare. */
  tight: number;
  /** Bursts that ended on the level they started from. */
  glitches: number;
}

/** A debounce period a quarter longer than the bounce is enough. */
export const roomToSpare = 1.25;

export function newDebounce(): Debounce {
  return { settled: undefined, settledAt: 0, raw: false, rawAt: 0, edges: 0, burstAt: 0, bounce: 0, tight: 0, glitches: 0 };
}

/**
 * Takes a level from an edge. Call `settle` with the same time first: the old level may have held long enough already.
 * Two edges with one level mean that the kernel merged the one between, so the period starts again.
 */
export function takeLevel(debounce: Debounce, active: boolean, at: Instant): void {
  if (debounce.edges === 0) debounce.burstAt = at;
  debounce.edges++;
  debounce.raw = active;
  debounce.rawAt = at;
}

/** True when the settled level changed: the newest level has held until `at` for the whole period. */
export function settle(debounce: Debounce, period: number, at: Instant): boolean {
  if (debounce.edges === 0 || at < debounce.rawAt + period) return false;
  debounce.edges = 0;
  const bounce = debounce.rawAt - debounce.burstAt;
  debounce.bounce = Math.max(debounce.bounce, bounce);
  if (bounce * roomToSpare > period) debounce.tight++;
  if (debounce.raw === debounce.settled) {
    debounce.glitches++;
    return false;
  }
  debounce.settled = debounce.raw;
  debounce.settledAt = debounce.rawAt;
  return true;
}

/** Takes the level as read at the start or from a chip that came back: settled at once, without a gesture. */
export function adoptLevel(debounce: Debounce, active: boolean, at: Instant): void {
  if (debounce.settled !== active) debounce.settledAt = at;
  debounce.settled = active;
  debounce.raw = active;
  debounce.rawAt = at;
  debounce.edges = 0;
}
