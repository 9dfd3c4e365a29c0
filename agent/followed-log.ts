import type { LogView } from "./protocol.ts";
import type { LogReader } from "./service-log-readers.ts";
import { LogRing } from "./shell/log-ring.ts";

/** A question is answered at the latest after this time: before the patience of a client is over. */
const longestWait = 2000;
/** What comes together is told together. */
const gather = 50;
const retryAfter = 5000;

export interface FollowedOptions {
  now(): number;
  idle: number;
  newRun(): number;
  /** Nobody has asked for it for a while. */
  ended(): void;
}

/** A log that is read while somebody asks for it; who asks waits until there is something new. */
export class FollowedLog {
  readonly #reader: LogReader;
  readonly #options: FollowedOptions;
  #ring = new LogRing();
  #reading: ReturnType<LogReader["open"]> | undefined;
  #run: number;
  #problem: string | null = null;
  /** Why it ended, and when. */
  #over: { why: string; at: number } | null = null;
  #waiting = new Set<() => void>();
  #asked: number;
  #idle: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(reader: LogReader, options: FollowedOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#run = options.newRun();
    this.#asked = options.now();
  }

  /** How long nobody has waited for it, ms. */
  idleFor(): number {
    return this.#waiting.size > 0 ? 0 : this.#options.now() - this.#asked;
  }

  /** What came after a line of a run, at once or as soon as there is something. */
  async read(run: number, after: number): Promise<Omit<LogView, "unit" | "from">> {
    clearTimeout(this.#idle);
    this.#asked = this.#options.now();
    this.#start();
    const news = () => this.#ring.last > (run === this.#run ? after : 0);
    const told = run === this.#run;
    if (!news() && (told || this.#said() === null)) await this.#change();
    this.#asked = this.#options.now();
    if (this.#waiting.size === 0 && !this.#stopped) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(this.#options.ended, this.#options.idle);
    }
    const lines = this.#ring.since(run === this.#run ? after : 0);
    return { run: this.#run, last: this.#ring.last, lines, problem: this.#said() };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#idle);
    this.#reading?.stop();
    this.#reading = undefined;
    this.#changed();
  }

  #said(): string | null {
    return this.#over?.why ?? this.#problem;
  }

  #start(): void {
    if (this.#reading !== undefined || (this.#over !== null && this.#options.now() - this.#over.at < retryAfter)) return;
    if (this.#ring.last > 0) {
      // It begins with the last lines once more.
      this.#ring = new LogRing();
      this.#run = this.#options.newRun();
    }
    this.#over = null;
    this.#problem = null;
    this.#reading = this.#reader.open({
      lines: (lines) => {
        for (const line of lines) this.#ring.push(line);
        this.#changed();
      },
      skipped: (count) => this.#ring.skip(count),
      problem: (text) => {
        if (text === this.#problem) return;
        this.#problem = text;
        this.#changed();
      },
      ended: (why) => {
        this.#reading = undefined;
        this.#over = { why: this.#problem ?? why, at: this.#options.now() };
        this.#changed();
      },
    });
    this.#reading.start();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const wake = () => {
        clearTimeout(timer);
        timer = setTimeout(done, gather);
        this.#waiting.delete(wake);
      };
      let timer = setTimeout(done, longestWait);
      this.#waiting.add(wake);
    });
  }

  #changed(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
