import type { Cause, Effect, Instant, TimerKey } from "./model.ts";
import { keepOff } from "./output.ts";
import type { PatternStep } from "./pattern-plan.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/** A pattern that plays on an output. Each of its on-times is a pulse of the output, which ends also when nobody remembers the pattern. */
export interface Pattern {
  /** The rule by id: a reload may number them anew. */
  rule: string;
  cause: Cause;
  steps: readonly PatternStep[];
  /** The next step. */
  next: number;
  /** Rounds to be played after this one. */
  left: number;
  /** Its own command is on the way. */
  stepping: boolean;
}

/** An output that shows which one it is: off and on again, or the other way round. */
export interface Blink {
  rule: null;
  cause: Cause;
  onMs: number;
  offMs: number;
  /** What it was like, if it was on: it goes back to that with each step on. `until` is when that ends. */
  before: { pulseEnds: Instant | null; maxOnEnds: Instant | null; until: Instant | null; cause: Cause } | null;
  /** Rounds that are still to begin, and all of them. */
  left: number;
  rounds: number;
  /** It was on before, and is off for this moment. */
  dark: boolean;
  stepping: boolean;
}

export function patternKey(id: string): TimerKey {
  return `pattern:${id}`;
}

/** Ends the pattern of an output; what the output does now is up to whoever ends it. Nothing happens when there is none. */
export function endPattern(plan: Plan, state: State, output: number, why: string, effects: Effect[]): void {
  if (forgetPattern(plan, state, output, why, effects)) keepOff(plan, state, output, effects);
}

/** The same for the exit and for a line that is let go: what was on before it blinked is on again after the start. Returns whether there was one. */
export function forgetPattern(plan: Plan, state: State, output: number, why: string, effects: Effect[]): boolean {
  const pattern = state.patterns[output];
  const id = plan.outputs[output]?.id;
  if (!pattern || pattern.stepping || id === undefined) return false;
  state.patterns[output] = null;
  effects.push({ type: "stopTimer", key: patternKey(id) });
  const { rule } = pattern;
  const what = rule === null ? `identify of ${id}` : `the pattern of rule ${rule} on ${id}`;
  const fields = { event: "pattern-ended", ...(rule === null ? {} : { rule }), output: id, reason: why } as const;
  effects.push({ type: "log", level: "info", message: `${what} ended: ${why}`, fields });
  return true;
}
