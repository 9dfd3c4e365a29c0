import type { AgentEvent, Effect } from "../core/model.ts";
import { reduce } from "../core/reduce.ts";
import type { State } from "../core/state.ts";
import type { Current } from "./current.ts";

/** Does one effect. What came of it returns as an event through `observed`, before any other event is reduced. */
export type Performer = (effect: Effect) => void;

/**
 * The one loop, and the only mutable state: event → reduce → effects. Events that arrive while it turns wait in order;
 * observed results of effects go first, so that the core never decides on a level that is already old.
 */
export class Dispatch {
  #current: Current;
  readonly #queue: AgentEvent[] = [];
  readonly #observed: AgentEvent[] = [];
  #perform: Performer = () => {};
  #afterTurn: () => void = () => {};
  #turning = false;
  /** Events reduced so far; grows whenever the loop does real work. */
  turns = 0;

  constructor(current: Current) {
    this.#current = current;
  }

  /** What holds now; another object after a reload. */
  get current(): Current {
    return this.#current;
  }

  get state(): Readonly<State> {
    return this.#current.state;
  }

  /** `perform` does the effects; `afterTurn` runs when the queue is empty again. */
  connect(perform: Performer, afterTurn: () => void): void {
    this.#perform = perform;
    this.#afterTurn = afterTurn;
  }

  dispatch(event: AgentEvent): void {
    this.#queue.push(event);
    if (this.#turning) return;
    this.#turning = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#observed.shift() ?? this.#queue.shift()) {
        this.turns++;
        for (const effect of reduce(this.#current.plan, this.#current.state, next)) this.#perform(effect);
      }
    } finally {
      this.#turning = false;
    }
    this.#afterTurn();
  }

  /** A reload: everything is indexed anew, so no event may be half done or waiting. `effects` are done under the new plan. */
  replace(next: Current, effects: readonly Effect[]): void {
    if (this.#turning) throw new Error("a plan is replaced between two events, not within one");
    this.#current = next;
    for (const effect of effects) this.#perform(effect);
    this.#afterTurn();
  }

  /** The result of an effect that is being performed. */
  observed(event: AgentEvent): void {
    if (this.#turning) this.#observed.push(event);
    else this.dispatch(event);
  }
}
