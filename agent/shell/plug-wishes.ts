import type { SetRequest } from "../core/model.ts";

/** What somebody wants a plug to be. */
export interface Wish {
  active: boolean;
  request: SetRequest;
  at: number;
}

/** A person or a rule that wants more at once is told so. */
const most = 8;

/** What is wanted of a plug and was not sent to it yet, in order. `failed`: one of them comes to nothing. */
export class PlugWishes {
  readonly #failed: (wish: Wish, problem: string) => void;
  readonly #waiting: Wish[] = [];
  #expiry: NodeJS.Timeout | undefined;

  constructor(failed: (wish: Wish, problem: string) => void) {
    this.#failed = failed;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** What it is to be at the end; undefined when nothing waits. */
  get last(): boolean | undefined {
    return this.#waiting.at(-1)?.active;
  }

  /** Whether one of them wants that. */
  wants(active: boolean): boolean {
    return this.#waiting.some((wish) => wish.active === active);
  }

  /** False: there is no room. An OFF takes the place of an ON in front of it: whatever is asked for by then, it is the last word. */
  add(wish: Wish): boolean {
    if (this.#waiting.length >= most) {
      if (wish.active || this.last !== true) return false;
      const [replaced] = this.#waiting.splice(-1);
      if (replaced) this.#failed(replaced, "too much waits for the plug");
    }
    this.#waiting.push(wish);
    return true;
  }

  /** The next one. */
  take(): Wish | undefined {
    return this.#waiting.shift();
  }

  /** All of them; none waits any more. */
  takeAll(): Wish[] {
    return this.#waiting.splice(0);
  }

  /** They come to nothing. */
  drop(problem: string): void {
    for (const wish of this.takeAll()) this.#failed(wish, problem);
  }

  /** Alone, for so long at most; then `over` is called. */
  keep(wish: Wish, ms: number, over: () => void): void {
    this.#waiting.push(wish);
    this.#expiry = setTimeout(over, ms);
  }

  /** What is kept does not end any more. */
  rest(): void {
    clearTimeout(this.#expiry);
  }
}
