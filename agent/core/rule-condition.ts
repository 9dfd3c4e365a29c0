import type { Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { Condition, LevelKind } from "./rule-plan.ts";
import type { State } from "./state.ts";
import { valueNow } from "./value.ts";

const day = 86_400_000;
const minute = 60_000;

/** Whether a condition is true; undefined when that is not known: a line that is not ours, a clock that is not set. */
function holds(plan: Plan, state: State, condition: Condition, at: Instant): boolean | undefined {
  switch (condition.kind) {
    case "value":
      return valueNow(plan, state, condition.ref, at).is === "known" ? (state.sides[condition.index] ?? undefined) : undefined;
    case "input":
      return same(state.inputs[condition.index]?.debounce.settled, condition.want);
    case "output":
      return same(state.outputs[condition.index]?.written, condition.want);
    case "rule":
      return same(state.rules[condition.index]?.enabled, condition.want);
    case "fired": {
      const last = state.rules[condition.index]?.last ?? null;
      return last !== null && at - last <= condition.within;
    }
    case "peer":
      return same(state.peers[condition.index]?.online ?? undefined, condition.want);
    case "stale":
      return same(state.peers[condition.index]?.stale, condition.want);
    case "broker":
      return state.link.online === condition.want;
    case "time":
      return state.clockSet ? within(condition, at + state.clockOffset + state.zone) : undefined;
  }
}

function same(found: boolean | undefined, want: boolean): boolean | undefined {
  return found === undefined ? undefined : found === want;
}

/** `local` = milliseconds since 1970 on the clock on the wall. A window over midnight belongs to the day on which it began. */
function within({ from, to, days }: Extract<Condition, { kind: "time" }>, local: number): boolean {
  const date = Math.floor(local / day);
  const now = Math.floor((local - date * day) / minute);
  const inside = from <= to ? now >= from && now < to : now >= from || now < to;
  if (!inside || days.length === 0) return inside;
  const began = from > to && now < to ? date - 1 : date;
  // 1970 began on a Thursday.
  return days.includes((((began + 4) % 7) + 7) % 7);
}

/** Whether what a trigger with `for` waits for is so. */
export function isSo(plan: Plan, state: State, on: LevelKind, index: number, want: boolean): boolean {
  return holds(plan, state, on === "broker" ? { kind: on, want } : { kind: on, index, want }, 0) === true;
}

/**
 * Whether all of `and` is so, and none of `unless`. What is not known is no permission: a rule that must not run at night does not run
 * while the clock is not set.
 */
export function mayRun(
  plan: Plan,
  state: State,
  { and, unless }: { and: readonly Condition[]; unless: readonly Condition[] },
  at: Instant,
): boolean {
  return (
    and.every((condition) => holds(plan, state, condition, at) === true) &&
    unless.every((condition) => holds(plan, state, condition, at) === false)
  );
}
