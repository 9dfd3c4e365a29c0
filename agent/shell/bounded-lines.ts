/** Cuts a byte stream into lines and keeps at most `maxBytes` of each. */
export class BoundedLines {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #size = 0;
  #cut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes. */
  push(chunk: Buffer): BoundedLine[] {
    const lines: BoundedLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#add(chunk.subarray(start, end));
      lines.push({ bytes: Buffer.concat(this.#parts), cut: this.#cut });
      this.#parts = [];
      this.#size = 0;
      this.#cut = false;
      start = end + 1;
    }
    // Copied: a piece of a chunk would keep all of it.
    this.#add(Buffer.from(chunk.subarray(start)));
    return lines;
  }

  #add(part: Buffer): void {
    const room = this.#maxBytes - this.#size;
    if (part.length > room) this.#cut = true;
    if (room <= 0 || part.length === 0) return;
    this.#parts.push(part.subarray(0, room));
    this.#size += Math.min(room, part.length);
  }
}

export interface BoundedLine {
  bytes: Buffer;
  /** There was more of it. */
  cut: boolean;
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

  /** How many of so many. */
  take(count: number): number {
    const now = this.#now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#taken = 0;
    }
    const taken = Math.min(count, this.#most - this.#taken);
    this.#taken += taken;
    return taken;
  }
}
