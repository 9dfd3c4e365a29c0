import { factsOf } from "../core/cause.ts";
import { type CounterState, rateOf, totalOf } from "../core/counter.ts";
import type { InputPlan } from "../core/input-plan.ts";
import { isoTime } from "../core/iso-time.ts";
import { reasonOf, refusalOf } from "../core/reason.ts";
import type { InputState, State } from "../core/state.ts";
import type { Change, CounterView } from "../protocol.ts";

/** What was counted, as control clients see it; undefined for an input that counts nothing. */
export function counterView(inputPlan: InputPlan | undefined, input: InputState | undefined): CounterView | undefined {
  const plan = inputPlan?.counter;
  const counter = input?.counter;
  if (!plan || !counter) return undefined;
  const measured = plan.kind === "counter";
  return {
    total: totalOf(plan, counter.pulses),
    unit: plan.unit,
    rate: measured && input.problem === null ? rateOf(plan, counter.rate) : null,
    rate_unit: measured ? plan.rateUnit : null,
    pulses: counter.pulses,
    lost: counter.missed,
  };
}

/** How often a total was set, newest first. */
export function counterChanges(state: Readonly<State>, { history }: CounterState): Change[] {
  return history
    .map(({ at, text, cause, refused }): Change => {
      const said = refused ? refusalOf(text, cause) : `${text} because ${reasonOf(cause)}`;
      return {
        at: isoTime(state, at),
        state: refused ? "REFUSED" : "SET",
        cause: cause.text,
        detail: cause.detail,
        ...factsOf(cause),
        text: said,
        until: null,
      };
    })
    .reverse();
}
