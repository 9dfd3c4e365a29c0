import type { PinsView, PinView, SensorEntry } from "../protocol.ts";

/** One value of a running agent, as `pinbus watch` tells it. */
export interface Item {
  /** Of one of several values of a sensor `tent.humidity`. */
  id: string;
  kind: "input" | "output" | "pwm" | "counter" | "sensor";
  /** Null while it is not known, or not to be relied on. */
  value: string | number | boolean | null;
  unit: string | null;
  /** Why there is no value, or `unknown`; null while there is one. */
  reason: string | null;
  /** Since when it is so, or when a sensor was read last: ISO time. */
  ts: string;
  /** What a sensor measures; absent before its first reading. */
  name?: string;
  /** What made an output be so. */
  cause?: string;
}

/** Everything that has a value, in the order of the view. */
export function itemsOf({ pins, sensors = [], at }: PinsView): Item[] {
  return [...pins.map((pin) => pinItem(pin, at)), ...sensors.flatMap((sensor) => sensorItems(sensor, at))];
}

function pinItem(pin: PinView, at: string): Item {
  if (pin.kind === "input" && pin.counter) {
    const { total, unit } = pin.counter;
    const value = pin.problem === null ? total : null;
    return { id: pin.id, kind: "counter", value, unit, reason: pin.problem, ts: at };
  }
  const known = pin.state !== "UNKNOWN" && pin.problem === null;
  if (pin.kind === "output" && pin.pwm) {
    const { value, unit } = pin.pwm;
    const told = { value: known ? value : null, unit, reason: known ? null : (pin.problem ?? "unknown") };
    return { id: pin.id, kind: "pwm", ...told, ts: pin.since ?? at, cause: pin.cause };
  }
  const item = {
    id: pin.id,
    kind: pin.kind,
    value: known ? pin.state : null,
    unit: null,
    reason: known ? null : (pin.problem ?? "unknown"),
  };
  return { ...item, ts: pin.since ?? at, ...(pin.kind === "output" ? { cause: pin.cause } : {}) };
}

function sensorItems({ id, values, quality, reason, ts }: SensorEntry, at: string): Item[] {
  const why = quality === "ok" ? null : `${quality}${reason === null ? "" : `: ${reason}`}`;
  const item = { kind: "sensor" as const, reason: why, ts: ts ?? at };
  if (values.length === 0) return [{ ...item, id, value: null, unit: null }];
  return values.map(({ name, value, unit }) => ({
    ...item,
    id: values.length === 1 ? id : `${id}.${name}`,
    name,
    value: why === null ? value : null,
    unit,
  }));
}

/** Whether somebody who asks for this wants it: `tent` stands for all that the sensor tent measures, which before its first reading nobody knows. */
export function wanted({ id, kind, name }: Item, asked: string): boolean {
  if (id === asked) return true;
  if (kind !== "sensor") return false;
  return id.startsWith(`${asked}.`) || (name === undefined ? asked.startsWith(`${id}.`) : asked === `${id}.${name}`);
}

/** `48.2 %`, `ON`, `failed: CRC error`. */
export function itemText({ value, unit, reason }: Item): string {
  return value === null ? (reason ?? "unknown") : `${value}${unit === null ? "" : ` ${unit}`}`;
}

/** What differs from what was told before; what is told is remembered in `told`. What is there no more is an item without a value. */
export function changesOf(items: readonly Item[], told: Map<string, Item>, at: string): Item[] {
  const changed = items.filter((item) => {
    const before = told.get(item.id);
    return before === undefined || itemText(before) !== itemText(item);
  });
  // With its first reading a sensor may turn out to measure several things.
  const there = new Set(items.flatMap(({ id }) => [id, id.split(".", 1)[0]]));
  const gone = [...told.values()].filter(({ id }) => !there.has(id));
  for (const id of told.keys()) if (!items.some((item) => item.id === id)) told.delete(id);
  for (const item of items) told.set(item.id, item);
  return [...changed, ...gone.map((item) => ({ ...item, value: null, reason: "not configured any more", ts: at }))];
}
