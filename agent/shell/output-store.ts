import { join } from "node:path";
import type { Kept } from "../core/kept.ts";
import { KeptMap } from "./kept-map.ts";
import type { Log } from "./log.ts";

/** A level may wait this long for the disk: a lamp that blinks must not wear out a memory card. A lock does not wait. */
const levelWait = 5000;

const fresh: Kept = { locked: false, level: false };

/** Remembers, per output, its lock and its last level for `on_start: last`. Written in the background, never between an event and its effect. */
export class OutputStore {
  readonly #levelWait: number;
  readonly #kept: KeptMap<Kept>;
  #timer: NodeJS.Timeout | undefined;

  constructor(dir: string, log: Log, wait = levelWait, onProblem?: (problem: string | null) => void) {
    const file = join(dir, "outputs.json");
    this.#levelWait = wait;
    this.#kept = new KeptMap({
      file,
      log,
      read: keptOf,
      unread: (why) => `${file} could not be read: ${why}; no output is locked, and \`on_start: last\` is off`,
      lost: "locks and levels are not known after a restart",
      ...(onProblem && { onProblem }),
    });
  }

  load(): this {
    this.#kept.load();
    return this;
  }

  /** Why the last write failed; null when everything is on disk as far as it was written. */
  get problem(): string | null {
    return this.#kept.problem;
  }

  kept(id: string): Kept {
    return this.#kept.get(id) ?? fresh;
  }

  keep(id: string, kept: Kept): void {
    const before = this.kept(id);
    this.#kept.set(id, kept);
    if (before.locked !== kept.locked) void this.flushed();
    else this.#timer ??= setTimeout(() => void this.flushed(), this.#levelWait).unref();
  }

  /** Resolves when everything is on disk, or could not be written. */
  flushed(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#kept.write();
  }
}

function keptOf(id: string, value: unknown): Kept {
  const { locked, level } = (value ?? {}) as Record<string, unknown>;
  if (typeof locked !== "boolean" || typeof level !== "boolean") throw new Error(`"${id}" has no lock and level`);
  return { locked, level };
}
