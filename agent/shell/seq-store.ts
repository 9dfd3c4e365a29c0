import { join } from "node:path";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

/**
 * Remembers, per input and rule, the first event number that was never given out. Numbers are reserved in blocks and written
 * ahead of their use, so that none repeats after a crash or a power cut, and nothing is written per event.
 */
export class SeqStore {
  readonly #reserved: KeptMap<number>;
  #floor = 1;

  constructor(dir: string, log: Log, onProblem?: (problem: string | null) => void) {
    const file = join(dir, "seq.json");
    this.#reserved = new KeptMap({
      file,
      log,
      read(id, seq) {
        if (typeof seq !== "number" || !Number.isSafeInteger(seq)) throw new Error(`"${id}" has no whole number`);
        return seq;
      },
      unread: (why) => `event numbers could not be read from ${file}: ${why}; they go on from the time of day`,
      lost: "after a crash some event numbers may repeat",
      ...(onProblem && { onProblem }),
    });
  }

  load(): void {
    // Seconds since 1970 grow faster than any input's numbers, so numbers from here repeat none that was given out before.
    if (!this.#reserved.load()) this.#floor = Math.floor(Date.now() / 1000);
  }

  /** The first free event number of an input. */
  first(id: string): number {
    return this.#reserved.get(id) ?? this.#floor;
  }

  /** Keeps `upTo` as the first free number; the write happens soon, in the background. */
  reserve(id: string, upTo: number): void {
    this.#reserved.set(id, upTo);
    void this.#reserved.write();
  }

  /** Keeps all of these before it returns, for the start: as the first free numbers, or it is told that they could not be written. */
  reserveNow(upTo: Iterable<readonly [id: string, upTo: number]>): void {
    for (const [id, first] of upTo) this.#reserved.set(id, first);
    this.#reserved.writeNow();
  }

  /** Resolves when everything reserved is on disk, or could not be written. */
  flushed(): Promise<void> {
    return this.#reserved.write();
  }
}
