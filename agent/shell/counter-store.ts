import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { whyUnread } from "../../config/file-words.ts";
import type { KeptTotal } from "../core/model.ts";
import { setAside } from "./atomic-file.ts";
import { CounterFile, readTotal } from "./counter-file.ts";
import type { Log } from "./log.ts";
import { readStateFile } from "./state-file.ts";

/** The total of a counter is in the file, so that it survives the end of this process; or `problem` says why it is not. */
export type Written = (id: string, version: number, kept: KeptTotal, problem: string | null) => void;

/** What may be lost to a power cut; a memory card is not written through more often. */
const syncWait = 5000;

const zero: KeptTotal = { pulses: 0, missed: 0, uncertain: false };

/** Keeps the totals of counters, a file for each in `counters` below the state folder. Written in the background, the newest only. */
export class CounterStore {
  readonly #dir: string;
  readonly #log: Log;
  readonly #written: Written;
  readonly #syncWait: number;
  readonly #files = new Map<string, CounterFile>();

  constructor(dir: string, log: Log, written: Written, wait = syncWait) {
    this.#dir = join(dir, "counters");
    this.#log = log;
    this.#written = written;
    this.#syncWait = wait;
  }

  /** What was kept of a counter. A file that cannot be understood is kept aside as `ID.bad`, and the total is said to be lost. */
  total(id: string): KeptTotal {
    const file = this.#files.get(id);
    if (file) return file.newest;
    const path = join(this.#dir, id);
    let found = { kept: zero, generation: 0, slot: 0 };
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o750 });
      found = readTotal(readStateFile(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        found = { ...found, kept: { ...zero, uncertain: true } };
        const why = `${whyUnread(error)}, ${setAside(path)}`;
        this.#log.error(`the total of ${id} could not be read from ${path}: ${why}; it counts from 0, set it anew`, {
          event: "file-not-read",
          input: id,
        });
      }
    }
    const made = new CounterFile(path, found, this.#syncWait, (version, kept, problem) => this.#written(id, version, kept, problem));
    this.#files.set(id, made);
    // Without this a restart would find no file, and 0 would look like the truth.
    if (found.kept.uncertain && found.generation === 0) made.keep(0, found.kept);
    return found.kept;
  }

  /** Soon on disk; a later call may be written in place of this one. */
  keep(id: string, version: number, kept: KeptTotal): void {
    this.total(id);
    this.#files.get(id)?.keep(version, kept);
  }

  /** Resolves when everything is safe from a power cut too, or could not be written. */
  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
  }
}
