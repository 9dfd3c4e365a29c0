import type { Instant } from "./model.ts";

/** An event on its way to the broker. */
export interface Held<T> {
  /** Grows by one with each event, over restarts too. */
  number: number;
  value: T;
  bytes: number;
  /** When it was made; of one from disk, when that was read. */
  at: Instant;
  expires: Instant;
}

export interface OutboxLimits {
  count: number;
  bytes: number;
  /** Events that may be at the broker without its acknowledgement: as many may come twice after a crash. */
  window: number;
}

/**
 * Events that the broker has not acknowledged, oldest first: bounded in count, bytes and age. States need no place here, because the newest
 * of each is sent after every connect.
 */
export interface Outbox<T> {
  readonly limits: OutboxLimits;
  readonly entries: Held<T>[];
  /** So many from the front are with the broker. */
  sent: number;
  bytes: number;
  /** The number of the next event. */
  next: number;
  readonly dropped: Dropped;
  /** The numbers of those that are done or dropped, until somebody takes them from here. */
  removed: number[];
}

/** What was lost, by reason: too old, too many, refused by the broker. */
export interface Dropped {
  expired: number;
  full: number;
  refused: number;
}

export function newOutbox<T>(limits: OutboxLimits): Outbox<T> {
  return { limits, entries: [], sent: 0, bytes: 0, next: 1, dropped: { expired: 0, full: 0, refused: 0 }, removed: [] };
}

/** Adds an event. What is too old or too many by now goes, oldest first, but not what is with the broker. */
export function holdEvent<T>(outbox: Outbox<T>, value: T, bytes: number, expires: Instant, at: Instant): Held<T> {
  const entry = { number: outbox.next, value, bytes, at, expires };
  restoreEvent(outbox, entry, at);
  return entry;
}

/** The same for one that was kept on disk, with the number that it had. To be called in the order of the numbers. */
export function restoreEvent<T>(outbox: Outbox<T>, entry: Held<T>, at: Instant): void {
  const { limits, entries } = outbox;
  dropExpired(outbox, at);
  entries.push(entry);
  outbox.bytes += entry.bytes;
  outbox.next = entry.number + 1;
  const full = () => entries.length > outbox.sent && (entries.length > limits.count || outbox.bytes > limits.bytes);
  // What is too old gives way first, wherever it waits.
  for (let index = entries.length - 1; full() && index >= outbox.sent; index--) {
    if (at <= (entries[index]?.expires ?? at)) continue;
    remove(outbox, index);
    outbox.dropped.expired++;
  }
  while (full()) {
    remove(outbox, outbox.sent);
    outbox.dropped.full++;
  }
}

/**
 * The next event to be sent, which counts as sent from now on; undefined when there is none, or when as many are on their way as may be.
 * `kept` = the number up to which a restart knows that events are done: what was sent beyond it would be sent again.
 */
export function nextEvent<T>(outbox: Outbox<T>, kept: number, at: Instant): Held<T> | undefined {
  dropExpired(outbox, at);
  const entry = outbox.entries[outbox.sent];
  if (entry === undefined || outbox.sent >= outbox.limits.window || entry.number >= kept + outbox.limits.window) return undefined;
  outbox.sent++;
  return entry;
}

/** The broker has it, or has refused it for good. */
export function settleEvent<T>(outbox: Outbox<T>, number: number, refused: boolean): void {
  const index = outbox.entries.findIndex((entry) => entry.number === number);
  if (index < 0) return;
  if (index < outbox.sent) outbox.sent--;
  remove(outbox, index);
  if (refused) outbox.dropped.refused++;
}

/** The connection has ended: nobody knows what the broker got, so all of it is sent again. */
export function unsend<T>(outbox: Outbox<T>): void {
  outbox.sent = 0;
}

/** Every event below this number is done. */
export function doneBelow<T>(outbox: Outbox<T>): number {
  return outbox.entries[0]?.number ?? outbox.next;
}

function dropExpired<T>(outbox: Outbox<T>, at: Instant): void {
  for (let entry = outbox.entries[outbox.sent]; entry !== undefined && at > entry.expires; entry = outbox.entries[outbox.sent]) {
    remove(outbox, outbox.sent);
    outbox.dropped.expired++;
  }
}

function remove<T>(outbox: Outbox<T>, index: number): void {
  const [entry] = outbox.entries.splice(index, 1);
  if (entry === undefined) return;
  outbox.bytes -= entry.bytes;
  outbox.removed.push(entry.number);
}
