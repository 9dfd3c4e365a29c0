import type { AgentEvent, Effect } from "../core/model.ts";
import type { Plan } from "../core/plan.ts";
import { reduce } from "../core/reduce.ts";
import type { State } from "../core/state.ts";

/** Does one effect. What came of it returns as an event through `observed`, before any other event is reduced. */
export type Performer = (effect: Effect) => void;

/**
 * The one loop, and the only mutable state: event → reduce → effects. Events that arrive while it turns wait in order;
 * observed results of effects go first, so that the core never decides on a level that is already old.
 */
export class Dispatch {
  readonly #plan: Plan;
  readonly #state: State;
  readonly #queue: AgentEvent[] = [];
  readonly #observed: AgentEvent[] = [];
  #perform: Performer = () => {};
  #afterTurn: () => void = () => {};
  #turning = false;
  /** Events reduced so far; grows whenever the loop does real work. */
  turns = 0;

  constructor(plan: Plan, state: State) {
    this.#plan = plan;
    this.#state = state;
  }

  get state(): Readonly<State> {
    return this.#state;
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
        for (const effect of reduce(this.#plan, this.#state, next)) this.#perform(effect);
      }
    } finally {
      this.#turning = false;
    }
    this.#afterTurn();
  }

  /** The result of an effect that is being performed. */
  observed(event: AgentEvent): void {
    if (this.#turning) this.#observed.push(event);
    else this.dispatch(event);
  }
}
