import { type FileHandle, open, stat } from "node:fs/promises";
import { LineSplitter } from "../../agent/protocol.ts";
import { type Recorded, readRecord } from "../recorded.ts";

export interface ReplayOptions {
  message(message: Recorded): void;
  /** The line that was played last, how much of the file that is, and when the next message comes (null = there is none). */
  progress(progress: { line: number; share: number; bad: number; next: number | null; ended: boolean }): void;
  problem(sentence: string): void;
}

const chunkBytes = 64 * 1024;
/** A payload may have 4 MB, and base64 makes it longer. */
const maxLineBytes = 8 * 1024 * 1024;
/** So long messages are given out in one go: keys come in between. */
const sliceMs = 10;
const longestSleep = 60_000;
const leftOut = "; it is left out";

interface Line extends Recorded {
  line: number;
}

/**
 * A recording as a source of messages, with a clock of its own that goes by the times in the file. It holds one piece of the file at a time, and
 * never lets the clock go back, whatever the file says.
 */
export class Replay {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #splitter = new LineSplitter(maxLineBytes);
  readonly #lines: Line[] = [];
  #options: ReplayOptions | undefined;
  #position = 0;
  #line = 0;
  #played = 0;
  #bad = 0;
  /** Not told yet. */
  #problem: { line: number; sentence: string } | undefined;
  #last = 0;
  #complete = false;
  #closed = false;
  /** What the recording's clock said at a moment of ours, and how fast it goes. */
  #at = 0;
  #since = 0;
  #speed = 1;
  #paused = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #reading = false;

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  /** Opens a recording and reads its beginning. Rejects with a sentence when it is none. */
  static async open(path: string): Promise<Replay> {
    let replay: Replay | undefined;
    try {
      const stats = await stat(path);
      // Anything else might never end, or never begin.
      if (!stats.isFile()) throw new RangeError(`${path}: is no file`);
      replay = new Replay(path, await open(path, "r"), stats.size);
      await replay.#fill();
      const [first] = replay.#lines;
      if (first === undefined || replay.#problem?.line === 1)
        throw new RangeError(replay.#problem?.sentence.replace(leftOut, "") ?? `${path}: has no messages`);
      replay.#at = first.at;
      return replay;
    } catch (error) {
      replay?.close();
      throw error instanceof RangeError ? error : new RangeError(`${path}: ${(error as Error).message}`);
    }
  }

  /** The recording's time, ms since 1970. */
  get now(): number {
    if (this.#paused || this.#ended || this.#options === undefined || !Number.isFinite(this.#speed)) return this.#at;
    const at = this.#at + (performance.now() - this.#since) * this.#speed;
    // What comes next has not been shown yet, and may have to be read first.
    return Math.min(at, this.#lines[0]?.at ?? this.#last);
  }

  start(options: ReplayOptions): void {
    this.#options = options;
    this.#since = performance.now();
    this.#play();
  }

  /** From now on; `step` = gives out the next message at once. */
  control({ speed, paused, step }: { speed: number; paused: boolean; step: boolean }): void {
    this.#at = this.now;
    this.#since = performance.now();
    this.#speed = speed;
    this.#paused = paused;
    if (step) this.#next();
    this.#play();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    void this.#file.close().catch(() => undefined);
  }

  /** Gives out what is due, and sleeps until the next message is. */
  #play(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    if (this.#closed || this.#options === undefined) return;
    const until = performance.now() + sliceMs;
    while (!this.#paused && this.#isDue() && performance.now() < until) this.#next();
    if (this.#lines.length === 0 && !this.#complete) void this.#more();
    this.#tell();
    const [next] = this.#lines;
    if (this.#paused || next === undefined) return;
    if (this.#isDue()) this.#turn = setImmediate(() => this.#play());
    else this.#timer = setTimeout(() => this.#play(), Math.min(longestSleep, Math.ceil((next.at - this.now) / this.#speed)));
  }

  #isDue(): boolean {
    const [next] = this.#lines;
    return next !== undefined && (!Number.isFinite(this.#speed) || this.#at + (performance.now() - this.#since) * this.#speed >= next.at);
  }

  #next(): void {
    const message = this.#lines.shift();
    if (message === undefined) return;
    if (this.#paused || !Number.isFinite(this.#speed)) this.#at = Math.max(this.#at, message.at);
    this.#played = message.line;
    this.#options?.message(message);
    if (this.#lines.length === 0 && this.#complete) this.#end();
  }

  #end(): void {
    this.#at = this.#last;
    this.#ended = true;
  }

  #tell(): void {
    if (this.#problem !== undefined) this.#options?.problem(this.#problem.sentence);
    this.#problem = undefined;
    const share = this.#size === 0 ? 1 : Math.min(1, this.#position / this.#size);
    const next = this.#lines[0]?.at ?? null;
    this.#options?.progress({ line: this.#played, share, bad: this.#bad, next, ended: this.#ended });
  }

  async #more(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      await this.#fill();
    } catch (error) {
      this.#complete = true;
      this.#fault((error as Error).message);
    }
    this.#reading = false;
    if (this.#complete && this.#lines.length === 0) this.#end();
    this.#play();
  }

  /** Reads on until there is a message, or something wrong, or nothing more. */
  async #fill(): Promise<void> {
    const chunk = Buffer.alloc(chunkBytes);
    const { line, bad } = { line: this.#line, bad: this.#bad };
    while (this.#lines.length === 0 && !this.#complete && !this.#closed && (line > 0 || this.#bad === bad)) {
      const { bytesRead } = await this.#file.read(chunk, 0, chunkBytes, this.#position);
      this.#position += bytesRead;
      this.#complete = bytesRead === 0;
      try {
        // The last line may have no end.
        const lines = this.#splitter.push(this.#complete ? Buffer.from("\n") : Buffer.from(chunk.subarray(0, bytesRead)));
        for (const text of lines) this.#take(text);
      } catch {
        this.#complete = true;
        this.#line += 1;
        this.#fault(`the line has more than ${maxLineBytes / 1024 / 1024} MB: nothing behind it is played`);
      }
    }
  }

  #take(text: string): void {
    this.#line += 1;
    if (text.trim() === "") return;
    const record = readRecord(text);
    if (typeof record === "string") {
      this.#fault(record + leftOut);
      return;
    }
    this.#last = Math.max(this.#last, record.at);
    this.#lines.push({ ...record, at: this.#last, line: this.#line });
  }

  #fault(what: string): void {
    this.#bad += 1;
    this.#problem ??= { line: this.#line, sentence: `${this.path}:${this.#line}: ${what}` };
  }
}
