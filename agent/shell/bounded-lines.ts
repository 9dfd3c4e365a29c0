export interface BoundedLinesOptions {
  /** Longer lines are cut there. */
  maxBytes: number;
  /** Lines beyond it are counted and not looked at. */
  budget: LineBudget;
  onLines(lines: readonly BoundedLine[]): void;
  onSkipped(count: number): void;
}

export interface BoundedLine {
  bytes: Buffer;
  /** There was more of it. */
  cut: boolean;
}

const newline = 10;

/** Cuts a byte stream into lines and hands them on. Of a flood only the bytes are looked at: a chunk of newlines takes no longer than another. */
export class BoundedLines {
  readonly #options: BoundedLinesOptions;
  #parts: Buffer[] = [];
  #size = 0;
  #cut = false;

  constructor(options: BoundedLinesOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    const { budget, onLines, onSkipped } = this.#options;
    const lines: BoundedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0 && budget.take(); end = chunk.indexOf(newline, start)) {
      this.#add(chunk.subarray(start, end));
      lines.push({ bytes: Buffer.concat(this.#parts), cut: this.#cut });
      this.#begin();
      start = end + 1;
    }
    const rest = chunk.lastIndexOf(newline) + 1;
    const skipped = newlinesIn(chunk, start, rest);
    if (skipped > 0) this.#begin();
    // Copied: a piece of a chunk would keep all of it.
    this.#add(Buffer.from(chunk.subarray(rest)));
    if (lines.length > 0) onLines(lines);
    if (skipped > 0) onSkipped(skipped);
  }

  #begin(): void {
    this.#parts = [];
    this.#size = 0;
    this.#cut = false;
  }

  #add(part: Buffer): void {
    const room = this.#options.maxBytes - this.#size;
    if (part.length > room) this.#cut = true;
    if (room <= 0 || part.length === 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#size += Math.min(room, part.length);
  }
}

/** One pass over the bytes: to search for each of them takes a call a line, which in a chunk of nothing else holds up the loop. */
function newlinesIn(chunk: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (chunk[at] === newline) count++;
  return count;
}

/** The end of a chunk, with so many whole lines at most. */
export function lastLines(chunk: Buffer, count: number): Buffer {
  let end = chunk.lastIndexOf(newline);
  for (let left = count; end >= 0 && left > 0; left--) end = end === 0 ? -1 : chunk.lastIndexOf(newline, end - 1);
  return chunk.subarray(end + 1);
}

/** How many lines may be looked at in a second: no flood of a log may take the loop from the lines of the board. */
export class LineBudget {
  readonly #most: number;
  readonly #now: () => number;
  #second = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  /** One more, unless there were enough. */
  take(): boolean {
    const now = this.#now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#taken = 0;
    }
    if (this.#taken >= this.#most) return false;
    this.#taken += 1;
    return true;
  }
}
