import type { Instant } from "./model.ts";

/**
 * Events that wait for the broker, oldest first: bounded in count, each with a time to live. States need no place here, because
 * the newest of each is sent after every connect.
 */
export interface EventQueue<T> {
  readonly items: { value: T; expires: Instant }[];
  readonly limit: number;
  /** Events that were too old or too many. */
  dropped: number;
}

export function newEventQueue<T>(limit: number): EventQueue<T> {
  return { items: [], limit, dropped: 0 };
}

export function holdEvent<T>(queue: EventQueue<T>, value: T, expires: Instant): void {
  queue.items.push({ value, expires });
  if (queue.items.length <= queue.limit) return;
  queue.items.shift();
  queue.dropped++;
}

/** Empties the queue: what is still young enough at `at`, in order. */
export function takeEvents<T>(queue: EventQueue<T>, at: Instant): T[] {
  const items = queue.items.splice(0);
  const young = items.filter(({ expires }) => at < expires);
  queue.dropped += items.length - young.length;
  return young.map(({ value }) => value);
}
