import type { RetainedWish } from "../retained.ts";
import { RetainedJob, type RetainedOptions } from "./retained-job.ts";

/** Finds, backs up and clears what the broker keeps below a branch; one branch at a time. */
export class Retained {
  readonly #options: RetainedOptions;
  #job: RetainedJob | undefined;

  constructor(options: RetainedOptions) {
    this.#options = options;
  }

  perform(wish: RetainedWish): void {
    switch (wish.kind) {
      case "ask":
        this.#ask(wish.branch);
        break;
      case "clear":
        this.#job?.clear();
        break;
      case "backup":
        this.#job?.backup();
        break;
      case "stop":
        this.#job?.stop();
    }
  }

  close(): void {
    this.#job?.close();
    this.#job = undefined;
  }

  #ask(branch: string): void {
    const refuse = (text: string) => this.#options.on({ kind: "ended", text, ok: false });
    if (this.#job?.busy) {
      refuse("a backup is still being written");
      return;
    }
    this.close();
    try {
      this.#job = new RetainedJob(branch, this.#options);
    } catch (error) {
      refuse((error as Error).message);
    }
  }
}
