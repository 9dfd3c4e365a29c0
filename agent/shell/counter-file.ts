import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { whyUnwritten } from "../../config/file-words.ts";
import type { KeptTotal } from "../core/model.ts";
import { makeFolder, replaceFile } from "./atomic-file.ts";

/** Each slot is a page of its own, so that writing one cannot harm the other. */
const slotBytes = 4096;
const mark = "pinbus-counter";

export interface Found {
  kept: KeptTotal;
  generation: number;
  /** Where it stands: 0 or 1. */
  slot: number;
}

/**
 * The newest whole record of a file. A power cut may tear the one that was being written; the other one is then up to a sync older.
 * Throws an Error when there is none.
 */
export function readTotal(text: string): Found {
  const found = [0, 1].flatMap((slot): Found[] => {
    const [name, generation, pulses, missed, uncertain, sum] =
      text
        .slice(slot * slotBytes, slot * slotBytes + 200)
        .split("\n")[0]
        ?.split(" ") ?? [];
    const numbers = [generation, pulses, missed].map(Number);
    if (name !== mark || sum !== sumOf([generation, pulses, missed, uncertain].join(" "))) return [];
    if (!numbers.every(Number.isSafeInteger)) return [];
    const [count = 0, total = 0, lost = 0] = numbers;
    return [{ kept: { pulses: total, missed: lost, uncertain: uncertain === "uncertain" }, generation: count, slot }];
  });
  const newest = found.sort((a, b) => b.generation - a.generation)[0];
  if (!newest) throw new Error("neither of its two records is whole");
  return newest;
}

function record({ pulses, missed, uncertain }: KeptTotal, generation: number): string {
  const text = `${generation} ${pulses} ${missed} ${uncertain ? "uncertain" : "sure"}`;
  return `${mark} ${text} ${sumOf(text)}\n`;
}

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

interface Wish {
  version: number;
  kept: KeptTotal;
}

/**
 * The total of one counter: two records that are written in place, which a full disk does not hinder. One record is written again and again
 * until it is synced; then it is the other one's turn, so that there is always a whole one on the disk.
 */
export class CounterFile {
  readonly #path: string;
  readonly #syncWait: number;
  readonly #written: (version: number, kept: KeptTotal, problem: string | null) => void;
  #handle: FileHandle | undefined;
  #generation: number;
  #slot: number;
  #next: Wish | undefined;
  #syncDue = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** What was kept last, written or not. */
  newest: KeptTotal;

  constructor(path: string, found: Found, syncWait: number, written: (version: number, kept: KeptTotal, problem: string | null) => void) {
    this.#path = path;
    this.#syncWait = syncWait;
    this.#written = written;
    this.#generation = found.generation;
    this.#slot = 1 - found.slot;
    this.newest = found.kept;
  }

  keep(version: number, kept: KeptTotal): void {
    this.newest = kept;
    this.#next = { version, kept };
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#sync();
    await this.#running;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #sync(): void {
    this.#timer = undefined;
    this.#syncDue = this.#handle !== undefined;
    if (this.#syncDue || this.#next) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#next || this.#syncDue) {
      const wish = this.#next;
      this.#next = undefined;
      if (wish) this.#written(wish.version, wish.kept, await this.#try(() => this.#write(wish.kept)));
      if (!this.#syncDue) continue;
      this.#syncDue = false;
      const problem = await this.#try(() => this.#handle?.datasync());
      if (problem === null) this.#slot = 1 - this.#slot;
      else if (wish) this.#written(wish.version, wish.kept, problem);
    }
    this.#running = undefined;
  }

  async #write(kept: KeptTotal): Promise<void> {
    const text = record(kept, ++this.#generation);
    this.#handle ??= await this.#open(text);
    await this.#handle.write(text, this.#slot * slotBytes);
    this.#timer ??= setTimeout(() => this.#sync(), this.#syncWait).unref();
  }

  /** A new file has its whole length from the start, so that no later write needs room. */
  async #open(text: string): Promise<FileHandle> {
    try {
      return await open(this.#path, "r+");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await makeFolder(this.#path);
      await replaceFile(this.#path, text.padEnd(slotBytes, "\n").padEnd(2 * slotBytes, "\n"));
      this.#slot = 1;
      return open(this.#path, "r+");
    }
  }

  /** Null, or why it did not work. */
  async #try(work: () => Promise<unknown> | undefined): Promise<string | null> {
    try {
      await work();
      return null;
    } catch (error) {
      const handle = this.#handle;
      this.#handle = undefined;
      await handle?.close().catch(() => undefined);
      return `${this.#path} could not be written: ${whyUnwritten(error)}`;
    }
  }
}
