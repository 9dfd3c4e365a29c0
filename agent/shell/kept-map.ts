import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { whyUnread } from "../../config/file-words.ts";
import { makeFolder, replaceFile, replaceFileNow, replaceUnsynced, setAside } from "./atomic-file.ts";
import type { Log } from "./log.ts";
import { readStateFile } from "./state-file.ts";
import { WriteProblem } from "./write-problem.ts";

/** How soon a disk that could not be written is tried again. */
const retryAfter = 5000;

export interface KeptMapOptions<T> {
  file: string;
  log: Log;
  /** One entry as JSON.parse brought it. Throws when it is none. */
  read(id: string, value: unknown): T;
  /** What the log says of a file that could not be read; `why` is the error's own message. */
  unread(why: string): string;
  /** What a restart costs while the file cannot be written. */
  lost: string;
  /** Told when the file can no longer be written, and with null when it can again. */
  onProblem?(problem: string | null): void;
}

/** Values by id in one small JSON file, written as a whole in the background: several changes at once are one write. */
export class KeptMap<T> {
  readonly #options: KeptMapOptions<T>;
  #values = new Map<string, T>();
  #writing: Promise<void> | undefined;
  #dirty = false;
  readonly #unwritten: WriteProblem;
  #again: NodeJS.Timeout | undefined;

  constructor(options: KeptMapOptions<T>) {
    this.#options = options;
    const { file, log, onProblem } = options;
    this.#unwritten = new WriteProblem({ file, log, onProblem: (problem) => onProblem?.(problem) });
  }

  /** Why the last write failed, and what that costs; null when all that was written is on disk. */
  get problem(): string | null {
    return this.#unwritten.sentence;
  }

  /** Reads the file. One that cannot be understood is kept aside with `.bad` behind its name; false then, and nothing is known. */
  load(): boolean {
    const { file, log, read, unread } = this.#options;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
      const entries = Object.entries(JSON.parse(readStateFile(file)) as Record<string, unknown>);
      this.#values = new Map(entries.map(([id, value]) => [id, read(id, value)]));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
      log.error(unread(`${whyUnread(error)}, ${setAside(file)}`), { event: "file-not-read" });
      return false;
    }
  }

  get(id: string): T | undefined {
    return this.#values.get(id);
  }

  /** To be on disk after the next `write`. */
  set(id: string, value: T): void {
    this.#values.set(id, value);
    this.#dirty = true;
  }

  delete(id: string): void {
    if (this.#values.delete(id)) this.#dirty = true;
  }

  entries(): Iterable<readonly [string, T]> {
    return this.#values;
  }

  /** Resolves when everything that was set is on disk, or could not be written. */
  async write(): Promise<void> {
    if (this.#dirty) this.#writing ??= this.#write();
    await this.#writing;
  }

  /** The same before it returns, for the start. */
  writeNow(): void {
    this.#writeWith(replaceFileNow);
  }

  /**
   * Before it returns, and without waiting for the disk: the end of this process loses nothing of it, a power cut may. While a write in the background
   * is under way, as one that is tried again, that one goes on with it: it has the file beside this one, and would put what was before in its place.
   */
  writeUnsynced(): void {
    this.#writeWith(replaceUnsynced);
  }

  #writeWith(replace: (file: string, text: string) => void): void {
    if (!this.#dirty || this.#writing !== undefined) return;
    clearTimeout(this.#again);
    this.#dirty = false;
    try {
      replace(this.#options.file, this.#text());
      this.#unwritten.over();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #write(): Promise<void> {
    clearTimeout(this.#again);
    // What is set in the same breath belongs to this write.
    await undefined;
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await makeFolder(this.#options.file);
        await replaceFile(this.#options.file, this.#text());
        this.#unwritten.over();
      } catch (error) {
        this.#failed(error);
        break;
      }
    }
    this.#writing = undefined;
  }

  #text(): string {
    return `${JSON.stringify(Object.fromEntries(this.#values))}\n`;
  }

  #failed(error: unknown): void {
    this.#dirty = true;
    this.#unwritten.failed(error, this.#options.lost);
    this.#again = setTimeout(() => void this.write(), retryAfter).unref();
  }
}
