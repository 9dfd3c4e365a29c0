import { stepsOf } from "./cause.ts";
import { minOnObjection } from "./minimum.ts";
import type { Cause, Effect, Instant, SetRequest, TimerKey } from "./model.ts";
import { drive } from "./output.ts";
import { endsAt } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import { type Objection, refuse } from "./refusal.ts";
import type { OutputState, State } from "./state.ts";

// Outputs of one group are never on together. One goes on only when all others were seen to be off for the dead time: what counts is
// the observed write, so an off-write that fails keeps the next one from going on.

/** Why an ON for this output must be refused because of its partners; null when it may be served, at once or after the dead time. */
export function interlockObjection(
  plan: Plan,
  state: State,
  index: number,
  at: Instant,
  mode = plan.outputs[index]?.interlock?.mode,
): Objection | null {
  const interlock = plan.outputs[index]?.interlock;
  const output = state.outputs[index];
  if (!interlock || !output || output.written === true) return null;
  const name = `interlock ${interlock.group}`;
  for (const partner of interlock.partners) {
    const other = state.outputs[partner];
    const otherPlan = plan.outputs[partner];
    if (!other || !otherPlan) continue;
    if (other.written === undefined)
      return { reason: "interlock", message: `${name}: it is not known whether ${otherPlan.id} is off, its line is not ours` };
    if (!mayBeOn(other)) continue;
    if (other.locked) return { reason: "interlock", message: `${name}: ${otherPlan.id} is on and locked` };
    if (mode === "refuse") {
      const ends = endsAt(other);
      return {
        reason: "interlock",
        message: `${name}: ${otherPlan.id} is on`,
        allowedAt: ends === null ? null : ends + interlock.deadTime,
      };
    }
    const objection = minOnObjection(otherPlan, other, at);
    if (objection) return { ...objection, message: `${name}: ${objection.message}` };
  }
  if (mode === "switch") return null;
  const clear = clearAt(plan, state, index);
  if (clear === null || at >= clear) return null;
  return { reason: "interlock", message: `${name}: the dead time of ${interlock.deadTime} ms is not over`, allowedAt: clear };
}

/** Switches on: at once, or after the partners were switched off and the dead time is over. */
export function switchOn(plan: Plan, state: State, index: number, request: SetRequest, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return;
  const { interlock } = outputPlan;
  if (interlock && output.written !== true) {
    for (const partner of interlock.partners) {
      const other = state.outputs[partner];
      // A line that is not ours cannot be driven; at the start it is opened in a moment, and off.
      if (!other || other.written === undefined || !mayBeOn(other)) continue;
      const [text, detail] = [`interlock ${interlock.group}`, `${outputPlan.id} goes on`];
      const cause: Cause = { kind: "interlock", text, detail, chain: stepsOf(request.cause) };
      other.wanted = false;
      drive(partner, false, cause, effects);
    }
    output.waiting = { request, until: null };
    proceed(plan, state, index, at, effects);
    return;
  }
  output.wanted = true;
  // A running pulse does not end here: if the line does not take this write, it is all that switches off.
  effects.push({ type: "setOutput", output: index, active: true, request });
}

/** After an observed write or a timer: goes on with an ON that waits, as far as the partners allow. */
export function proceed(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output?.waiting || !outputPlan) return;
  const clear = clearAt(plan, state, index);
  if (clear === null) return;
  if (at < clear) {
    if (output.waiting.until === clear) return;
    output.waiting.until = clear;
    effects.push({ type: "startTimer", key: outputPlan.interlockKey, at: clear });
    return;
  }
  const { request } = output.waiting;
  endWait(output, outputPlan.interlockKey, effects);
  output.wanted = true;
  effects.push({ type: "setOutput", output: index, active: true, request });
}

/** The partners of an output whose write was observed may go on now, or know now when. */
export function proceedPartners(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  for (const partner of plan.outputs[index]?.interlock?.partners ?? []) proceed(plan, state, partner, at, effects);
}

/** Ends the waits of a whole group; whoever wanted to go on is told why. */
export function cancelWaits(plan: Plan, state: State, index: number, why: Objection, at: Instant, effects: Effect[]): void {
  cancelWait(plan, state, index, why, at, effects);
  for (const partner of plan.outputs[index]?.interlock?.partners ?? []) cancelWait(plan, state, partner, why, at, effects);
}

export function cancelWait(plan: Plan, state: State, index: number, why: Objection, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output?.waiting || !outputPlan) return;
  const { cause, answer } = output.waiting.request;
  endWait(output, outputPlan.interlockKey, effects);
  refuse(plan, state, index, { ...why, to: answer, cause, at }, effects);
}

function endWait(output: OutputState, key: TimerKey, effects: Effect[]): void {
  output.waiting = null;
  effects.push({ type: "stopTimer", key });
}

/** On as last seen, or asked for and not confirmed yet, or not confirmed at all and still to be taken back. */
export function mayBeOn(output: OutputState): boolean {
  return output.written !== false || output.wanted === true || output.retry !== null;
}

/** When the dead time after the last partner is over; null while one of them is not seen to be off. */
function clearAt(plan: Plan, state: State, index: number): Instant | null {
  const interlock = plan.outputs[index]?.interlock;
  let clear = Number.NEGATIVE_INFINITY;
  for (const partner of interlock?.partners ?? []) {
    const other = state.outputs[partner];
    // Nothing is known of a write that is not observed yet.
    if (other?.written !== false || other.wanted !== undefined || other.retry !== null) return null;
    clear = Math.max(clear, other.since + (interlock?.deadTime ?? 0));
  }
  return clear;
}
