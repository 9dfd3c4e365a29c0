import { type FileHandle, open } from "node:fs/promises";
import { whyUnwritten } from "../../config/file-words.ts";
import { stateFile } from "./files.ts";

export interface PacketFileOptions {
  env: NodeJS.ProcessEnv;
  now: Date;
  /** What is recorded: the beginning of the name; `packets` unless given. */
  of?: string;
  /** Told once, when nothing more is written. */
  onEnd(problem: string): void;
  maxBytes?: number;
}

/** A file grows to this and no further. */
const defaultMaxBytes = 100 * 1024 * 1024;

/** So much waits for a disk that is slow, and no more. */
const maxWaiting = 64 * 1024 * 1024;

/** Packets, or what else is told of, as JSON, one a line, in a file of their own that only this person can read. */
export class PacketFile {
  readonly path: string;
  readonly #options: PacketFileOptions;
  #file: FileHandle | undefined;
  #bytes = 0;
  #waiting = 0;
  #ended = false;
  #problem: Error | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, options: PacketFileOptions) {
    this.path = path;
    this.#file = file;
    this.#options = options;
  }

  /** Below XDG_STATE_HOME or ~/.local/state, named by the time. Rejects with a sentence. */
  static async create(options: PacketFileOptions): Promise<PacketFile> {
    const path = stateFile(options.env, options.of ?? "packets", options.now);
    try {
      return new PacketFile(path, await open(path, "ax", 0o600), options);
    } catch (error) {
      // Another terminal took the name meanwhile: there is a next one.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return PacketFile.create(options);
      throw unwritten(path, error);
    }
  }

  write(entries: readonly object[]): void {
    if (this.#ended || entries.length === 0) return;
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    const size = Buffer.byteLength(text);
    this.#bytes += size;
    const most = this.#options.maxBytes ?? defaultMaxBytes;
    if (this.#bytes > most) {
      this.#end(`the recording has ended: ${this.path} has reached ${Math.round(most / 1024 / 1024)} MB`);
      return;
    }
    this.#waiting += size;
    if (this.#waiting > maxWaiting) {
      this.#end(`the recording has ended: ${this.path}: the disk does not keep up`);
      return;
    }
    this.#writing = this.#writing
      .then(async () => {
        await this.#file?.appendFile(text);
        this.#waiting -= size;
      })
      .catch((error: Error) => {
        this.#problem ??= unwritten(this.path, error);
        this.#end(`the recording has ended: ${this.#problem.message}`);
      });
  }

  /** Resolves when all is in the file; rejects with a sentence when something of it could not be written. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    if (this.#problem) throw this.#problem;
  }

  #end(problem: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(problem);
    // It was told.
    this.close().catch(() => undefined);
  }
}

function unwritten(path: string, error: unknown): Error {
  return new Error(`${path} could not be written: ${whyUnwritten(error)}`);
}
