import { count } from "./counter.ts";
import type { Recognised } from "./gesture.ts";
import { act } from "./input.ts";
import type { InputPlan } from "./input-plan.ts";
import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { InputState, State } from "./state.ts";

/** The line of an encoder that an edge is of: `line`, or `line_b`. */
export type Phase = "a" | "b";

export interface EncoderState {
  a: boolean | undefined;
  b: boolean | undefined;
  /** Steps since the last detent; less than a whole one either way. */
  offset: number;
  /** Edges whose turn has not come, by their kernel time. */
  pending: { phase: Phase; active: boolean; at: Instant }[];
}

/**
 * The kernel hands in the edges of two lines each by itself, so the later one may come first. An edge waits so long for an earlier one of
 * the other line; what a hand turns is slower by far.
 */
export const reorder = 2;

export function newEncoder(): EncoderState {
  return { a: undefined, b: undefined, offset: 0, pending: [] };
}

/** Takes an edge; it acts when `reorder` has passed since. */
export function takePhase(plan: Plan, state: State, index: number, phase: Phase, active: boolean, at: Instant, effects: Effect[]): void {
  const encoder = state.inputs[index]?.encoder;
  const inputPlan = plan.inputs[index];
  if (!encoder || !inputPlan) return;
  const { pending } = encoder;
  let place = pending.length;
  while (place > 0 && (pending[place - 1]?.at ?? 0) > at) place--;
  pending.splice(place, 0, { phase, active, at });
  if (place === 0) effects.push({ type: "startTimer", key: inputPlan.settleKey, at: at + reorder });
}

/** Time has passed: the edges that no earlier one can follow any more turn the knob. */
export function turnNow(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.encoder || !inputPlan) return;
  turnUntil(plan, state, index, at, at, effects);
  const next = input.encoder.pending[0];
  if (next) effects.push({ type: "startTimer", key: inputPlan.settleKey, at: next.at + reorder });
}

/** The level of one line as read after edges were lost: a step, if exactly this line has moved. */
export function takePhaseGap(plan: Plan, state: State, index: number, phase: Phase, active: boolean, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.encoder || !inputPlan) return;
  turnUntil(plan, state, index, Number.POSITIVE_INFINITY, at, effects);
  effects.push({ type: "stopTimer", key: inputPlan.settleKey });
  if (input.encoder[phase] !== active) turn(plan, state, index, phase, active, at, at, effects);
}

/** The level of one line as read at the start, or when the chip has come back: no step. */
export function adoptPhase(input: InputState, phase: Phase, active: boolean): void {
  if (!input.encoder) return;
  input.encoder[phase] = active;
  input.encoder.offset = 0;
  input.encoder.pending = [];
}

function turnUntil(plan: Plan, state: State, index: number, until: Instant, now: Instant, effects: Effect[]): void {
  const pending = state.inputs[index]?.encoder?.pending;
  for (let next = pending?.[0]; pending && next && next.at + reorder <= until; next = pending[0]) {
    pending.shift();
    turn(plan, state, index, next.phase, next.active, next.at, now, effects);
  }
}

function turn(plan: Plan, state: State, index: number, phase: Phase, active: boolean, at: Instant, now: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.encoder || !inputPlan) return;
  const { encoder } = input;
  const before = quarter(encoder);
  // An edge to the level that the line has already: one between was merged with it, so nothing has moved.
  if (encoder[phase] === active) input.debounce.glitches++;
  encoder[phase] = active;
  const after = quarter(encoder);
  if (before === undefined || after === undefined || before === after) return;
  encoder.offset += after === (before + 1) % 4 ? 1 : -1;
  if (Math.abs(encoder.offset) < inputPlan.stepsPerDetent) return;
  const right = encoder.offset > 0;
  encoder.offset = 0;
  detent(plan, state, index, inputPlan, input, right, at, now, effects);
}

/** One line changes from each to the next, turned right: neither, a, both, b. */
function quarter({ a, b }: EncoderState): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a ? (b ? 2 : 1) : b ? 3 : 0;
}

function detent(
  plan: Plan,
  state: State,
  index: number,
  inputPlan: InputPlan,
  input: InputState,
  right: boolean,
  at: Instant,
  now: Instant,
  effects: Effect[],
): void {
  if (!inputPlan.counter || !input.counter) return;
  count(inputPlan.counter, input.counter, right ? 1 : -1, at, now, effects);
  const turned: Recognised = { gesture: right ? "right" : "left", duration: 0, at, count: 0, position: input.counter.pulses };
  act(plan, state, index, [turned], at, effects);
}
