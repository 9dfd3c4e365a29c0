import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { exit } from "../exit.ts";
import { CommandError } from "./command.ts";

/**
 * Asks a person, a line at a time. What is typed or pasted ahead waits for its question. Ctrl-C and the end of the input end the command
 * with a CommandError. Close it in any case.
 */
export class Asker {
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<never>;
  readonly #out: NodeJS.WriteStream;
  readonly #terminal = process.stdin.isTTY === true;
  #hidden = false;

  /** `out` is where the questions go. */
  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    const shown = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#hidden) out.write(chunk);
        done();
      },
    });
    // readline asks the terminal for its width to wrap what is typed.
    const output = Object.assign(shown, { columns: out.columns });
    // Without a history, since a password would be in it.
    this.#reader = createInterface({ input: process.stdin, output, terminal: this.#terminal, historySize: 0 });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#ended = once(this.#reader, "SIGINT").then(() => {
      if (this.#terminal) out.write("\n");
      throw new CommandError(exit.refused, "ended; nothing was changed");
    });
    this.#ended.catch(() => undefined);
  }

  /** The answer in one line; undefined when the input has ended. */
  async line(question: string): Promise<string | undefined> {
    this.#reader.setPrompt(question);
    this.#reader.prompt();
    return this.#next();
  }

  /** The same without showing what is typed. */
  async hidden(question: string): Promise<string | undefined> {
    this.#hidden = this.#terminal;
    if (this.#terminal) this.#out.write(question);
    try {
      const answer = await this.#next();
      if (this.#terminal) this.#out.write("\n");
      return answer;
    } finally {
      this.#hidden = false;
    }
  }

  close(): void {
    this.#reader.close();
    process.stdin.destroy();
  }

  async #next(): Promise<string | undefined> {
    const { value, done } = await Promise.race([this.#lines.next(), this.#ended]);
    return done ? undefined : value;
  }
}
