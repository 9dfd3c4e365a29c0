import { readFileSync } from "node:fs";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Change as CoreChange, historyLength, refusalsKept } from "../core/state.ts";
import type { Change } from "../protocol.ts";
import { type HistoryEntry, readEntry } from "./history-entry.ts";
import type { Log } from "./log.ts";
import { changeView } from "./views.ts";

/** At most one write and one sync in this time: a lamp that blinks must not wear out a memory card. */
const defaultPause = 1000;
/** Two files of this size hold the newest changes. */
const defaultBytes = 256 * 1024;

export interface HistoryOptions {
  pause?: number;
  bytes?: number;
  /** Told when changes can no longer be kept, and when they can again. */
  onProblem?(problem: string | null): void;
}

interface Waiting {
  output: string;
  change: CoreChange;
  offset: number;
}

/**
 * The changes of all outputs on disk, one JSON object a line, appended in the background: a change is in the kernel's hands within
 * `pause`, so it survives SIGKILL, and on the disk with the sync that follows. A line that was cut off is left out when it is read.
 */
export class HistoryStore {
  readonly #file: string;
  readonly #log: Log;
  readonly #options: Required<HistoryOptions>;
  /** From before this start, oldest first. */
  readonly #past = new Map<string, Change[]>();
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** The last line may have been cut off. */
  #torn = true;
  problem: string | null = null;

  constructor(dir: string, log: Log, { pause = defaultPause, bytes = defaultBytes, onProblem = () => {} }: HistoryOptions = {}) {
    this.#file = join(dir, "history.jsonl");
    this.#log = log;
    this.#options = { pause, bytes, onProblem };
  }

  /** Reads what was kept. Lines that cannot be understood are counted and left out. */
  load(): this {
    let bad = 0;
    for (const file of [`${this.#file}.1`, this.#file]) {
      for (const line of this.#lines(file)) {
        const entry = readEntry(line);
        if (entry === undefined) bad++;
        else this.#add(entry);
      }
    }
    if (bad > 0)
      this.#log.warn(`${this.#file}: ${bad} ${bad === 1 ? "line" : "lines"} could not be read and ${bad === 1 ? "is" : "are"} left out`);
    return this;
  }

  /** What an output did before this start, newest first: at most as much as is kept in memory since the start. */
  past(output: string): Change[] {
    return (this.#past.get(output) ?? []).toReversed();
  }

  /** Soon on disk. What comes faster than it can be written pushes the oldest of its kind out. */
  keep(output: string, change: CoreChange, offset: number): void {
    this.#waiting.push({ output, change, offset });
    if (this.#waiting.length > 1024) this.#waiting = newest(this.#waiting);
    if (this.#writing === undefined) this.#timer ??= setTimeout(() => this.#start(), this.#options.pause).unref();
  }

  /** Resolves when everything is on disk, or could not be written. */
  async flushed(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length > 0) this.#start();
    await this.#writing;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#start(), this.#options.pause).unref();
    });
  }

  async #write(): Promise<void> {
    const entries = newest(this.#waiting);
    this.#waiting = [];
    const lines = entries.map(({ output, change, offset }) => JSON.stringify({ output, ...changeView(change, { clockOffset: offset }) }));
    let handle: FileHandle | undefined;
    try {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o750 });
      handle = await open(this.#file, "a", 0o640);
      const { size } = await handle.stat();
      const torn = this.#torn && size > 0;
      // An empty line does no harm; two halves of lines in one would lose both.
      this.#torn = true;
      await handle.writeFile(`${torn ? "\n" : ""}${lines.join("\n")}\n`);
      this.#torn = false;
      await handle.datasync();
      if (size > this.#options.bytes) await rename(this.#file, `${this.#file}.1`);
      this.#tell(null);
    } catch (error) {
      // They are not lost yet: the disk may have room again. What is in the file already comes twice then, once.
      this.#waiting = newest([...entries, ...this.#waiting]);
      this.#tell(`${this.#file} could not be written: ${(error as Error).message}; \`pinbus why\` forgets after a restart`);
    } finally {
      await handle?.close().catch(() => undefined);
    }
  }

  #tell(problem: string | null): void {
    if (problem === this.problem) return;
    this.problem = problem;
    if (problem === null) this.#log.info(`${this.#file} can be written again`);
    else this.#log.error(problem);
    this.#options.onProblem(problem);
  }

  #lines(file: string): string[] {
    try {
      return readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#log.error(`${file} could not be read: ${(error as Error).message}`);
      return [];
    }
  }

  #add({ output, ...change }: HistoryEntry): void {
    const changes = this.#past.get(output) ?? [];
    changes.push(change);
    this.#past.set(
      output,
      trimmed(changes, ({ state }) => state === "REFUSED"),
    );
  }
}

function newest(waiting: readonly Waiting[]): Waiting[] {
  const kept = new Map<string, Waiting[]>();
  for (const entry of waiting) {
    const own = kept.get(entry.output);
    if (own === undefined) kept.set(entry.output, [entry]);
    else own.push(entry);
  }
  return [...kept.values()].flatMap((own) => trimmed(own, ({ change }) => change.state === "REFUSED"));
}

/** The newest changes and the newest refusals, in their order. */
function trimmed<T>(entries: readonly T[], refused: (entry: T) => boolean): T[] {
  let [changes, refusals] = [0, 0];
  return entries
    .toReversed()
    .filter((entry) => (refused(entry) ? ++refusals <= refusalsKept : ++changes <= historyLength))
    .toReversed();
}
