/** Repeated at a falling rate: the 1st, 2nd, 4th, 8th … time. */
export function isTold(times: number): boolean {
  return Number.isInteger(Math.log2(times));
}

/** Tells of each kind at a falling rate: whoever is not let in must not fill the log. */
export function seldom(tell: (message: string) => void): (kind: string, message: string) => void {
  const counts = new Map<string, number>();
  return (kind, message) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (isTold(count)) tell(`${message} (${count} since the start)`);
  };
}
