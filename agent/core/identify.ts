import { endOf, identifyCause } from "./cause.ts";
import { command } from "./contract.ts";
import { interlockObjection } from "./interlock.ts";
import type { AgentEvent, AnswerTo, Cause, Effect, Instant } from "./model.ts";
import { keepOff } from "./output.ts";
import type { OutputPlan } from "./output-plan.ts";
import { endsAt } from "./output-told.ts";
import { type Blink, endPattern, patternKey } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { type Objection, refuse } from "./refusal.ts";
import type { OutputState, State } from "./state.ts";

type IdentifyRequested = Extract<AgentEvent, { type: "identify-requested" }>;

/** On and off for so long, unless the contract of the output asks for more, or for a shorter pulse. */
const half = 500;

/**
 * Blinks an output, so that somebody sees which one it is; then it is as it was before. An output that was off gets pulses; one that
 * was on goes off for moments, and what was to end it still does. Every step goes through the contract, and moves no other output.
 */
export function identify(
  plan: Plan,
  state: State,
  { output: index, forMs, from, id, ticket, at }: IdentifyRequested,
  effects: Effect[],
): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return;
  state.commands++;
  const to: AnswerTo = { via: "control", ticket };
  const cause = identifyCause(from, id);
  const onMs = Math.max(outputPlan.minOn, Math.min(half, outputPlan.pulseMax ?? half, outputPlan.maxOn ?? half));
  const offMs = Math.max(outputPlan.minOff, half);
  const rounds = Math.floor(forMs / (onMs + offMs));
  const before = beforeOf(output);
  const objection =
    objectionTo(plan, state, index, rounds, onMs + offMs, at) ??
    (endsSoon(before, outputPlan, offMs, at) ? soonObjection(outputPlan) : null);
  if (objection !== null) {
    refuse(plan, state, index, { ...objection, to, cause, at }, effects);
    return;
  }
  const blink: Blink = { rule: null, cause, onMs, offMs, before, left: rounds, rounds, dark: false, stepping: false };
  state.patterns[index] = blink;
  stepBlink(plan, state, index, blink, at, effects, to);
}

/** The next step of an output that blinks. What the contract refuses, or another output that is on by now, ends it. */
export function stepBlink(
  plan: Plan,
  state: State,
  index: number,
  blink: Blink,
  at: Instant,
  effects: Effect[],
  to: AnswerTo | null = null,
): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan || state.stopping) return;
  const { before, onMs, offMs } = blink;
  // What is to end soon ends where it is: on until then, or off already.
  const over = endsSoon(before, outputPlan, blink.dark ? 0 : offMs, at);
  if (over || (blink.left === 0 && !blink.dark)) {
    state.patterns[index] = null;
    keepOff(plan, state, index, effects);
    return;
  }
  const next = (time: Instant) => effects.push({ type: "startTimer", key: patternKey(outputPlan.id), at: time });
  // A timer of the step before may have come late.
  const allowed = output.since + (output.written === true ? outputPlan.minOn : outputPlan.minOff);
  if (to === null && at < allowed) {
    next(allowed);
    return;
  }
  const goesOn = before === null || blink.dark;
  const objection = goesOn ? partnerObjection(plan, state, index, at) : null;
  const first = blink.left === blink.rounds && !blink.dark;
  const last = blink.left === (blink.dark ? 0 : 1);
  const cause: Cause = first || (last && goesOn) ? blink.cause : { ...blink.cause, blink: true };
  if (!blink.dark) blink.left--;
  blink.dark = !goesOn;
  blink.stepping = true;
  const refused = objection ?? step(plan, state, index, { cause, blink, goesOn, to, at }, effects);
  blink.stepping = false;
  if (refused === null) next(at + (before === null ? onMs + offMs : goesOn ? onMs : offMs));
  else endPattern(plan, state, index, `${refused.reason}: ${refused.message}`, effects);
}

interface BlinkStep {
  cause: Cause;
  blink: Blink;
  goesOn: boolean;
  to: AnswerTo | null;
  at: Instant;
}

function step(plan: Plan, state: State, index: number, { cause, blink, goesOn, to, at }: BlinkStep, effects: Effect[]): Objection | null {
  const { before, onMs } = blink;
  if (!goesOn) return command(plan, state, index, "OFF", null, cause, to, at, effects);
  if (before === null) return command(plan, state, index, "ON", onMs, cause, to, at, effects);
  const left = before.pulseEnds === null ? null : before.pulseEnds - at;
  return command(plan, state, index, "ON", left, endOf(cause, before.cause), to, at, effects);
}

function objectionTo(plan: Plan, state: State, index: number, rounds: number, round: number, at: Instant): Objection | null {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return null;
  if (state.stopping) return { reason: "stopping", message: "the agent is stopping" };
  return (
    listObjection(outputPlan) ??
    busyObjection(outputPlan, output, state.patterns[index] != null) ??
    (rounds === 0
      ? { reason: "too-long", message: `to blink ${outputPlan.id} once takes ${round} ms by its contract: ask for more` }
      : null) ??
    (output.written === true ? null : partnerObjection(plan, state, index, at))
  );
}

function listObjection({ id, identify }: OutputPlan): Objection | null {
  return identify ? null : { reason: "not-allowed", message: `${id} may not be blinked: write outputs.${id}.identify: on to allow it` };
}

/** It would have no state to go back to. */
function busyObjection({ id }: OutputPlan, { waiting, starts, retry }: OutputState, plays: boolean): Objection | null {
  if (plays) return { reason: "busy", message: `${id} blinks, or a pattern plays on it: wait until that is over` };
  if (waiting === null && starts === null && retry === null) return null;
  return { reason: "busy", message: `${id} is about to be switched: wait until that is done` };
}

/** Unlike a command, this never switches another output of the interlock off, and keeps none from going on. */
function partnerObjection(plan: Plan, state: State, index: number, at: Instant): Objection | null {
  const interlock = plan.outputs[index]?.interlock;
  for (const partner of interlock?.partners ?? []) {
    const other = state.outputs[partner];
    if (other && (other.waiting !== null || other.starts !== null))
      return { reason: "interlock", message: `interlock ${interlock?.group}: ${plan.outputs[partner]?.id} is about to go on` };
  }
  return interlockObjection(plan, state, index, at, "refuse");
}

function soonObjection({ id }: OutputPlan): Objection {
  return { reason: "busy", message: `${id} goes off by itself in a moment: wait until it is off` };
}

/** It could not go on any more for as long as it must. */
function endsSoon(before: Blink["before"], { minOn }: OutputPlan, offMs: number, at: Instant): boolean {
  return before !== null && before.until !== null && at + offMs + minOn >= before.until;
}

function beforeOf(output: OutputState): Blink["before"] {
  if (output.written !== true) return null;
  const { pulseEnds, maxOnEnds } = output;
  return { pulseEnds, maxOnEnds, until: endsAt(output), cause: firstCause(output.cause) };
}

/** What was behind a state that an earlier blinking gave back. */
function firstCause(cause: Cause): Cause {
  const { blink: _, ...first } = cause.says === "IDENTIFY" ? (cause.ended ?? cause) : cause;
  return first;
}
