/** Nanoseconds of CLOCK_MONOTONIC as a double: the clock of the kernel's edge times and of `process.hrtime`. */
export function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}
