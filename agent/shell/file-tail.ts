import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { BoundedLines, type BoundedLinesOptions, lastLines } from "./bounded-lines.ts";

export interface FileTailOptions extends BoundedLinesOptions {
  path: string;
  /** Begin with so many of its last lines. */
  lines: number;
  /** True for a file that nobody is to see here, whatever name leads to it. */
  isSecret(file: Stats): Promise<boolean>;
  /** `replaced`: another file has its name; `emptied`: it goes on from its beginning; `behind`: some of it was left out. */
  onNews(news: "replaced" | "emptied" | "behind"): void;
  /** Why it cannot be read (an error code, `no file` or `secret`); null when it can. */
  onProblem(code: string | null): void;
}

const every = 300;
const chunkBytes = 64 * 1024;
/** More than that at once is left out. */
const maxBehind = 512 * 1024;
/** So many bytes tell whether it is still the same text. */
const markBytes = 64;

/** All files are read one after the other: where a disk hangs, it keeps one thread of the process and not all. */
let turn: Promise<void> = Promise.resolve();

/**
 * Follows a log file by its name through every kind of rotation. It looks again and again, and only while somebody reads: being told of changes
 * is not to be had on every file system (GNU tail misses lines on an overlay when a file is replaced within a moment).
 */
export class FileTail {
  readonly #options: FileTailOptions;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #file: FileHandle | undefined;
  #lines: BoundedLines;
  #position = 0;
  /** The last bytes before the position. */
  #mark: Buffer = Buffer.alloc(0);
  /** It begins in the middle of a line. */
  #within = false;
  /** The next one that is opened was there before us: only its end counts. */
  #old = true;
  /** Another file has the name; this one is read once more, for what its writer wrote until then. */
  #leaving = false;

  constructor(options: FileTailOptions) {
    this.#options = options;
    this.#lines = new BoundedLines(options);
  }

  start(): void {
    turn = turn.then(() => this.#round());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    // After a read that is under way.
    turn = turn.then(() => this.#close());
  }

  async #round(): Promise<void> {
    if (this.#stopped) return;
    let problem: string | null = null;
    try {
      if (this.#file === undefined) await this.#open();
      else await this.#goOn(this.#file);
    } catch (error) {
      problem = (error as NodeJS.ErrnoException).code ?? String(error);
      if (problem === "ENOENT") this.#old = false;
    }
    if (this.#stopped) return;
    this.#options.onProblem(problem);
    this.#timer = setTimeout(() => this.start(), every);
  }

  async #goOn(file: FileHandle): Promise<void> {
    await this.#read(file);
    const [named, own] = await Promise.all([lstat(this.#options.path), file.stat()]);
    if (named.ino === own.ino && named.dev === own.dev) return;
    if (!this.#leaving) {
      this.#leaving = true;
      return;
    }
    await this.#close();
    this.#options.onNews("replaced");
    await this.#open();
  }

  async #open(): Promise<void> {
    const { path, isSecret } = this.#options;
    // A pipe without a writer would not let us go. Who owns the log could let a link lead to what only the agent may read.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = await file.stat();
    const code = !stats.isFile() ? "no file" : (await isSecret(stats)) ? "secret" : undefined;
    if (code !== undefined) {
      await file.close();
      throw Object.assign(new Error(code), { code });
    }
    this.#file = file;
    this.#leaving = false;
    this.#from(0);
    if (!this.#old) return this.#read(file);
    this.#old = false;
    const start = Math.max(0, stats.size - chunkBytes);
    // One byte earlier: it may be the end of a line.
    this.#from(Math.max(0, start - 1), start > 0);
    this.#take(lastLines(await this.#chunk(file), this.#options.lines));
  }

  async #read(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (size < this.#position || !(await this.#unchanged(file))) {
      this.#options.onNews("emptied");
      this.#from(0);
    }
    if (size - this.#position > maxBehind) {
      this.#options.onNews("behind");
      this.#from(size - chunkBytes, true);
    }
    while (this.#position < size && !this.#stopped) {
      const before = this.#position;
      this.#take(await this.#chunk(file));
      if (this.#position === before) return;
    }
  }

  /** Emptied and written again past the position, it is longer than before and yet another text. */
  async #unchanged(file: FileHandle): Promise<boolean> {
    const mark = this.#mark;
    if (mark.length === 0) return true;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mark.length), 0, mark.length, this.#position - mark.length);
    return bytesRead === mark.length && buffer.equals(mark);
  }

  #from(position: number, within = false): void {
    this.#position = position;
    this.#within = within;
    this.#mark = Buffer.alloc(0);
    this.#lines = new BoundedLines(this.#options);
  }

  /** The next bytes, from the beginning of a line on. */
  async #chunk(file: FileHandle): Promise<Buffer> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes + 1), 0, chunkBytes + 1, this.#position);
    const chunk = buffer.subarray(0, bytesRead);
    this.#position += bytesRead;
    this.#mark = Buffer.concat([this.#mark, chunk.subarray(-markBytes)]).subarray(-markBytes);
    if (!this.#within) return chunk;
    const end = chunk.indexOf(10);
    if (end < 0) return chunk.subarray(0, 0);
    this.#within = false;
    return chunk.subarray(end + 1);
  }

  #take(chunk: Buffer): void {
    if (!this.#stopped) this.#lines.push(chunk);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
