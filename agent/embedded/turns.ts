import type { Aedes } from "aedes";

/** What one turn of the loop takes of all connections: a packet counts as one, or as its kilobytes. */
const perTurn = 200;
/** How soon to look again while there is enough to do. */
const busyFor = 1;

/** Gives what it has, for one turn, and says how much that was and whether there is more. */
export type Take = () => { cost: number; more: boolean };

/**
 * Whose packets the broker looks at next: one connection after the other, as long as it keeps up. However much one sends, and however many subscribers get
 * it, the others come in between.
 */
export class Turns {
  readonly #isBusy: () => boolean;
  #waiting: Take[] = [];
  #left = perTurn;
  #scheduled = false;

  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** At once, if nobody waits. */
  join(take: Take): void {
    this.#waiting.push(take);
    if (this.#waiting.length === 1) this.#serve();
    else this.#schedule();
  }

  #serve(): void {
    for (let count = this.#waiting.length; count > 0 && this.#left > 0 && !this.#isBusy(); count--) {
      const take = this.#waiting[0];
      const taken = take?.();
      this.#waiting.shift();
      if (taken) this.#left -= Math.max(1, taken.cost);
      if (take && taken?.more) this.#waiting.push(take);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || (this.#waiting.length === 0 && this.#left === perTurn)) return;
    this.#scheduled = true;
    const next = () => {
      this.#scheduled = false;
      this.#left = perTurn;
      this.#serve();
    };
    if (this.#isBusy()) setTimeout(next, busyFor);
    else setImmediate(next);
  }
}

/** How many messages wait for those before them, of which a subscriber has not been given one. */
export function backlogOf(aedes: Aedes): number {
  return (aedes as unknown as { mq: { length: number } }).mq.length;
}
