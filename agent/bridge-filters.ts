import { join } from "node:path";
import { isFilter } from "./embedded/topic-filter.ts";
import { KeptMap } from "./shell/kept-map.ts";
import type { Log } from "./shell/log.ts";

/** What was subscribed to at the central broker, by earlier runs too: the session there outlives the entries of the configuration. */
export class BridgeFilters {
  readonly #now: readonly string[];
  readonly #kept: KeptMap<string[]>;

  constructor(dir: string, now: readonly string[], log: Log) {
    this.#now = now;
    this.#kept = new KeptMap({
      file: join(dir, "bridge.json"),
      log,
      read(_id, value) {
        if (Array.isArray(value) && value.every((filter) => typeof filter === "string" && isFilter(filter))) return value as string[];
        throw new Error("no list of topic filters");
      },
      unread: (why) => `bridge.json could not be read: ${why}; what the central broker sends for earlier entries is left out`,
      lost: "what is subscribed to at the central broker is not known after a restart",
    });
  }

  /** To be given up. */
  get old(): string[] {
    return this.#all.filter((filter) => !this.#now.includes(filter));
  }

  /** Before the first connection; resolves when the filters of now are on disk, too. */
  load(): Promise<void> {
    this.#kept.load();
    this.#keep(this.old);
    return this.#kept.write();
  }

  /** The central broker has the filters of now, and no other ones. */
  settled(): void {
    this.#keep([]);
  }

  /** Resolves when it is on disk, or could not be written. */
  close(): Promise<void> {
    return this.#kept.write();
  }

  get #all(): string[] {
    return this.#kept.get("in") ?? [];
  }

  #keep(old: readonly string[]): void {
    const filters = [...this.#now, ...old];
    if (filters.join() === this.#all.join()) return;
    this.#kept.set("in", filters);
    void this.#kept.write();
  }
}
