import { command } from "./contract.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import { endPattern, patternKey } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import type { RuleAction } from "./rule-plan.ts";
import type { State } from "./state.ts";

type PatternAction = Extract<RuleAction, { type: "pattern" }>;

/** Plays a pattern; one that plays already ends. */
export function startPattern(
  plan: Plan,
  state: State,
  { output, steps, repeat }: PatternAction,
  rule: string,
  cause: Cause,
  at: Instant,
  effects: Effect[],
): void {
  endPattern(plan, state, output, `rule ${rule} began another one`, effects);
  // A pattern that begins with a rest is one already: the output is off until its first tone.
  if (steps[0]?.active === false) command(plan, state, output, "OFF", null, cause, null, at, effects);
  state.patterns[output] = { rule, cause, steps, next: 0, left: repeat - 1, stepping: false };
  stepPattern(plan, state, output, at, effects);
}

/** The next step. Each on-time is a timed ON under the contract of the output: what the contract refuses ends the pattern. */
export function stepPattern(plan: Plan, state: State, output: number, at: Instant, effects: Effect[]): void {
  const pattern = state.patterns[output];
  const id = plan.outputs[output]?.id;
  if (!pattern || pattern.rule === null || id === undefined || state.stopping) return;
  if (pattern.next >= pattern.steps.length) {
    if (pattern.left === 0) {
      state.patterns[output] = null;
      return;
    }
    pattern.left--;
    pattern.next = 0;
  }
  const step = pattern.steps[pattern.next++];
  if (!step) return;
  if (step.active) {
    pattern.stepping = true;
    const refused = command(plan, state, output, "ON", step.ms, pattern.cause, null, at, effects);
    pattern.stepping = false;
    if (refused !== null) {
      endPattern(plan, state, output, `${refused.reason}: ${refused.message}`, effects);
      return;
    }
  }
  effects.push({ type: "startTimer", key: patternKey(id), at: at + step.ms });
}
