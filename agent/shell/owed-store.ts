import { join } from "node:path";
import { isTopic } from "../embedded/topic-filter.ts";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

/** A plug that is to be off, and has not said yet that it is. */
export interface OwedOff {
  /** The output that it is, or was. */
  id: string;
  topic: string;
  relay: number | null;
  /** It is to be off because the agent has stopped, and not because somebody or something wanted that before. */
  exit?: true;
  /** Of one that is no longer configured: since when it has given no sign of life, in ms since 1970; not known while the clock is not set. */
  since?: number;
}

/** Remembers which plugs are still to be switched off. */
export class OwedStore {
  readonly #owed: KeptMap<OwedOff>;
  /** Most answer at once: for these nothing waits for the disk, and hardly anything reaches it. */
  readonly #noted: KeptMap<OwedOff>;

  constructor(dir: string, log: Log) {
    const kept = (name: string, lost: string) => {
      const file = join(dir, name);
      const unread = (why: string) => `${file} could not be read: ${why}; ${lost}`;
      return new KeptMap({ file, log, read: owedOf, unread, lost: `after a restart ${lost}` });
    };
    this.#owed = kept("plugs.json", "plugs that missed an OFF are not told it");
    this.#noted = kept("plugs-told.json", "plugs that did not answer their last OFF yet are not told it again");
  }

  load(): this {
    this.#owed.load();
    this.#noted.load();
    return this;
  }

  of(at: Pick<OwedOff, "topic" | "relay">): OwedOff | undefined {
    return this.#owed.get(keyOf(at)) ?? this.#noted.get(keyOf(at));
  }

  all(): OwedOff[] {
    return [...new Map([...this.#noted.entries(), ...this.#owed.entries()]).values()];
  }

  /** Also over a power cut; written in the background. */
  keep(owed: OwedOff): void {
    this.#owed.set(keyOf(owed), owed);
    void this.#owed.write();
  }

  /** Over an end of this process, from now on. */
  note(owed: OwedOff): void {
    this.#noted.set(keyOf(owed), owed);
    this.#noted.writeUnsynced();
  }

  done(owed: Pick<OwedOff, "topic" | "relay">): void {
    this.#noted.delete(keyOf(owed));
    this.#noted.writeUnsynced();
    this.#owed.delete(keyOf(owed));
    void this.#owed.write();
  }

  /** Resolves when everything is on disk, or could not be written. */
  async flushed(): Promise<void> {
    await Promise.all([this.#owed.write(), this.#noted.write()]);
  }
}

/** The relay of a plug, whatever the output is called. */
export function keyOf({ topic, relay }: Pick<OwedOff, "topic" | "relay">): string {
  return `${topic} ${relay ?? 1}`;
}

function owedOf(key: string, value: unknown): OwedOff {
  const { id, topic, relay, exit, since } = Object(value) as Partial<OwedOff>;
  const isRelay = relay === null || (Number.isInteger(relay) && Number(relay) >= 1);
  if (typeof id !== "string" || typeof topic !== "string" || !isTopic(topic) || !isRelay) throw new Error(`"${key}" is no plug`);
  return { id, topic, relay: relay ?? null, ...(exit === true && { exit }), ...(isTime(since) && { since }) };
}

/** Another number is no date. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(Number(value)) < 8e15;
}
