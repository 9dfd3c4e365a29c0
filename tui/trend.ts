import type { SensorEntry } from "../agent/protocol.ts";

/** What this terminal has seen of one value of a sensor. */
export interface Trend {
  /** The last readings, oldest first; NaN where one was missing. Bounded. */
  readings: number[];
  /** Minute by minute the lowest and the highest reading, of the last hour; milliseconds since 1970 of our clock. */
  minutes: { from: number; low: number; high: number }[];
  /** The reading that was taken last, by its own time. */
  last: string | null;
  /** When this terminal began to look. */
  since: number;
}

const minute = 60_000;
const hour = 60 * minute;
const maxReadings = 120;
/** More values than a machine has sensors. */
const maxTrends = 4096;

/** By which a trend is kept; neither an id nor the name of a value has a line end. */
export function trendKey(id: string, name: string): string {
  return `${id}\n${name}`;
}

/** A push told the sensors: what is new of each is kept, and what there is no more is forgotten. */
export function observeSensors(trends: Map<string, Trend>, sensors: readonly SensorEntry[], now: number): void {
  const told = new Set<string>();
  for (const { id, values, quality, ts } of sensors) {
    for (const { name, value } of values) {
      const key = trendKey(id, name);
      told.add(key);
      if (!trends.has(key) && trends.size < maxTrends) trends.set(key, { readings: [], minutes: [], last: null, since: now });
      const trend = trends.get(key);
      if (trend !== undefined) observe(trend, quality === "ok" && typeof value !== "string" ? Number(value) : Number.NaN, ts, now);
    }
  }
  if (trends.size > told.size) for (const key of trends.keys()) if (!told.has(key)) trends.delete(key);
}

function observe(trend: Trend, value: number, ts: string | null, now: number): void {
  const { readings, minutes } = trend;
  if (Number.isNaN(value)) {
    // One gap, however long it takes.
    if (readings.length > 0 && !Number.isNaN(readings.at(-1))) readings.push(Number.NaN);
  } else if (ts !== trend.last || Number.isNaN(readings.at(-1))) {
    readings.push(value);
    const from = now - (now % minute);
    const last = minutes.at(-1);
    if (last?.from === from) Object.assign(last, { low: Math.min(last.low, value), high: Math.max(last.high, value) });
    else minutes.push({ from, low: value, high: value });
  }
  trend.last = ts;
  if (readings.length > maxReadings) readings.shift();
  // A clock that was set back leaves minutes of the future.
  while (minutes[0] !== undefined && (minutes[0].from <= now - hour - minute || minutes[0].from > now)) minutes.shift();
}

/** The lowest and the highest reading of the last hour, as far as this terminal saw it; undefined when it saw none. */
export function rangeOf({ minutes, since }: Trend, now: number): { low: number; high: number; over: number } | undefined {
  const known = minutes.filter(({ from }) => from > now - hour - minute && from <= now);
  if (known.length === 0) return undefined;
  const low = Math.min(...known.map((each) => each.low));
  return { low, high: Math.max(...known.map((each) => each.high)), over: Math.max(0, Math.min(hour, now - since)) };
}
