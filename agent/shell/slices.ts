/** So long one turn of the loop is at it, ms. */
const slice = 1;

/**
 * Work that may come in heaps, such as readings and messages: some of it in each turn of the loop, in its order. In between the loop looks for edges, so
 * that no button waits for all of it.
 */
export class Slices {
  readonly #now: () => number;
  readonly #nextTurn: (begin: () => void) => void;
  #waiting: (() => void)[] = [];
  /** When the first of this turn was begun. */
  #began: number | undefined;

  /** `now` = monotonic ms; `nextTurn` calls when the loop has looked for edges. */
  constructor(now: () => number, nextTurn: (begin: () => void) => void = setImmediate) {
    this.#now = now;
    this.#nextTurn = nextTurn;
  }

  /** At once, if there is time left in this turn and nobody waits. */
  do(work: () => void): void {
    if (this.#waiting.length === 0 && this.#hasTime()) work();
    else this.#waiting.push(work);
  }

  /** Some have to wait for the next turn. */
  get wait(): boolean {
    return this.#waiting.length > 0;
  }

  #hasTime(): boolean {
    if (this.#began !== undefined) return this.#now() - this.#began < slice;
    this.#began = this.#now();
    this.#nextTurn(() => this.#begin());
    return true;
  }

  #begin(): void {
    this.#began = undefined;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    let done = 0;
    // What is asked for meanwhile comes behind those that wait.
    while (done < waiting.length && this.#hasTime()) waiting[done++]?.();
    this.#waiting = waiting.slice(done);
  }
}
