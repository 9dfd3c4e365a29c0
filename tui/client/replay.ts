import { type FileHandle, open, stat } from "node:fs/promises";
import { LineSplitter } from "../../agent/protocol.ts";
import { type Recorded, readRecord } from "../recorded.ts";
import { isSkipped, skipAfter } from "../replay.ts";

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
/** So far ahead of the line before it may be a clock that was wrong. */
const farAhead = 86_400_000;
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
  /** A line that is far ahead of the one before: the next one tells whether the time went on from there. */
  #far: Line | undefined;
  #complete = false;
  #closed = false;
  /** What the recording's clock said at a moment of ours, and how fast it goes. */
  #at = 0;
  #since = 0;
  #speed = 1;
  #paused = false;
  /** When the time until the next message is skipped, by our clock. */
  #skipAt: number | undefined;
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

  /** From now on; `step` = gives out the next message at once, `skip` = it is time for that. */
  control({ speed, paused, step, skip }: { speed: number; paused: boolean; step: boolean; skip: boolean }): void {
    this.#at = this.now;
    this.#since = performance.now();
    this.#speed = speed;
    this.#paused = paused;
    this.#skipAt = undefined;
    if (step) this.#next();
    if (skip) this.#skip();
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
    if (this.#skipAt !== undefined && performance.now() >= this.#skipAt) this.#skip();
    const until = performance.now() + sliceMs;
    while (!this.#paused && this.#isDue() && performance.now() < until) this.#next();
    if (this.#lines.length === 0 && !this.#complete) void this.#more();
    this.#tell();
    const [next] = this.#lines;
    if (this.#paused || next === undefined) return;
    if (this.#isDue()) this.#turn = setImmediate(() => this.#play());
    else this.#sleep(next.at - this.now);
  }

  /** Until a message that is so far away by the recording's clock; a time that nobody would wait for is skipped. */
  #sleep(gap: number): void {
    if (isSkipped(gap, this.#speed)) this.#skipAt ??= performance.now() + skipAfter;
    const skipIn = (this.#skipAt ?? Number.POSITIVE_INFINITY) - performance.now();
    this.#timer = setTimeout(() => this.#play(), Math.max(0, Math.ceil(Math.min(longestSleep, gap / this.#speed, skipIn))));
  }

  /** The recording's clock goes to the next message. */
  #skip(): void {
    this.#skipAt = undefined;
    this.#at = Math.max(this.#at, this.#lines[0]?.at ?? this.#at);
    this.#since = performance.now();
  }

  #isDue(): boolean {
    const [next] = this.#lines;
    return next !== undefined && (!Number.isFinite(this.#speed) || this.#at + (performance.now() - this.#since) * this.#speed >= next.at);
  }

  #next(): void {
    const message = this.#lines.shift();
    if (message === undefined) return;
    if (this.#paused || !Number.isFinite(this.#speed)) this.#at = Math.max(this.#at, message.at);
    this.#skipAt = undefined;
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
        if (this.#complete) this.#takeFar(Number.POSITIVE_INFINITY);
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
    this.#takeFar(record.at);
    const line = { ...record, line: this.#line };
    if (this.#last > 0 && record.at - this.#last > farAhead) this.#far = line;
    else this.#add(line);
  }

  /** The line that was kept back, now that the time of the one after it is known. */
  #takeFar(after: number): void {
    const far = this.#far;
    if (far === undefined) return;
    this.#far = undefined;
    if (after >= far.at) {
      this.#add(far);
      return;
    }
    const what = "its time is far ahead of the lines around it: it is played with the time before";
    this.#problem ??= { line: far.line, sentence: `${this.path}:${far.line}: ${what}` };
    this.#add({ ...far, at: this.#last });
  }

  #add(line: Line): void {
    this.#last = Math.max(this.#last, line.at);
    this.#lines.push({ ...line, at: this.#last });
  }

  #fault(what: string): void {
    this.#bad += 1;
    this.#problem ??= { line: this.#line, sentence: `${this.path}:${this.#line}: ${what}` };
  }
}
