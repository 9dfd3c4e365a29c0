import { mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { TraceEntry } from "../../agent/protocol.ts";

export interface PacketFileOptions {
  env: NodeJS.ProcessEnv;
  now: Date;
  /** Told once, when nothing more is written. */
  onEnd(problem: string): void;
  maxBytes?: number;
}

/** A file grows to this and no further. */
const defaultMaxBytes = 100 * 1024 * 1024;

/** Packets as JSON, one a line, in a file of their own that only this person can read. */
export class PacketFile {
  readonly path: string;
  readonly #options: PacketFileOptions;
  #file: FileHandle | undefined;
  #bytes = 0;
  #ended = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, options: PacketFileOptions) {
    this.path = path;
    this.#file = file;
    this.#options = options;
  }

  /** Below XDG_STATE_HOME or ~/.local/state, named by the time. Rejects with what the system says. */
  static async create(options: PacketFileOptions): Promise<PacketFile> {
    const state = options.env.XDG_STATE_HOME;
    const dir = join(state?.startsWith("/") ? state : join(homedir(), ".local/state"), "pinbus");
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const stamp = options.now
      .toISOString()
      .replace(/\.\d+Z$/, "")
      .replace(/[-:]/g, "")
      .replace("T", "-");
    const path = join(dir, `packets-${stamp}.jsonl`);
    return new PacketFile(path, await open(path, "ax", 0o600), options);
  }

  write(entries: readonly TraceEntry[]): void {
    if (this.#ended || entries.length === 0) return;
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    this.#bytes += Buffer.byteLength(text);
    const most = this.#options.maxBytes ?? defaultMaxBytes;
    if (this.#bytes > most) {
      this.#end(`the recording has ended: ${this.path} has reached ${Math.round(most / 1024 / 1024)} MB`);
      return;
    }
    this.#writing = this.#writing
      .then(async () => void (await this.#file?.appendFile(text)))
      .catch((error: Error) => this.#end(`the recording has ended: ${this.path}: ${error.message}`));
  }

  /** Resolves when all is in the file. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #end(problem: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(problem);
    void this.close();
  }
}
