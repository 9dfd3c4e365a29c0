/** So many are remembered; more are never on their way at once. */
const kept = 128;
/** No packet id. */
const none = -1;

/** When the packets were sent whose answers have not come yet, by packet id. Beyond as many as are kept, the oldest are forgotten. */
export class OpenQuestions {
  // Not a map: V8 keeps what was in one that grows and shrinks until it collects all of its memory, and each packet would add to that.
  readonly #ids = new Int32Array(kept).fill(none);
  readonly #at = new Float64Array(kept);
  #count = 0;

  asked(id: number, at: number): void {
    const known = this.#ids.indexOf(id);
    const place = known < 0 ? this.#count++ % kept : known;
    this.#ids[place] = id;
    this.#at[place] = at;
  }

  /** When that was asked, once; undefined when it was not. */
  answered(id: number): number | undefined {
    const place = this.#ids.indexOf(id);
    if (place < 0) return undefined;
    this.#ids[place] = none;
    return this.#at[place];
  }

  clear(): void {
    this.#ids.fill(none);
  }
}
