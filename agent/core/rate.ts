import type { Instant } from "./model.ts";

/** How fast something counts: measured from pulse to pulse, so it is exact for a meter that ticks once a minute as well. */
export interface Rate {
  /** Pulses since the start, whatever the total was set to. */
  ticks: number;
  lastAt: Instant | null;
  /** The pulse up to which the rate was measured. */
  anchorTicks: number;
  anchorAt: Instant | null;
  /** Pulses per millisecond. */
  perMs: number;
  /** The measured time from one pulse to the next; what is silent for much longer has stopped. */
  interval: number;
}

/** After so many of its own intervals, and never sooner than `shortestSilence`, a silent counter has rate 0. */
const intervals = 10;
export const shortestSilence = 10_000;

export function newRate(): Rate {
  return { ticks: 0, lastAt: null, anchorTicks: 0, anchorAt: null, perMs: 0, interval: 0 };
}

/** Brings the rate up to date. Without a new pulse it sinks: since the last one there was less than one in that time. */
export function measure(rate: Rate, at: Instant): void {
  const { ticks, lastAt, anchorTicks, anchorAt } = rate;
  if (lastAt === null) return;
  if (ticks === anchorTicks) {
    const silence = at - lastAt;
    if (silence >= stopsAfter(rate)) rate.perMs = 0;
    // In halves, so that what fades is not told every second.
    else if (silence * rate.perMs >= 2) rate.perMs = 1 / silence;
    return;
  }
  if (anchorAt !== null && lastAt > anchorAt) {
    rate.perMs = (ticks - anchorTicks) / (lastAt - anchorAt);
    rate.interval = 1 / rate.perMs;
  }
  rate.anchorTicks = ticks;
  rate.anchorAt = lastAt;
}

/** When the rate sinks next if no pulse comes; null while it is 0. */
export function sinksAt(rate: Rate): Instant | null {
  if (rate.perMs === 0 || rate.lastAt === null) return null;
  return rate.lastAt + Math.min(stopsAfter(rate), 2 / rate.perMs);
}

function stopsAfter({ interval }: Rate): number {
  return Math.max(shortestSilence, intervals * interval);
}
