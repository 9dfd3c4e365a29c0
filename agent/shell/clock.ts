/** The two clocks, passed in wherever time is needed. */
export interface Clock {
  /** CLOCK_MONOTONIC in ms: the clock of the kernel's edge times. */
  now(): number;
  /** ms since 1970. */
  wall(): number;
}

// performance.now() reads the same clock as hrtime, from another zero; a number costs less than a BigInt per event. The largest of some: on a busy
// machine another program runs between the two (seen: 34 ms).
const zero = Math.max(...Array.from({ length: 20 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()));
// Held: the global is a getter, and asking that each time takes as long as reading the clock.
const { performance: watch } = globalThis;

export const systemClock: Clock = {
  now: () => zero + watch.now(),
  wall: () => Date.now(),
};

/** A Pi without a network starts in the past; nothing was published by pinbus before it was written. */
const firstRelease = Date.UTC(2026, 10, 1);

export function clockIsSet(clock: Pick<Clock, "wall">): boolean {
  return clock.wall() >= firstRelease;
}
