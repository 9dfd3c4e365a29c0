import { waitsUntil } from "./gesture.ts";
import type { AgentEvent, Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { carryRecorded, effectsText, eventOf, type RecordingLine, reloadOf, snapshotOf } from "./recording.ts";
import { reduce } from "./reduce.ts";
import type { State } from "./state.ts";

/** What the core made of one recorded line, now. */
export interface Replayed {
  /** The event and the state after it; undefined for a reload. */
  event?: AgentEvent;
  at: Instant;
  plan: Plan;
  state: State;
  effects: Effect[];
  /** The effects as text, now and as recorded: equal to the byte when the core decides as it did. */
  now: string;
  recorded: string;
}

/** An agent whose loop is later than this for a timer does not run. */
const maxLate = 3_600_000;

/**
 * Feeds recorded lines to the core, every event as it was: observed writes, timers and lost lines included. `planOf` makes the plan of
 * a recorded configuration. Throws SyntaxError (and whatever the core makes of an event that is none) for a line that pinbus did not write.
 */
export class Replay {
  readonly #planOf: (config: string) => Plan;
  #plan: Plan | undefined;
  #state: State | undefined;

  constructor(planOf: (config: string) => Plan) {
    this.#planOf = planOf;
  }

  /** Undefined for a line that is no turn of the core. */
  feed(line: RecordingLine): Replayed | undefined {
    switch (line.kind) {
      case "snapshot": {
        const snapshot = snapshotOf(line.snapshot);
        this.#plan = this.#planOf(snapshot.config);
        this.#state = snapshot.state;
        return undefined;
      }
      case "gap":
        // Until the snapshot that follows there is nothing to build on.
        this.#plan = undefined;
        return undefined;
      case "end":
        return undefined;
      case "event": {
        const { plan, state } = this.#current();
        const event = eventOf(plan, line.event);
        if (!event) throw new SyntaxError("it names an input, output, sensor or rule that is not in the recorded configuration");
        checkWaits(plan, state, event);
        const effects = reduce(plan, state, event);
        return { event, at: event.at, plan, state, ...texts(plan, effects, line.effects) };
      }
      case "reload": {
        const { plan, state } = this.#current();
        const reload = reloadOf(line.reload);
        const next = this.#planOf(reload.config);
        const carried = carryRecorded(plan, state, next, reload);
        this.#plan = next;
        this.#state = carried.state;
        return { at: reload.at, plan: next, state: carried.state, ...texts(next, carried.effects, line.effects) };
      }
    }
  }

  #current(): { plan: Plan; state: State } {
    const [plan, state] = [this.#plan, this.#state];
    if (!plan || !state) throw new SyntaxError("there is no snapshot before it");
    return { plan, state };
  }
}

/** Hours of overdue repeats in one event have not been recorded: they would only fill the memory. */
function checkWaits(plan: Plan, state: State, event: AgentEvent): void {
  const owner = event.type === "timer-due" ? plan.timers.get(event.key) : event;
  if (owner === undefined || !("input" in owner)) return;
  const [inputPlan, input] = [plan.inputs[owner.input], state.inputs[owner.input]];
  const due = inputPlan && input && waitsUntil(input.gesture, inputPlan.gestures);
  if (due !== undefined && event.at - due > maxLate)
    throw new SyntaxError("it comes hours after a timer that was never due: events are missing");
}

function texts(plan: Plan, effects: Effect[], recorded: readonly unknown[]): Pick<Replayed, "effects" | "now" | "recorded"> {
  return { effects, now: effectsText(plan, effects), recorded: JSON.stringify(recorded) };
}
