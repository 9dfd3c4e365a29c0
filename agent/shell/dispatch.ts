import type { AgentEvent, Effect } from "../core/model.ts";
import { reduce } from "../core/reduce.ts";
import type { Carry } from "../core/reload.ts";
import type { State } from "../core/state.ts";
import type { Current } from "./current.ts";

/** Does one effect. What came of it returns as an event through `observed`, before any other event is reduced. */
export type Performer = (effect: Effect) => void;

/** With what the state was carried over to a new plan. */
export interface Carried extends Pick<Carry, "anew" | "kept" | "totals" | "at"> {
  firstSeq: ReadonlyMap<string, number>;
}

/** Sees every turn when it is done, and every reload before its effects are: they change what was kept. */
export interface Witness {
  turned(current: Current, event: AgentEvent, effects: readonly Effect[]): void;
  replaced?(current: Current, carried: Carried, effects: readonly Effect[]): void;
}

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
  /** Recordings, edge logs and profiles. */
  readonly witnesses = new Set<Witness>();

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
        const effects = reduce(this.#current.plan, this.#current.state, next);
        for (const effect of effects) this.#perform(effect);
        // Last, so that no relay waits for it.
        if (this.witnesses.size > 0) for (const witness of this.witnesses) witness.turned(this.#current, next, effects);
      }
    } finally {
      this.#turning = false;
    }
    this.#afterTurn();
  }

  /** A reload: everything is indexed anew, so no event may be half done or waiting. `effects` are done under the new plan. */
  replace(next: Current, effects: readonly Effect[], carried: Carried): void {
    if (this.#turning) throw new Error("a plan is replaced between two events, not within one");
    this.#current = next;
    for (const witness of this.witnesses) witness.replaced?.(next, carried, effects);
    for (const effect of effects) this.#perform(effect);
    this.#afterTurn();
  }

  /** The result of an effect that is being performed. */
  observed(event: AgentEvent): void {
    if (this.#turning) this.#observed.push(event);
    else this.dispatch(event);
  }
}
