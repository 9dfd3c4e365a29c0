import { mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { whyUnread } from "../../config/file-words.ts";
import { openToAppend, replaceFile, setAside } from "./atomic-file.ts";
import { checkedLine } from "./checked-line.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { type Event, eventOf, fileOf, type Holding, kindOf, parse, recordOf } from "./outbox-record.ts";
import { readStateFile } from "./state-file.ts";
import { WriteProblem } from "./write-problem.ts";

/** An event that the broker takes within this time never reaches the disk: a memory card wears out by writing. */
const patience = 50;
/** At most one sync in this time: what a power cut may take. */
const syncEvery = 1000;
/** How soon a disk that could not be written is tried again. */
const retryEvery = 5000;
/** The file is written anew when it is larger and less than half of it still waits. */
const compactBytes = 1024 * 1024;
/** Larger than this it is written anew in any case: few that wait may be much shorter than those that are done. */
const largeBytes = 32 * 1024 * 1024;

export interface OutboxFileOptions {
  dir: string;
  holding: Holding;
  /** Names this boot of the machine: the monotonic clock counts within one only. */
  boot: string;
  clock: Clock;
  log: Log;
  /** What waits by now, in the order of the numbers. */
  waiting(): readonly Event[];
  /** More may be sent: `kept` has grown. */
  onKept(): void;
  onProblem(problem: string | null): void;
}

/**
 * Events that wait for the broker, on disk: one line each, a checksum and JSON, appended in the background; a line `{"done":N}` says that
 * everything below N is at the broker. What a crash has cut off, or a bad block has changed, is left out by its checksum. Nothing is
 * written while the broker answers at once, and the file is emptied when nothing waits.
 */
export class OutboxFile {
  readonly #file: string;
  readonly #options: OutboxFileOptions;
  /** How many events are in the file since it was empty, and the number of the last one. */
  #inFile = 0;
  #last = 0;
  /** Everything below is done; and the same as the file says it. */
  #done = 0;
  #doneInFile = 0;
  #size = 0;
  /** The last line may have been cut off. */
  #torn = true;
  #named = false;
  #syncDue = false;
  /** A power cut would leave some of what is in the file. */
  #durable = false;
  /** A sync failed: nobody knows what is in the file. */
  #rewrite = false;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #handle: FileHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #busy = false;
  /** The last work, under way or done. */
  #running: Promise<void> | undefined;
  readonly #problem: WriteProblem;

  constructor(options: OutboxFileOptions) {
    this.#options = options;
    this.#file = join(options.dir, fileOf[options.holding]);
    this.#problem = new WriteProblem({ ...options, file: this.#file });
  }

  /** Up to here a restart would know that events are done. As long as nothing is in the file, a restart would send nothing at all. */
  get kept(): number {
    return this.#inFile === 0 || this.#problem.sentence !== null ? Number.POSITIVE_INFINITY : this.#doneInFile;
  }

  /** What still waited when the last run ended, in order, and the number that the next event gets. */
  load(): { events: Event[]; next: number } {
    const { holding, boot: current, clock } = this.#options;
    const text = this.#read();
    const found = new Map<number, Event>();
    let bad = 0;
    let [boot, done] = ["", 0];
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const record = parse(line);
      if (record === undefined) bad++;
      else if ("boot" in record) boot = record.boot;
      else if ("done" in record) done = Math.max(done, record.done);
      else {
        found.set(record.n, eventOf(record, kindOf[holding], boot === current, clock));
        this.#last = Math.max(this.#last, record.n);
      }
    }
    if (bad > 0)
      this.#options.log.warn(`${this.#file}: ${bad} ${bad === 1 ? "record" : "records"} could not be read and left out`, {
        event: "file-not-read",
      });
    const events = [...found.values()].filter(({ number }) => number >= done).sort((a, b) => a.number - b.number);
    [this.#inFile, this.#durable] = [found.size, found.size > 0];
    [this.#done, this.#doneInFile] = [done, done];
    this.#size = Buffer.byteLength(text);
    return { events, next: Math.max(done, this.#last + 1) };
  }

  /** One more waits: soon on disk, unless it is done before. */
  keep(): void {
    this.#soon(patience);
  }

  /** What is below this number need not be sent again. */
  done(below: number): void {
    if (below <= this.#done) return;
    this.#done = below;
    if (this.#inFile > 0) this.#run();
  }

  /** Resolves when everything that waits is on disk and safe from a power cut, or could not be written. Nothing more is written then. */
  async close(): Promise<void> {
    await this.#running;
    this.#run();
    await this.#running;
    clearTimeout(this.#timer);
    await this.#syncing;
    this.#sync();
    await this.#syncing;
    clearTimeout(this.#timer);
    clearTimeout(this.#syncTimer);
    await this.#close();
  }

  #soon(wait: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, wait).unref();
  }

  #run(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#running = this.#work();
  }

  async #work(): Promise<void> {
    try {
      for (let job = this.#next(); job !== undefined; job = this.#next()) {
        await job;
        this.#options.onKept();
      }
      this.#problem.over();
    } catch (error) {
      await this.#failed(error);
    }
    // At once behind the last look: who asked for something since then finds nobody at work.
    this.#busy = false;
  }

  async #failed(error: unknown): Promise<void> {
    await this.#close();
    this.#torn = true;
    this.#problem.failed(error, `${this.#options.holding} that wait for the broker are lost with a restart`);
    this.#soon(retryEvery);
    // A file that cannot be written holds nobody up.
    this.#options.onKept();
  }

  /** Begins one thing that is to be done; undefined when there is none. */
  #next(): Promise<void> | undefined {
    const done = this.#done;
    const waiting = this.#options.waiting();
    const isBehind = this.#isNew(waiting.at(-1));
    if (this.#inFile > 0 && !isBehind && this.#last < done) return this.#empty();
    if (this.#rewrite) return this.#compact(done);
    if (isBehind || (this.#inFile > 0 && done > this.#doneInFile)) {
      // By count: an event that waits long may be in front of many that were done or became too old.
      const mostIsDone = 2 * waiting.length < this.#inFile;
      const isTooLarge = this.#size > largeBytes || (this.#size > compactBytes && mostIsDone);
      return isTooLarge ? this.#compact(done) : this.#append(done);
    }
    if (this.#syncDue && this.#syncTimer === undefined && this.#syncing === undefined) {
      const wait = this.#syncedAt + syncEvery - performance.now();
      this.#syncTimer = setTimeout(() => this.#sync(), Math.max(0, wait)).unref();
    }
    return undefined;
  }

  /** Not in the file yet. */
  #isNew(event: Event | undefined): boolean {
    return event !== undefined && event.number > this.#last;
  }

  /** Beside the writes, and by a descriptor of its own: a slow card must not hold up what is sent. */
  #sync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (!this.#syncDue || this.#syncing !== undefined) return;
    this.#syncDue = false;
    this.#syncedAt = performance.now();
    this.#syncing = this.#synced()
      .catch((error: unknown) => {
        // What it was to write may be lost now, whatever the next sync says.
        this.#rewrite = true;
        return this.#failed(error);
      })
      .finally(() => {
        this.#syncing = undefined;
        this.#run();
      });
  }

  async #synced(): Promise<void> {
    const handle = await open(this.#file, "r+");
    try {
      await handle.datasync();
      this.#durable = this.#inFile > 0;
    } finally {
      await handle.close();
    }
  }

  async #empty(): Promise<void> {
    const handle = await this.#open();
    await handle.truncate(0);
    // A power cut would bring back what was safe, and nothing else.
    this.#syncDue = this.#durable;
    [this.#inFile, this.#size, this.#torn, this.#named, this.#rewrite, this.#durable] = [0, 0, false, false, false, false];
  }

  async #append(done: number): Promise<void> {
    const events = this.#options.waiting().filter((event) => this.#isNew(event));
    const lines = [...(this.#named ? [] : [this.#name()]), ...events.map((event) => checkedLine(recordOf(event, this.#options.clock)))];
    if (done > this.#doneInFile) lines.push(checkedLine({ done }));
    const text = `${this.#torn ? "\n" : ""}${lines.join("")}`;
    const handle = await this.#open();
    this.#torn = true;
    await handle.appendFile(text);
    this.#torn = false;
    this.#named = true;
    this.#size += Buffer.byteLength(text);
    this.#written(events, done);
  }

  /** Writes what waits into a new file, which takes the place of the old one. */
  async #compact(done: number): Promise<void> {
    const events = [...this.#options.waiting()];
    await this.#close();
    const text = [this.#name(), ...events.map((event) => checkedLine(recordOf(event, this.#options.clock))), checkedLine({ done })].join(
      "",
    );
    await replaceFile(this.#file, text);
    [this.#inFile, this.#size, this.#torn, this.#named, this.#rewrite] = [0, Buffer.byteLength(text), false, true, false];
    this.#written(events, done);
  }

  #written(events: readonly Event[], done: number): void {
    this.#inFile += events.length;
    this.#last = Math.max(this.#last, events.at(-1)?.number ?? 0);
    if (events.length > 0 || this.#durable) this.#syncDue = true;
    this.#doneInFile = Math.max(this.#doneInFile, done);
  }

  #name(): string {
    return checkedLine({ boot: this.#options.boot });
  }

  async #open(): Promise<FileHandle> {
    this.#handle ??= await openToAppend(this.#file);
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #read(): string {
    try {
      mkdirSync(this.#options.dir, { recursive: true, mode: 0o750 });
      return readStateFile(this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      this.#options.log.error(
        `${this.#options.holding} that waited for the broker could not be read from ${this.#file}: ${whyUnread(error)}; ${setAside(this.#file)}`,
        { event: "file-not-read" },
      );
      return "";
    }
  }
}
