import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Kept } from "../core/state.ts";
import { replaceFile } from "./atomic-file.ts";
import type { Log } from "./log.ts";

/** A level may wait this long for the disk: a lamp that blinks must not wear out a memory card. A lock does not wait. */
const levelWait = 5000;

const fresh: Kept = { locked: false, level: false };

/** Remembers, per output, its lock and its last level for `on_start: last`. Written in the background, never between an event and its effect. */
export class OutputStore {
  readonly #file: string;
  readonly #log: Log;
  readonly #levelWait: number;
  #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dirty = false;
  /** Why the last write failed; null when everything is on disk as far as it was written. */
  problem: string | null = null;

  constructor(dir: string, log: Log, wait = levelWait) {
    this.#file = join(dir, "outputs.json");
    this.#log = log;
    this.#levelWait = wait;
  }

  /** Reads the file. One that cannot be understood is kept aside as `outputs.json.bad`. */
  load(): this {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 });
      const entries = Object.entries(JSON.parse(readFileSync(this.#file, "utf8")) as Record<string, unknown>);
      this.#kept = new Map(entries.map(([id, value]) => [id, keptOf(id, value)]));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return this;
      this.#log.error(`${this.#file} could not be read: ${(error as Error).message}; no output is locked, and \`on_start: last\` is off`);
      try {
        renameSync(this.#file, `${this.#file}.bad`);
      } catch {
        // Not readable and not movable: writing will say so again.
      }
    }
    return this;
  }

  kept(id: string): Kept {
    return this.#kept.get(id) ?? fresh;
  }

  keep(id: string, kept: Kept): void {
    const before = this.kept(id);
    this.#kept.set(id, kept);
    this.#dirty = true;
    if (before.locked !== kept.locked) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#levelWait).unref();
  }

  /** Resolves when everything is on disk, or could not be written. */
  async flushed(): Promise<void> {
    if (this.#dirty) this.#start();
    await this.#writing;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await replaceFile(this.#file, `${JSON.stringify(Object.fromEntries(this.#kept))}\n`);
        this.problem = null;
      } catch (error) {
        this.problem = `${this.#file} could not be written: ${(error as Error).message}`;
        this.#log.error(`${this.problem}; locks and levels are not known after a restart`);
      }
    }
    this.#writing = undefined;
  }
}

function keptOf(id: string, value: unknown): Kept {
  const { locked, level } = (value ?? {}) as Record<string, unknown>;
  if (typeof locked !== "boolean" || typeof level !== "boolean") throw new Error(`"${id}" has no lock and level`);
  return { locked, level };
}
