import { join } from "node:path";
import type { KeptSum } from "../core/derive.ts";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

/** Keeps what derived values have summed up. Written in the background. */
export class SumStore {
  readonly #sums: KeptMap<KeptSum>;

  constructor(dir: string, log: Log) {
    const file = join(dir, "sums.json");
    this.#sums = new KeptMap({
      file,
      log,
      read(id, value) {
        const { total, unit } = Object(value) as Partial<KeptSum>;
        if (typeof total !== "number" || !Number.isFinite(total) || typeof unit !== "string") throw new Error(`"${id}" is no sum`);
        return { total, unit };
      },
      unread: (why) => `${file} could not be read: ${why}; every integral begins at 0`,
      unwritten: (why) => `${file} could not be written: ${why}; after a restart every integral begins where it was written last`,
    });
  }

  load(): this {
    this.#sums.load();
    return this;
  }

  sum(id: string): KeptSum | undefined {
    return this.#sums.get(id);
  }

  keep(id: string, sum: KeptSum): void {
    this.#sums.set(id, sum);
    void this.#sums.write();
  }

  /** Resolves when everything is on disk, or could not be written. */
  flushed(): Promise<void> {
    return this.#sums.write();
  }
}
