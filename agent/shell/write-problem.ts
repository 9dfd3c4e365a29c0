import type { Log } from "./log.ts";

export interface WriteProblemOptions {
  file: string;
  log: Pick<Log, "info" | "error">;
  /** Told when the file can no longer be written, and with null when it can again. */
  onProblem(problem: string | null): void;
}

/** Why a file cannot be written now: told once when it begins, whenever it is another reason, and when it is over. */
export class WriteProblem {
  readonly #options: WriteProblemOptions;
  #sentence: string | null = null;

  constructor(options: WriteProblemOptions) {
    this.#options = options;
  }

  /** Null while the file can be written. */
  get sentence(): string | null {
    return this.#sentence;
  }

  /** `lost` = what a restart costs as long as it lasts. */
  failed(error: unknown, lost: string): void {
    this.#tell(`${this.#options.file} could not be written: ${(error as Error).message}; ${lost}`);
  }

  over(): void {
    this.#tell(null);
  }

  #tell(sentence: string | null): void {
    if (sentence === this.#sentence) return;
    this.#sentence = sentence;
    const { file, log, onProblem } = this.#options;
    if (sentence === null) log.info(`${file} can be written again`, { event: "file-written-again" });
    else log.error(sentence, { event: "file-not-written" });
    onProblem(sentence);
  }
}
