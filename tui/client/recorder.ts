import type { PacketFileOptions } from "./packet-file.ts";

export interface RecorderOptions<F> {
  env: NodeJS.ProcessEnv;
  create(options: PacketFileOptions): Promise<F>;
  /** The file that takes what comes from now on; null = none any more. */
  changed(path: string | null): void;
  say(text: string, ok: boolean): void;
}

/** Records to a file of its own from one key to the next. */
export class Recorder<F extends { readonly path: string; close(): Promise<void> }> {
  file: F | undefined;
  readonly #options: RecorderOptions<F>;
  #turning: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions<F>) {
    this.#options = options;
  }

  /** One after the other, however fast the keys come. */
  turn(on: boolean): void {
    const { say } = this.#options;
    this.#turning = this.#turning.then(() => (on ? this.#begin() : this.#end())).catch((error: Error) => say(error.message, false));
  }

  /** Resolves when all is in the file. */
  async close(): Promise<void> {
    await this.#turning;
    await this.file?.close();
  }

  async #begin(): Promise<void> {
    if (this.file !== undefined) return;
    const { env, create, changed, say } = this.#options;
    const onEnd = (problem: string) => {
      this.file = undefined;
      changed(null);
      say(problem, false);
    };
    this.file = await create({ env, now: new Date(), onEnd });
    changed(this.file.path);
  }

  async #end(): Promise<void> {
    const ended = this.file;
    this.file = undefined;
    this.#options.changed(null);
    await ended?.close();
    if (ended !== undefined) this.#options.say(`recorded to ${ended.path}`, true);
  }
}
