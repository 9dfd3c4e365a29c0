/** Repeated at a falling rate: the 1st, 2nd, 4th, 8th … time. */
export function isTold(times: number): boolean {
  return Number.isInteger(Math.log2(times));
}
