import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { whyUnread } from "../../config/file-words.ts";
import { makeFolder, openToAppend, setAside, syncFolder } from "../shell/atomic-file.ts";
import { checkedLine, readChecked } from "../shell/checked-line.ts";
import type { Log } from "../shell/log.ts";
import { mustBeFile } from "../shell/state-file.ts";
import { WriteProblem } from "../shell/write-problem.ts";

/** At most one sync in this time: what a power cut may take. */
const syncEvery = 1000;
/** How soon a disk that could not be written is tried again. */
const retryEvery = 5000;
/** The file is written anew when it has doubled since the last time, and is larger than this. */
const compactBytes = 1024 * 1024;
/** A larger file was not written by us. */
const maxBytes = 512 * 1024 * 1024;
/** Nor was a longer line: the largest packet there may be, with each character escaped. */
const maxLine = 128 * 1024 * 1024;
/** When more than this waits already, nothing more waits for a disk that hangs: the file is written anew when it answers. */
const maxPending = 8 * 1024 * 1024;
/** Written at a time when the file is written anew: nothing else in this process may wait for it. */
const chunkBytes = 64 * 1024;
const format = 1;

export interface JournalOptions {
  file: string;
  log: Pick<Log, "info" | "warn" | "error">;
  /** How soon a disk that could not be written is tried again; default 5 s. */
  retryEvery?: number;
  /** Everything that is to be kept, as records that make it anew. What is added meanwhile comes behind it. */
  snapshot(): Iterable<object>;
  /** Told when the file can no longer be written, and with null when it can again. */
  onProblem(problem: string | null): void;
}

/**
 * Changes of the broker's store in one append-only file, a checked line each. A record is with the kernel when `written` is called, which
 * SIGKILL leaves; a power cut takes what came since the last sync. A file that has grown is replaced by a snapshot and what was added
 * meanwhile. While the disk cannot be written everything goes on in memory, and a snapshot makes up for it afterwards.
 */
export class Journal {
  readonly #options: JournalOptions;
  #pending: string[] = [];
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #scheduled = false;
  #writing = false;
  /** The last work with the file, under way or done. */
  #last: Promise<void> = Promise.resolve();
  #handle: FileHandle | undefined;
  /** The last line may have been cut off. */
  #torn = true;
  #size = 0;
  /** The size that the file had when it was new, if that was in this run. */
  #base = 0;
  /** What was added since the snapshot that is being written. */
  #behind: string[] | undefined;
  #compacting: Promise<void> | undefined;
  #syncDue = false;
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> | undefined;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #retryTimer: NodeJS.Timeout | undefined;
  /** As long as there is one, only a new file will do. */
  readonly #problem: WriteProblem;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#problem = new WriteProblem(options);
  }

  /**
   * Reads the file, in small parts, before the first `add`; `apply` returns false for a record that it does not know. What is damaged is
   * left out and counted. A file of a newer pinbus, or that cannot be read, is set aside.
   */
  async load(apply: (record: Record<string, unknown>) => boolean): Promise<void> {
    const { file, log } = this.#options;
    let bad = 0;
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o750 });
      const stats = await stat(file);
      mustBeFile(stats, maxBytes);
      this.#size = stats.size;
      for await (const line of linesOf(file)) {
        if (line === "") continue;
        const record = readChecked(line);
        if (!isRecord(record) || !(isFormat(record) || apply(record))) bad++;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      log.error(`${file} could not be read: ${whyUnread(error)}; ${setAside(file)}`, { event: "file-not-read" });
      this.#size = 0;
    }
    if (bad > 0) log.warn(`${file}: ${bad} ${bad === 1 ? "record" : "records"} could not be read and left out`, { event: "file-not-read" });
    if (bad > 0) void this.#compact();
  }

  /** Keeps a record. `written` is called, in the order of the calls, when it is with the kernel or the disk cannot be written. */
  add(record: object, written?: () => void): void {
    const line = checkedLine(record);
    // Not while the disk has not been asked yet: one record, or what one turn brings, may be larger.
    if (this.#writing && this.#pendingBytes > maxPending) {
      [this.#pending, this.#pendingBytes, this.#behind] = [[], 0, undefined];
      this.#failed(new Error("the disk does not keep up"));
    }
    this.#pendingBytes += line.length;
    this.#pending.push(line);
    this.after(written);
  }

  /** Calls `written` when everything that was added so far is written. */
  after(written?: () => void): void {
    if (written) this.#waiting.push(written);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // What one turn of the loop brings is one write.
    setImmediate(() => void this.#exclusively(() => this.#append()));
  }

  /** Resolves when everything is on disk and safe from a power cut, or could not be written. Nothing more is written then. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    await new Promise<void>((resolve) => this.after(resolve));
    await this.#compacting;
    if (this.#problem.sentence !== null) await this.#compact();
    await this.#syncing;
    this.#sync();
    await this.#syncing;
    await this.#closeHandle();
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #append(): Promise<void> {
    this.#scheduled = false;
    const [lines, waiting] = [this.#pending, this.#waiting];
    [this.#pending, this.#pendingBytes, this.#waiting] = [[], 0, []];
    this.#writing = true;
    const text = lines.join("");
    if (text !== "") this.#behind?.push(text);
    try {
      if (text !== "" && this.#problem.sentence === null) await this.#write(text);
    } catch (error) {
      this.#failed(error);
    }
    this.#writing = false;
    for (const written of waiting) written();
    if (this.#problem.sentence === null && this.#size > Math.max(compactBytes, 2 * this.#base)) void this.#compact();
  }

  async #write(text: string): Promise<void> {
    this.#handle ??= await openToAppend(this.#options.file);
    const start = `${this.#torn ? "\n" : ""}${this.#size === 0 ? checkedLine({ format }) : ""}`;
    this.#torn = true;
    await this.#handle.appendFile(start + text);
    this.#torn = false;
    this.#size += Buffer.byteLength(text) + start.length;
    this.#soonSynced();
  }

  #soonSynced(): void {
    this.#syncDue = true;
    if (this.#syncTimer !== undefined || this.#syncing !== undefined || this.#closed) return;
    const wait = this.#syncedAt + syncEvery - performance.now();
    this.#syncTimer = setTimeout(() => this.#sync(), Math.max(0, wait)).unref();
  }

  /** Beside the writes, and by a descriptor of its own: a slow card must not hold up who waits for a write. */
  #sync(): void {
    this.#syncTimer = undefined;
    if (!this.#syncDue || this.#problem.sentence !== null) return;
    this.#syncDue = false;
    this.#syncedAt = performance.now();
    this.#syncing = synced(this.#options.file)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#syncing = undefined;
        if (this.#syncDue) this.#soonSynced();
      });
  }

  /** Writes a new file beside the old one, into which everything goes on until the new one takes its place. */
  #compact(): Promise<void> {
    this.#compacting ??= this.#replace()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#compacting = undefined;
        this.#behind = undefined;
      });
    return this.#compacting;
  }

  async #replace(): Promise<void> {
    const next = `${this.#options.file}.new`;
    const behind: string[] = [];
    this.#behind = behind;
    const snapshot = this.#options.snapshot();
    await makeFolder(next);
    await rm(next, { force: true });
    const handle = await open(next, "a", 0o640);
    try {
      let [text, size] = [checkedLine({ format }), 0];
      const flush = async () => {
        size += Buffer.byteLength(text);
        await handle.appendFile(text);
        text = "";
      };
      for (const record of snapshot) {
        text += checkedLine(record);
        if (text.length > chunkBytes) await flush();
      }
      await flush();
      const swap = async () => {
        // Too much came, and was forgotten.
        if (this.#behind !== behind) throw new Error("the disk does not keep up");
        text = behind.join("");
        await flush();
        await handle.datasync();
        await rename(next, this.#options.file);
        await syncFolder(this.#options.file);
        await this.#closeHandle();
        [this.#handle, this.#size, this.#base, this.#torn, this.#syncDue] = [handle, size, size, false, false];
        this.#problem.over();
      };
      await this.#exclusively(swap);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(next, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  #failed(error: unknown): void {
    void this.#closeHandle();
    this.#torn = true;
    this.#problem.failed(error, "retained messages and sessions of the built-in broker are lost with a restart");
    if (this.#closed) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#compact(), this.#options.retryEvery ?? retryEvery).unref();
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Throws for the line of a newer pinbus. */
function isFormat(record: Record<string, unknown>): boolean {
  if (typeof record.format !== "number") return false;
  if (record.format > format) throw new Error(`it was written by a newer pinbus (format ${record.format}; this one knows ${format})`);
  return true;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
    let bytes = Buffer.concat([rest, chunk as Buffer]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString("utf8", 0, end);
      bytes = bytes.subarray(end + 1);
    }
    // Counted as damaged, in parts.
    if (bytes.length > maxLine) {
      yield bytes.toString("utf8");
      bytes = Buffer.alloc(0);
    }
    rest = bytes;
  }
  yield rest.toString("utf8");
}

async function synced(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
