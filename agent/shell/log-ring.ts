import type { LogLine } from "../protocol.ts";

const maxLines = 500;
const maxChars = 256 * 1024;

/** The last lines of a log, numbered: who asks again is told what came since, and sees by the numbers what is gone. */
export class LogRing {
  #lines: LogLine[] = [];
  #chars = 0;
  #last = 0;

  /** The number of the newest line, lost ones included. */
  get last(): number {
    return this.#last;
  }

  push(line: Omit<LogLine, "number">): void {
    this.#last += 1;
    this.#lines.push({ number: this.#last, ...line });
    this.#chars += line.text.length;
    while (this.#lines.length > maxLines || this.#chars > maxChars) this.#chars -= this.#lines.shift()?.text.length ?? 0;
  }

  /** Lines that nobody looked at. */
  skip(count: number): void {
    this.#last += count;
  }

  since(after: number): LogLine[] {
    return this.#lines.filter(({ number }) => number > after);
  }
}
