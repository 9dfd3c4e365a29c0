import type { Held } from "../core/outbox.ts";
import { readChecked } from "./checked-line.ts";
import { type Clock, clockIsSet } from "./clock.ts";
import type { Publication } from "./link.ts";

export type Event = Held<Publication>;

/** What an outbox holds: events, or readings that the broker did not get. */
export type Holding = "events" | "readings";
export const fileOf: Readonly<Record<Holding, string>> = { events: "outbox.jsonl", readings: "telemetry.jsonl" };
export const kindOf: Readonly<Record<Holding, Publication["kind"]>> = { events: "event", readings: "history" };

/** `mono` and `wall`: when it expires, by the two clocks; `left`: how long that was when it was written. Milliseconds. */
interface EventRecord {
  n: number;
  mono: number;
  wall: number | null;
  left: number;
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

/** One line of the file: an event, the boot in which the events behind it were written, or the number below which all are done. */
export type OutboxRecord = EventRecord | { boot: string } | { done: number };

export function recordOf({ number, value, expires }: Event, clock: Clock): EventRecord {
  const { topic, payload, qos, retain } = value;
  const left = expires - clock.now();
  const wall = clockIsSet(clock) ? Math.round(clock.wall() + left) : null;
  return { n: number, mono: Math.round(expires), wall, left: Math.round(left), topic, payload: payload.toString(), qos, retain };
}

/** An event of this boot expires by the monotonic clock; one from before by the wall clock, and it is as old as this boot at least. */
export function eventOf(record: EventRecord, kind: Publication["kind"], sameBoot: boolean, clock: Clock): Event {
  const { n, mono, wall, left, topic, payload, qos, retain } = record;
  const byWall = wall !== null && clockIsSet(clock) ? clock.now() + wall - clock.wall() : left;
  const expires = sameBoot ? mono : Math.min(byWall, left);
  return { number: n, at: clock.now(), expires, bytes: sizeOf(topic, payload), value: { kind, topic, payload, qos, retain } };
}

/** What an event takes of the outbox's bounds. */
export function sizeOf(topic: string, payload: string): number {
  return topic.length + payload.length + 100;
}

/** Undefined for what is no whole record of ours. */
export function parse(text: string): OutboxRecord | undefined {
  const record = readChecked(text) as Partial<EventRecord & { boot: string; done: number }> | null | undefined;
  const { boot, done, n, topic, payload } = record ?? {};
  const known = typeof boot === "string" || typeof done === "number" || (n && typeof topic === "string" && typeof payload === "string");
  return known ? (record as OutboxRecord) : undefined;
}
