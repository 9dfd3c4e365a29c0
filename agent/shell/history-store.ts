import { type FileHandle, stat } from "node:fs/promises";
import { join } from "node:path";
import { whyUnread } from "../../config/file-words.ts";
import type { Change as CoreChange } from "../core/history.ts";
import type { Change } from "../protocol.ts";
import { makeFolder, openToAppend, replaceFile, setAside } from "./atomic-file.ts";
import { type HistoryEntry, readEntry } from "./history-entry.ts";
import { type HistoryLine, HistoryLines, textOf, trimmed } from "./history-lines.ts";
import type { Log } from "./log.ts";
import { readStateFile } from "./state-file.ts";
import { changeView } from "./views.ts";
import { WriteProblem } from "./write-problem.ts";

/** At most one write and one sync in this time: a lamp that blinks must not wear out a memory card. */
const defaultPause = 1000;
/** The file is cut down to this size, to the newest of each output, whenever it would become larger than twice of it. */
const defaultBytes = 256 * 1024;

export interface HistoryOptions {
  pause?: number;
  bytes?: number;
  /** Told when changes can no longer be kept, and when they can again. */
  onProblem?(problem: string | null): void;
}

interface Waiting {
  output: string;
  state: CoreChange["state"];
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
  readonly #options: Required<Pick<HistoryOptions, "pause" | "bytes">>;
  /** From before this start, oldest first. */
  readonly #past = new Map<string, Change[]>();
  /** What is worth keeping of what is in the file. */
  #lines = new HistoryLines();
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** The last line may have been cut off. */
  #torn = true;
  readonly #problem: WriteProblem;

  constructor(dir: string, log: Log, { pause = defaultPause, bytes = defaultBytes, onProblem = () => {} }: HistoryOptions = {}) {
    this.#file = join(dir, "history.jsonl");
    this.#log = log;
    this.#options = { pause, bytes };
    this.#problem = new WriteProblem({ file: this.#file, log, onProblem });
  }

  /** Reads what was kept. Lines that cannot be understood are counted and left out. */
  load(): this {
    let bad = 0;
    for (const line of this.#read()) {
      const entry = readEntry(line);
      if (entry === undefined) bad++;
      else this.#add(entry, line);
    }
    if (bad > 0)
      this.#log.warn(`${this.#file}: ${bad} ${bad === 1 ? "line" : "lines"} could not be read and ${bad === 1 ? "is" : "are"} left out`, {
        event: "file-not-read",
      });
    return this;
  }

  /** Why the file cannot be written; null while it can. */
  get problem(): string | null {
    return this.#problem.sentence;
  }

  /** What an output did before this start, newest first: at most as much as is kept in memory since the start. */
  past(output: string): Change[] {
    return (this.#past.get(output) ?? []).toReversed();
  }

  /** Soon on disk. What comes faster than it can be written pushes the oldest of its kind out. */
  keep(output: string, change: CoreChange, offset: number): void {
    this.#waiting.push({ output, state: change.state, change, offset });
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
    const lines = entries.map(lineOf);
    try {
      await makeFolder(this.#file);
      const size = await sizeOf(this.#file);
      const text = textOf(lines);
      if (size + Buffer.byteLength(text) > 2 * this.#options.bytes) await this.#replace(lines);
      else {
        await this.#append(size, text);
        for (const line of lines) this.#lines.add(line);
      }
      this.#problem.over();
    } catch (error) {
      // They are not lost yet: the disk may have room again. What is in the file already comes twice then, once.
      this.#waiting = newest([...entries, ...this.#waiting]);
      this.#problem.failed(error, "`pinbus why` forgets after a restart");
    }
  }

  async #append(size: number, text: string): Promise<void> {
    let handle: FileHandle | undefined;
    try {
      handle = await openToAppend(this.#file);
      const torn = this.#torn && size > 0;
      // An empty line does no harm; two halves of lines in one would lose both.
      this.#torn = true;
      await handle.writeFile(`${torn ? "\n" : ""}${text}`);
      this.#torn = false;
      await handle.datasync();
    } finally {
      await handle?.close().catch(() => undefined);
    }
  }

  async #replace(newer: readonly HistoryLine[]): Promise<void> {
    const lines = this.#lines.within(this.#options.bytes, newer);
    await replaceFile(this.#file, String(lines));
    this.#lines = lines;
    this.#torn = false;
  }

  #read(): string[] {
    try {
      return readStateFile(this.#file)
        .split("\n")
        .filter((line) => line !== "");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        this.#log.error(`${this.#file} could not be read: ${whyUnread(error)}; ${setAside(this.#file)}`, { event: "file-not-read" });
      return [];
    }
  }

  #add({ output, ...change }: HistoryEntry, text: string): void {
    this.#past.set(output, trimmed([...(this.#past.get(output) ?? []), change]));
    this.#lines.add({ output, state: change.state, text });
  }
}

function lineOf({ output, state, change, offset }: Waiting): HistoryLine {
  return { output, state, text: JSON.stringify({ output, ...changeView(change, { clockOffset: offset }) }) };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

function newest(waiting: readonly Waiting[]): Waiting[] {
  const kept = new Map<string, Waiting[]>();
  for (const entry of waiting) {
    const own = kept.get(entry.output);
    if (own === undefined) kept.set(entry.output, [entry]);
    else own.push(entry);
  }
  return [...kept.values()].flatMap(trimmed);
}
