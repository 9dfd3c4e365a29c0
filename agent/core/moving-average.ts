/** A counter's growth in units per minute, averaged over 1, 5 and 15 minutes as the load of a Unix machine is. */
export interface MovingAverage {
  count: number;
  /** ms; null before the first look. */
  at: number | null;
  perMinute: number[];
}

const spans = [1, 5, 15];

export function newAverage(): MovingAverage {
  return { count: 0, at: null, perMinute: spans.map(() => 0) };
}

/** Takes the counter as it stands at `at`; a look that follows another one at once changes nothing. */
export function look(average: MovingAverage, count: number, at: number): void {
  const { at: before } = average;
  if (before !== null && at <= before) return;
  if (before !== null) {
    const minutes = (at - before) / 60_000;
    const rate = Math.max(0, count - average.count) / minutes;
    average.perMinute = average.perMinute.map((old, index) => rate + (old - rate) * Math.exp(-minutes / (spans[index] ?? 1)));
  }
  average.count = count;
  average.at = at;
}

export function newAverages<T extends string>(...names: T[]): Record<T, MovingAverage> {
  return Object.fromEntries(names.map((name) => [name, newAverage()])) as Record<T, MovingAverage>;
}

/** Per minute, averaged over 1, 5 and 15 minutes, named as mosquitto names its own: `load/<name>/1min`. */
export function loadValues<T extends string>(
  loads: Record<T, MovingAverage>,
  counts: Record<T, number>,
  at: number,
): Record<string, string> {
  return Object.fromEntries(
    (Object.keys(loads) as T[]).flatMap((name) => {
      look(loads[name], counts[name], at);
      return averagesOf(loads[name]).map(([span, rate]) => [`load/${name}/${span}`, rate]);
    }),
  );
}

/** `1min`, `5min` and `15min`, with two decimals as mosquitto writes them. */
export function averagesOf({ perMinute }: MovingAverage): [string, string][] {
  return perMinute.map((rate, index) => [`${spans[index]}min`, rate.toFixed(2)]);
}
