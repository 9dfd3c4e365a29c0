import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { whyUnread, whyUnwritten } from "../../config/file-words.ts";
import { replaceFile, setAside } from "./atomic-file.ts";
import type { Log } from "./log.ts";
import { readStateFile } from "./state-file.ts";

/** So many starts without an end in order, and what runs at the start is left out. */
const tooMany = 3;
/** Who has run for so long does not crash because of its start. */
const settled = 60_000;

/** Counts starts that were followed by a crash, so that a rule which brings the agent down does not do so for ever. */
export class StartStore {
  readonly #file: string;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(dir: string, log: Log) {
    this.#file = join(dir, "starts.json");
    this.#log = log;
  }

  /** Counts this start, on disk before it goes on. True when the last ones have all crashed. */
  async begin(): Promise<boolean> {
    const crashed = this.#read();
    await this.#write(crashed + 1);
    this.#timer = setTimeout(() => void this.#write(0), settled).unref();
    return crashed >= tooMany;
  }

  /** An end in order. */
  async end(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    await this.#write(0);
  }

  #read(): number {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o750 });
      const { crashed } = JSON.parse(readStateFile(this.#file)) as { crashed?: unknown };
      return typeof crashed === "number" && Number.isSafeInteger(crashed) && crashed > 0 ? crashed : 0;
    } catch (error) {
      // As after the first start.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        this.#log.error(
          `${this.#file} could not be read: ${whyUnread(error)}; crashes before this start are not counted; ${setAside(this.#file)}`,
          {
            event: "file-not-read",
          },
        );
      return 0;
    }
  }

  async #write(crashed: number): Promise<void> {
    try {
      await replaceFile(this.#file, `${JSON.stringify({ crashed })}\n`);
    } catch (error) {
      this.#log.error(`${this.#file} could not be written: ${whyUnwritten(error)}; crashes at the start are not counted`, {
        event: "file-not-written",
      });
    }
  }
}
