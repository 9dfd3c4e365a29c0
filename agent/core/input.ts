import { command } from "./contract.ts";
import { adoptLevel, settle, takeLevel } from "./debounce.ts";
import { eventTypes, holdReached, type Recognised, recognise } from "./gesture.ts";
import type { Effect, Gesture, Instant } from "./model.ts";
import { stateWord } from "./output.ts";
import type { InputPlan, Plan, RuleAction } from "./plan.ts";
import { type InputState, isoTime, type State, seqBlock } from "./state.ts";

/** A level on the line, from an edge or from reading it after a gap. */
export function takeEdge(plan: Plan, state: State, index: number, active: boolean, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  // The loop may be late: the level before this edge may have held for its whole period.
  settleNow(plan, state, index, at, effects);
  takeLevel(input.debounce, active, at);
  if (inputPlan.debounce === 0) settleNow(plan, state, index, at, effects);
  else effects.push({ type: "startTimer", key: inputPlan.settleKey, at: at + inputPlan.debounce });
}

/** Settles the level if it has held long enough by `at`, and lets its gestures act. */
export function settleNow(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  const { debounce, gesture } = input;
  const burst = debounce.edges;
  const changed = settle(debounce, inputPlan.debounce, at);
  // Edges that came closer than the interrupt merge before they are numbered: after a burst the level is read again.
  if (burst > 1 && debounce.edges === 0) effects.push({ type: "readLevel", input: index });
  if (!changed) return;
  const active = debounce.settled === true;
  // Local first: what the gestures switch comes before what they publish.
  const recognised = recognise(gesture, active, inputPlan.hold, debounce.settledAt);
  for (const { gesture: name } of recognised) fire(plan, state, inputPlan, name, at, effects);
  if (active) effects.push({ type: "startTimer", key: inputPlan.holdKey, at: debounce.settledAt + inputPlan.hold });
  else effects.push({ type: "stopTimer", key: inputPlan.holdKey });
  effects.push({ type: "publish", ...stateOf(inputPlan, input) });
  for (const one of recognised) tell(plan, state, index, one, effects);
}

export function holdNow(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  settleNow(plan, state, index, at, effects);
  const { debounce } = input;
  if (debounce.edges > 0 && !debounce.raw) {
    // The button is being let go or bounces: wait until that has settled.
    effects.push({ type: "startTimer", key: inputPlan.holdKey, at: debounce.rawAt + inputPlan.debounce });
    return;
  }
  if (!holdReached(input.gesture, inputPlan.hold, at)) return;
  fire(plan, state, inputPlan, "hold", at, effects);
  tell(plan, state, index, { gesture: "hold", duration: inputPlan.hold, at: debounce.settledAt + inputPlan.hold }, effects);
}

/** The level as read at the start or after the chip came back: a state without a gesture, since nobody saw the press. */
export function adopt(plan: Plan, state: State, index: number, active: boolean, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  adoptLevel(input.debounce, active, at);
  input.gesture.pressedAt = undefined;
  if (input.problem !== null) state.healthVersion++;
  input.problem = null;
  effects.push({ type: "stopTimer", key: inputPlan.settleKey }, { type: "stopTimer", key: inputPlan.holdKey });
  effects.push({ type: "publish", ...stateOf(inputPlan, input) });
}

/** The line cannot be used: its state is unknown, and is said to be. */
export function lose(plan: Plan, state: State, index: number, problem: string, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan || input.problem === problem) return;
  input.problem = problem;
  state.healthVersion++;
  input.debounce.settled = undefined;
  input.debounce.edges = 0;
  input.gesture.pressedAt = undefined;
  effects.push({ type: "stopTimer", key: inputPlan.settleKey }, { type: "stopTimer", key: inputPlan.holdKey });
  effects.push({ type: "publish", ...stateOf(inputPlan, input) });
  effects.push({ type: "log", level: "error", message: `input ${inputPlan.id}: ${problem}`, fields: { input: inputPlan.id } });
}

export function stateOf(inputPlan: InputPlan, input: InputState) {
  const payload = stateWord(input.debounce.settled);
  return { kind: "state", topic: inputPlan.stateTopic, payload, qos: 1, retain: true } as const;
}

function fire(plan: Plan, state: State, inputPlan: InputPlan, gesture: Gesture, at: Instant, effects: Effect[]): void {
  for (const index of inputPlan.rules[gesture]) {
    const rule = plan.rules[index];
    const ruleState = state.rules[index];
    if (!rule || !ruleState || state.stopping) continue;
    ruleState.fired++;
    ruleState.last = at;
    for (const action of rule.actions) {
      command(plan, state, action.output, wordOf(action), action.forMs, rule.cause, null, at, effects);
    }
  }
}

/** The gesture as an event for others: published once, never retained, with a number that never repeats. */
function tell(plan: Plan, state: State, index: number, { gesture, duration, at }: Recognised, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  const eventType = eventTypes[gesture];
  if (!input || !inputPlan) return;
  input.lastGesture = gesture;
  effects.push({
    type: "log",
    level: gesture === "release" ? "debug" : "info",
    message: `${inputPlan.id} ${gesture}`,
    fields: { input: inputPlan.id },
  });
  if (eventType === null) return;
  if (input.seq + seqBlock / 10 >= input.seqLimit) {
    input.seqLimit = Math.max(input.seq, input.seqLimit) + seqBlock;
    effects.push({ type: "reserveSeq", input: index, upTo: input.seqLimit });
  }
  const seq = input.seq++;
  const payload = JSON.stringify({ event_type: eventType, duration_ms: Math.round(duration), ts: isoTime(state, at), seq });
  effects.push({ type: "publish", kind: "event", topic: inputPlan.eventTopic, payload, qos: 1, retain: false });
}

function wordOf(action: RuleAction) {
  return action.set === "on" ? "ON" : action.set === "off" ? "OFF" : action.set === "toggle" ? "TOGGLE" : "PULSE";
}
