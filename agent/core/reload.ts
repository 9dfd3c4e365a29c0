import type { Config, InputConfig, OutputConfig, PwmConfig } from "../../config/schema.ts";
import type { LineName } from "../../gpio/line.ts";
import { newOwlcms, settleOwlcms } from "../profile/owlcms/platform.ts";
import { carryControllers } from "./controller-reload.ts";
import { resume } from "./counter.ts";
import { newDebounce } from "./debounce.ts";
import { rearmFailsafe } from "./failsafe.ts";
import { waitsUntil } from "./gesture.ts";
import { keyOf } from "./input.ts";
import type { InputPlan } from "./input-plan.ts";
import type { KeptSource, TotalSource } from "./kept.ts";
import type { Effect, Instant } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import { attrOf, endsAt } from "./output-told.ts";
import { carryPeers, rearmPeer, watchPeer } from "./peer.ts";
import type { Plan, TimerOwner } from "./plan.ts";
import { armSilence, disarmSilence } from "./pwm.ts";
import { carryRules } from "./rule-reload.ts";
import { carrySensors } from "./sensor.ts";
import { type InputState, newState, type OutputState, type State } from "./state.ts";

/** What a reload does to lines, by id of the input or output. */
export interface LineChanges {
  /** Outputs that let go of their line: removed, or moved to another one. They go to their exit states first. */
  leaving: ReadonlySet<string>;
  /** In both configurations, on another line or with another polarity or pull: released, and requested anew. */
  anew: ReadonlySet<string>;
}

/** Compares the lines of two configurations. `same` says whether two names mean one line: `17` and `pin11` do. */
export function lineChanges(before: Config, after: Config, same: (a: LineName, b: LineName) => boolean): LineChanges {
  const leaving = new Set<string>();
  const anew = new Set<string>();
  for (const [id, old] of Object.entries(before.outputs)) {
    const now = Object.hasOwn(after.outputs, id) ? after.outputs[id] : undefined;
    const stays = now !== undefined && samePlug(old, now, same);
    // With another polarity on the same line its exit state would be one more edge on the way to its start state.
    if (!stays) leaving.add(id);
    // An id that was a relay and is a PWM now is another line.
    if (now ? !stays || old.active !== now.active : Object.hasOwn(after.pwm, id)) anew.add(id);
  }
  for (const [id, old] of Object.entries(before.pwm)) {
    const now = Object.hasOwn(after.pwm, id) ? after.pwm[id] : undefined;
    const stays = now !== undefined && samePlace(old, now, same);
    if (!stays) leaving.add(id);
    if (now ? !stays || signal(old) !== signal(now) : Object.hasOwn(after.outputs, id)) anew.add(id);
  }
  for (const [id, old] of Object.entries(before.inputs)) {
    const now = Object.hasOwn(after.inputs, id) ? after.inputs[id] : undefined;
    if (now && (!sameSource(old, now, same) || requested(old) !== requested(now))) anew.add(id);
  }
  return { leaving, anew };
}

/** A plug is driven from the start on: what changes of it needs a restart. */
function samePlug(a: OutputConfig, b: OutputConfig, same: (a: LineName, b: LineName) => boolean): boolean {
  return a.line === null || b.line === null ? a.line === b.line : same(a.line, b.line);
}

function sameSource(a: InputConfig, b: InputConfig, same: (a: LineName, b: LineName) => boolean): boolean {
  if (a.line !== null && b.line !== null) return same(a.line, b.line);
  return a.line === b.line && a.evdev === b.evdev && a.key === b.key && a.grab === b.grab;
}

function samePlace(a: PwmConfig, b: PwmConfig, same: (a: LineName, b: LineName) => boolean): boolean {
  if (a.line !== null && b.line !== null) return same(a.line, b.line);
  return a.line === b.line && a.chip === b.chip && a.channel === b.channel;
}

/** What a level of a PWM means on the wire: with another meaning it starts anew. */
function signal({ kind, frequency, active, min, gamma, pulse }: PwmConfig): string {
  return JSON.stringify([kind, frequency, active, min, gamma, pulse]);
}

/** What else the request for an input says. */
function requested({ active, bias, debounce, edge, kind, line_b }: InputConfig): string {
  const own = typeof debounce === "number" ? null : debounce.kernel;
  // A counter asks for its edges alone, while nothing has to settle here.
  const edges = kind === "counter" ? (typeof debounce === "number" && debounce > 0 ? "both" : edge) : null;
  return JSON.stringify([active, bias, own, edges, line_b]);
}

export interface Carry {
  old: Plan;
  state: State;
  next: Plan;
  anew: ReadonlySet<string>;
  /** The first free event number of an input that is new, or of a rule (`ruleSeqId`). */
  firstSeq(id: string): number;
  /** What an output that is new brings from the last time that it was configured. */
  kept: KeptSource;
  /** The same of a counter. */
  totals: TotalSource;
  at: Instant;
}

export interface CarriedOver {
  state: State;
  /** Timers that end or get another time, retained topics that changed or are cleared: to be done with the new plan. */
  effects: Effect[];
  /** Topics of what is no longer configured. */
  cleared: string[];
}

/**
 * The state under a new plan, without an event: what keeps its line keeps its level, its timers, its cause and its running press;
 * what is new, or requested anew, waits for its line.
 */
export function carryOver({ old, state, next, anew, firstSeq, kept: before, totals, at }: Carry): CarriedOver {
  const effects: Effect[] = [];
  for (const [key, owner] of old.timers) {
    const id = ownerId(old, owner);
    if (!next.timers.has(key) || (id !== undefined && anew.has(id))) effects.push({ type: "stopTimer", key });
  }
  const fresh = newState(next, firstSeq, before, totals);
  const inputs = next.inputs.map((plan, index): InputState => {
    const [before, kept] = find(plan.id, old.inputs, old.inputIndex, state.inputs);
    const first = fresh.inputs[index] as InputState;
    if (!before || !kept) return first;
    if (anew.has(plan.id)) {
      const debounce = { ...newDebounce(), glitches: kept.debounce.glitches };
      // Clicks that were complete have happened: they are told when the level is read.
      return { ...kept, debounce, problem: null, counter: kept.counter && { ...kept.counter, reporting: false } };
    }
    return rearm(before, plan, kept, at, effects);
  });
  const carried: State = {
    ...state,
    inputs,
    outputs: [],
    rules: [],
    controllers: [],
    patterns: [],
    peers: carryPeers(old, state, next),
    sensors: carrySensors(old, state, next, fresh.sensors, at, effects),
    owlcms: next.owlcms === null ? newOwlcms(null) : { ...state.owlcms },
    healthVersion: state.healthVersion + 1,
  };
  carried.outputs = next.outputs.map((plan, index): OutputState => {
    const [before, kept] = find(plan.id, old.outputs, old.outputIndex, state.outputs);
    const first = fresh.outputs[index] as OutputState;
    if (!before || !kept) return first;
    if (anew.has(plan.id)) {
      const { cause, since, history, answers, locked, kept: level } = kept;
      return { ...first, cause, since, history, answers, locked, kept: level };
    }
    if (plan.startFrom === "last" && before.startFrom !== "last") {
      effects.push({ type: "keepOutput", output: index, locked: kept.locked, level: kept.kept });
    }
    return redate(before, plan, limit(before, plan, kept, carried, effects), effects);
  });
  for (const [index, { id }] of next.outputs.entries()) {
    const plan = old.outputs[old.outputIndex.get(id) ?? -1];
    if (!plan || anew.has(id)) continue;
    rearmSilence(plan, next.outputs[index], at, effects);
    const output = carried.outputs[index];
    if (output && JSON.stringify(plan.pwm?.curve) !== JSON.stringify(next.outputs[index]?.pwm?.curve)) {
      output.curve = null;
      const place = next.curves.findIndex((list) => list.some((one) => one.output === index));
      const key = next.sensors[place]?.staleKey;
      if (carried.sensors[place]?.stale && key) effects.push({ type: "startTimer", key, at });
    }
    rearmFailsafe(plan, next, carried, index, at, effects);
    rearmPeer(old, plan, next, carried, index, at, effects);
  }
  for (const index of next.peers.keys()) watchPeer(next, carried, index, at, effects);
  carryRules({ old, state, next, anew, at }, fresh, carried, effects);
  carryControllers({ old, state, next, at }, fresh, carried, effects);
  settleOwlcms(next, carried, at, effects);
  const wanted = new Set(retainedTopics(next));
  const cleared = retainedTopics(old).filter((topic) => !wanted.has(topic));
  for (const topic of cleared) effects.push({ type: "publish", kind: "state", topic, payload: "", qos: 1, retain: true });
  return { state: carried, effects, cleared };
}

function ownerId(plan: Plan, owner: TimerOwner): string | undefined {
  // Rules are compared by what they say, not by lines.
  if (!("input" in owner || "output" in owner)) return undefined;
  return "input" in owner ? plan.inputs[owner.input]?.id : plan.outputs[owner.output]?.id;
}

function find<P, S>(
  id: string,
  plans: readonly P[],
  index: ReadonlyMap<string, number>,
  states: readonly S[],
): [P | undefined, S | undefined] {
  const at = index.get(id);
  return at === undefined ? [undefined, undefined] : [plans[at], states[at]];
}

/** A deadline that was set with the old times would come too early for the new ones and never again, or too late. */
function rearm(before: InputPlan, plan: InputPlan, kept: InputState, at: Instant, effects: Effect[]): InputState {
  const { debounce } = kept;
  retell(before, plan, kept, at, effects);
  if (plan.debounce !== before.debounce && debounce.edges > 0) {
    effects.push({ type: "startTimer", key: plan.settleKey, at: debounce.rawAt + plan.debounce });
  }
  const [was, is] = [before.gestures, plan.gestures];
  if (was.hold === is.hold && was.window === is.window && was.repeat === is.repeat) return kept;
  const gesture = { ...kept.gesture };
  // Repeats that the new times would have brought already are not made up for.
  if ((was.hold !== is.hold || was.repeat !== is.repeat) && gesture.pressedAt !== undefined && is.repeat !== null) {
    gesture.repeats = Math.max(0, Math.floor((at - gesture.pressedAt - is.hold) / is.repeat));
  }
  const input = { ...kept, gesture };
  const due = waitsUntil(gesture, is);
  if (due !== waitsUntil(kept.gesture, was)) {
    const key = keyOf(plan, input);
    effects.push(due === undefined ? { type: "stopTimer", key } : { type: "startTimer", key, at: due });
  }
  return input;
}

/** Another unit is another total; what waits for its report comes as the new time says. */
function retell(before: InputPlan, plan: InputPlan, kept: InputState, at: Instant, effects: Effect[]): void {
  if (kept.counter === null || JSON.stringify(before.counter) === JSON.stringify(plan.counter)) return;
  resume(plan, kept, effects);
  if (kept.counter.reporting && plan.counter !== null)
    effects.push({ type: "startTimer", key: plan.counter.reportKey, at: Math.max(at, kept.counter.reportedAt + plan.counter.report) });
}

/** max_on counts from the moment the output went on, so a new one may be over already: then it ends now. min_on holds a pulse up. */
function limit(before: OutputPlan, plan: OutputPlan, kept: OutputState, state: State, effects: Effect[]): OutputState {
  const pulseEnds = kept.pulseEnds === null ? null : Math.max(kept.pulseEnds, kept.since + plan.minOn);
  const [limits, holds] = [plan.maxOn !== before.maxOn, pulseEnds !== kept.pulseEnds];
  if (kept.written !== true || !(limits || holds)) return kept;
  const maxOnEnds = plan.maxOn === null ? null : kept.since + plan.maxOn;
  const output = { ...kept, pulseEnds, maxOnEnds: limits ? maxOnEnds : kept.maxOnEnds };
  if (limits)
    effects.push(
      maxOnEnds === null ? { type: "stopTimer", key: plan.maxOnKey } : { type: "startTimer", key: plan.maxOnKey, at: maxOnEnds },
    );
  if (holds && pulseEnds !== null) effects.push({ type: "startTimer", key: plan.pulseKey, at: pulseEnds });
  output.until = endsAt(output);
  if (output.until !== kept.until) effects.push({ type: "publish", ...attrOf(state, plan, output) });
  return output;
}

/** With another silence it begins anew. */
function rearmSilence(before: OutputPlan, plan: OutputPlan | undefined, at: Instant, effects: Effect[]): void {
  if (!plan || JSON.stringify(before.pwm?.silence) === JSON.stringify(plan.pwm?.silence)) return;
  if (plan.pwm?.silence) armSilence(plan, at, effects);
  else disarmSilence(before, effects);
}

/** An ON that waits for its partners to have been off for the dead time. */
function redate(before: OutputPlan, plan: OutputPlan, kept: OutputState, effects: Effect[]): OutputState {
  const [was, is] = [before.interlock?.deadTime ?? 0, plan.interlock?.deadTime ?? 0];
  if (kept.waiting?.until == null || was === is) return kept;
  const until = kept.waiting.until - was + is;
  effects.push({ type: "startTimer", key: plan.interlockKey, at: until });
  return { ...kept, waiting: { ...kept.waiting, until } };
}

/** Of inputs, outputs, rules, controllers and sensors. */
function retainedTopics(plan: Plan): string[] {
  return [
    ...plan.inputs.map(({ stateTopic }) => stateTopic),
    ...plan.outputs.flatMap(({ stateTopic, attrTopic }) => [stateTopic, attrTopic]),
    ...plan.rules.map(({ stateTopic }) => stateTopic),
    ...plan.controllers.map(({ stateTopic }) => stateTopic),
    ...plan.sensors.flatMap(({ published, stateTopic, availabilityTopic, qualityTopic }) =>
      published ? [stateTopic, availabilityTopic, qualityTopic] : [],
    ),
  ];
}
