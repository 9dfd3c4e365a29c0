import type { ProfileEffect } from "./profile.ts";

/** What is remembered of one retained topic besides that it is there. */
export type Words = Readonly<Record<string, string>>;

/** The retained topics that were announced, over restarts, so that what is gone is taken back, once. */
export interface Registry {
  get(topic: string): Words | undefined;
  /** null = the broker has it no more. */
  remember(topic: string, words: Words | null): ProfileEffect[];
  /** Retained, and confirmed. */
  send(topic: string, payload: string): ProfileEffect[];
  /** Whether the broker was sent this last, since the connect. */
  sent(topic: string, payload: string): boolean;
  /** Empties what is remembered and not wanted any more: `all` of it, or what was not emptied since the connect. */
  takeBack(wanted: { has(topic: string): boolean }, all: boolean): ProfileEffect[];
  /** The connection has ended. */
  offline(): void;
}

/** `announced` is what the runs before have announced and not taken back, by topic. */
export function createRegistry(announced: ReadonlyMap<string, Words>): Registry {
  const known = new Map(announced);
  const newest = new Map<string, string>();
  const send = (topic: string, payload: string): ProfileEffect[] => {
    newest.set(topic, payload);
    return [{ type: "publish", publication: { topic, payload, qos: 1, retain: true }, confirm: true }];
  };
  return {
    get: (topic) => known.get(topic),
    remember(topic, words) {
      if (JSON.stringify(known.get(topic) ?? null) === JSON.stringify(words)) return [];
      if (words === null) known.delete(topic);
      else known.set(topic, words);
      return [{ type: "keep", id: topic, value: words }];
    },
    send,
    sent: (topic, payload) => newest.get(topic) === payload,
    takeBack: (wanted, all) =>
      [...known.keys()].filter((topic) => !wanted.has(topic) && (all || newest.get(topic) !== "")).flatMap((topic) => send(topic, "")),
    offline: () => newest.clear(),
  };
}
