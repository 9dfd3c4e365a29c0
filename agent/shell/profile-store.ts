import { join } from "node:path";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

type Words = Readonly<Record<string, string>>;

/** Remembers for each profile what it has told others of, so that what is gone can be taken back. Written in the background. */
export class ProfileStore {
  readonly #kept: KeptMap<Words>;

  constructor(dir: string, log: Log) {
    const file = join(dir, "announced.json");
    this.#kept = new KeptMap({
      file,
      log,
      read(id, value) {
        if (!isWords(value)) throw new Error(`"${id}" is not a map of texts`);
        return value;
      },
      unread: (why) => `${file} could not be read: ${why}; what was announced and is gone is not taken back`,
      lost: "what is announced now may not be taken back after a restart",
    });
  }

  load(): this {
    this.#kept.load();
    return this;
  }

  /** What this profile has kept, by id. */
  of(profile: string): Map<string, Words> {
    const own = `${profile} `;
    return new Map(
      [...this.#kept.entries()].flatMap(([id, words]) => (id.startsWith(own) ? [[id.slice(own.length), words] as const] : [])),
    );
  }

  /** null = forgets it. */
  keep(profile: string, id: string, words: Words | null): void {
    if (words === null) this.#kept.delete(`${profile} ${id}`);
    else this.#kept.set(`${profile} ${id}`, words);
    void this.#kept.write();
  }

  /** Resolves when everything is on disk, or could not be written. */
  flushed(): Promise<void> {
    return this.#kept.write();
  }
}

function isWords(value: unknown): value is Words {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((word) => typeof word === "string")
  );
}
