import { counterStateOf, countLevel, resume } from "./counter.ts";
import { adoptLevel, settle, takeLevel } from "./debounce.ts";
import { decide, newGesture, overdue, type Recognised, recognise, waitsUntil } from "./gesture.ts";
import type { InputPlan } from "./input-plan.ts";
import { isoTime } from "./iso-time.ts";
import { seqBlock } from "./kept.ts";
import type { Effect, Instant } from "./model.ts";
import { publish, stateWord } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import { fire, levelSeen } from "./rule.ts";
import type { InputState, State } from "./state.ts";

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
  // Whatever this level becomes, it cannot change what was due before its edge.
  passTime(plan, state, index, at, effects);
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
  if (inputPlan.counter !== null) {
    countLevel(inputPlan, input, debounce.settled === true, debounce.settledAt, effects);
    return;
  }
  const active = debounce.settled === true;
  const counting = gesture.clicks > 0;
  // Local first: what the gestures switch comes before what they publish.
  const recognised = recognise(gesture, inputPlan.gestures, active, debounce.settledAt);
  fireGestures(plan, state, inputPlan, recognised, at, effects);
  levelSeen(plan, state, plan.listeners.inputs[index], active, { at, fresh: false, cause: null }, effects);
  if (counting) effects.push({ type: "stopTimer", key: inputPlan.windowKey });
  if (!active) effects.push({ type: "stopTimer", key: inputPlan.holdKey });
  arm(inputPlan, input, effects);
  effects.push(publish(stateOf(inputPlan, input)));
  for (const one of recognised) tell(plan, state, index, one, effects);
}

/** The timer of a gesture ran: decides what time alone has brought, unless a level that began before has not settled yet. */
export function gesturesNow(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  settleNow(plan, state, index, at, effects);
  const { debounce, gesture } = input;
  const due = waitsUntil(gesture, inputPlan.gestures);
  // It ran for something that an edge has decided since: what is waited for now has its own time.
  if (due === undefined || at < due) return;
  const pressed = gesture.pressedAt !== undefined;
  if (debounce.edges === 0 || debounce.raw === pressed) passTime(plan, state, index, at, effects);
  else effects.push({ type: "startTimer", key: keyOf(inputPlan, input), at: debounce.rawAt + inputPlan.debounce });
}

function passTime(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  const due = waitsUntil(input.gesture, inputPlan.gestures);
  if (due === undefined || at < due) return;
  const recognised = overdue(input.gesture, inputPlan.gestures, at);
  fireGestures(plan, state, inputPlan, recognised, at, effects);
  effects.push({ type: "stopTimer", key: keyOf(inputPlan, input) });
  arm(inputPlan, input, effects);
  for (const one of recognised) tell(plan, state, index, one, effects);
}

function arm(inputPlan: InputPlan, input: InputState, effects: Effect[]): void {
  const at = waitsUntil(input.gesture, inputPlan.gestures);
  if (at !== undefined) effects.push({ type: "startTimer", key: keyOf(inputPlan, input), at });
}

/** While the button is down a hold is waited for, else the next click. */
export function keyOf(inputPlan: InputPlan, { gesture }: InputState) {
  return gesture.pressedAt === undefined ? inputPlan.windowKey : inputPlan.holdKey;
}

/** The level as read at the start or after the chip came back: a state without a gesture, since nobody saw the press. */
export function adopt(plan: Plan, state: State, index: number, active: boolean, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  adoptLevel(input.debounce, active, at);
  if (input.problem !== null) {
    state.healthVersion++;
    const message = `input ${inputPlan.id}: its ${inputPlan.key === null ? "line" : "key"} came back`;
    effects.push({ type: "log", level: "info", message, fields: { event: "line-returned", input: inputPlan.id } });
  }
  input.problem = null;
  interrupt(plan, state, index, at, effects);
}

/** The line cannot be used: its state is unknown, and is said to be. */
export function lose(plan: Plan, state: State, index: number, problem: string, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan || input.problem === problem) return;
  input.problem = problem;
  state.healthVersion++;
  input.debounce.settled = undefined;
  input.debounce.edges = 0;
  interrupt(plan, state, index, at, effects);
  effects.push({
    type: "log",
    level: "error",
    message: `input ${inputPlan.id}: ${problem}`,
    fields: { event: "line-lost", input: inputPlan.id },
  });
}

/** A running press is forgotten: nobody saw its end. Clicks that were complete have happened, and are told. */
function interrupt(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  if (inputPlan.counter !== null) {
    effects.push({ type: "stopTimer", key: inputPlan.settleKey });
    resume(inputPlan, input, effects);
    return;
  }
  const clicks = decide(input.gesture);
  input.gesture = newGesture();
  fireGestures(plan, state, inputPlan, clicks, at, effects);
  for (const key of [inputPlan.settleKey, inputPlan.holdKey, inputPlan.windowKey]) effects.push({ type: "stopTimer", key });
  effects.push({ type: "publish", ...stateOf(inputPlan, input) });
  for (const one of clicks) tell(plan, state, index, one, effects);
  levelSeen(plan, state, plan.listeners.inputs[index], input.debounce.settled, { at, fresh: true, cause: null }, effects);
}

/** Gestures at once: what they switch comes before what they publish. */
export function act(plan: Plan, state: State, index: number, recognised: readonly Recognised[], at: Instant, effects: Effect[]): void {
  const inputPlan = plan.inputs[index];
  if (inputPlan) fireGestures(plan, state, inputPlan, recognised, at, effects);
  for (const one of recognised) tell(plan, state, index, one, effects);
}

export function stateOf(inputPlan: InputPlan, input: InputState) {
  const counted = counterStateOf(inputPlan, input);
  if (counted !== null) return counted;
  const payload = stateWord(input.debounce.settled);
  return { kind: "state", topic: inputPlan.stateTopic, payload, qos: 1, retain: true } as const;
}

/** The button is still down: nobody knows yet for how long. */
const lasting: ReadonlySet<string> = new Set(["press", "hold", "repeat"]);

function fireGestures(
  plan: Plan,
  state: State,
  inputPlan: InputPlan,
  recognised: readonly Recognised[],
  at: Instant,
  effects: Effect[],
): void {
  for (const { gesture, duration } of recognised)
    if (gesture !== "ongoing") fire(plan, state, inputPlan.rules[gesture], at, effects, null, lasting.has(gesture) ? 0 : duration);
}

/** They come by the dozen. */
const quiet: ReadonlySet<string> = new Set(["release", "repeat", "right", "left"]);

/** The gesture as an event for others: published once, never retained, with a number that never repeats. */
function tell(plan: Plan, state: State, index: number, recognised: Recognised, effects: Effect[]): void {
  const { gesture, duration, at, count, position } = recognised;
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  if (gesture !== "ongoing") {
    input.lastGesture = gesture;
    const level = quiet.has(gesture) ? "debug" : "info";
    effects.push({ type: "log", level, message: `${inputPlan.id} ${gesture}`, fields: { event: "gesture", input: inputPlan.id, gesture } });
  }
  const eventType = inputPlan.gestures.eventTypes[gesture];
  if (eventType === null) return;
  if (input.seq + seqBlock / 10 >= input.seqLimit) {
    input.seqLimit = Math.max(input.seq, input.seqLimit) + seqBlock;
    effects.push({ type: "reserveSeq", input: index, upTo: input.seqLimit });
  }
  const seq = input.seq++;
  // What is undefined is left out of the text.
  const clicks = count > 1 ? count : undefined;
  const lasted = position === undefined ? Math.round(duration) : undefined;
  const ts = isoTime(state, at);
  const payload = JSON.stringify({ event_type: eventType, multi_press_count: clicks, duration_ms: lasted, position, ts, seq });
  effects.push({ type: "publish", kind: "event", topic: inputPlan.eventTopic, payload, qos: 1, retain: false });
}
