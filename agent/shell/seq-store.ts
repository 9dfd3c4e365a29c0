import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "./atomic-file.ts";
import type { Log } from "./log.ts";

/**
 * Remembers, per input, the first event number that was never given out. Numbers are reserved in blocks and written
 * ahead of their use, so that none repeats after a crash or a power cut, and nothing is written per event.
 */
export class SeqStore {
  readonly #file: string;
  readonly #log: Log;
  readonly #reserved = new Map<string, number>();
  #floor = 1;
  #writing: Promise<void> | undefined;
  #dirty = false;

  constructor(dir: string, log: Log) {
    this.#file = join(dir, "seq.json");
    this.#log = log;
  }

  /** Reads the file. One that cannot be understood is kept aside as `seq.json.bad`. */
  load(): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 });
      for (const [id, seq] of Object.entries(JSON.parse(readFileSync(this.#file, "utf8")) as Record<string, unknown>)) {
        if (typeof seq !== "number" || !Number.isSafeInteger(seq)) throw new Error(`"${id}" has no whole number`);
        this.#reserved.set(id, seq);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      this.#log.error(`event numbers could not be read from ${this.#file}: ${(error as Error).message}; they go on from the time of day`);
      // Seconds since 1970 grow faster than any input's numbers, so numbers from here repeat none that was given out before.
      this.#floor = Math.floor(Date.now() / 1000);
      this.#reserved.clear();
      try {
        renameSync(this.#file, `${this.#file}.bad`);
      } catch {
        // Not readable and not movable: writing will say so again.
      }
    }
  }

  /** The first free event number of an input. */
  first(id: string): number {
    return this.#reserved.get(id) ?? this.#floor;
  }

  /** Keeps `upTo` as the first free number; the write happens soon, in the background. */
  reserve(id: string, upTo: number): void {
    this.#reserved.set(id, upTo);
    this.#dirty = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything reserved is on disk, or could not be written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await replaceFile(this.#file, `${JSON.stringify(Object.fromEntries(this.#reserved))}\n`);
      } catch (error) {
        this.#log.error(`event numbers could not be kept in ${this.#file}: ${(error as Error).message}; after a crash some may repeat`);
      }
    }
    this.#writing = undefined;
  }
}
