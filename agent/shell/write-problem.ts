import { whyUnwritten } from "../../config/file-words.ts";
import type { Log } from "./log.ts";
import { isTold } from "./seldom.ts";

export interface WriteProblemOptions {
  file: string;
  log: Pick<Log, "info" | "error">;
  /** Told when the file can no longer be written, and with null when it can again. */
  onProblem(problem: string | null): void;
  /** Monotonic, ms. */
  now?(): number;
}

/** A file that could be written for so long, ms, is in order: its next problem is a new one. */
const settled = 3_600_000;

/**
 * Why a file cannot be written now: told when it begins, whenever it is another reason, and when it is over. A disk that is full again and again is
 * logged at a falling rate.
 */
export class WriteProblem {
  readonly #options: WriteProblemOptions;
  #sentence: string | null = null;
  #times = 0;
  /** The log says that it cannot be written. */
  #logged = false;
  #overAt = Number.NEGATIVE_INFINITY;

  constructor(options: WriteProblemOptions) {
    this.#options = options;
  }

  /** Null while the file can be written. */
  get sentence(): string | null {
    return this.#sentence;
  }

  /** `lost` = what a restart costs as long as it lasts. */
  failed(error: unknown, lost: string): void {
    const sentence = `${this.#options.file} could not be written: ${whyUnwritten(error)}; it goes on in memory, and ${lost}`;
    if (sentence === this.#sentence) return;
    const { log, onProblem } = this.#options;
    if (this.#sentence === null && this.#now() - this.#overAt > settled) this.#times = 0;
    this.#sentence = sentence;
    this.#times += 1;
    if (isTold(this.#times)) {
      this.#logged = true;
      log.error(sentence, { event: "file-not-written" });
    }
    onProblem(sentence);
  }

  over(): void {
    if (this.#sentence === null) return;
    this.#sentence = null;
    this.#overAt = this.#now();
    const { file, log, onProblem } = this.#options;
    if (this.#logged) log.info(`${file} can be written again`, { event: "file-written-again" });
    this.#logged = false;
    onProblem(null);
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }
}
