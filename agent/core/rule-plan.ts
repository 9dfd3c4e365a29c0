import type { Config, RuleConfig } from "../../config/schema.ts";
import { gestureOf } from "./gesture-plan.ts";
import type { Cause, Effect, Gesture, StepKind, SwitchWord, TimerKey } from "./model.ts";
import { type PatternStep, stepsOf } from "./pattern-plan.ts";
import type { TimerOwner } from "./plan.ts";
import { actionText, conditionText, triggerKind, triggerText, triggerWords, untilText, untilWords } from "./rule-text.ts";
import type { Topics } from "./topics.ts";

export interface RulePlan {
  id: string;
  /** `porch press -> lamp toggle`. */
  text: string;
  and: readonly Condition[];
  unless: readonly Condition[];
  actions: readonly RuleAction[];
  /** Rules that only switch are told by what they switch. */
  logLevel: "info" | "debug";
  onStart: RuleConfig["on_start"];
  stateTopic: string;
  setTopic: string;
  resultTopic: string;
  eventTopic: string;
  restKey: TimerKey;
}

/** One of the things that start a rule, or that end one of its patterns. */
export interface TriggerPlan {
  rule: number;
  cause: Cause;
  /** Firings by what the agent itself may have done count more for the rate guard: they are what a loop is made of. */
  own: boolean;
  /** The output whose pattern it ends; null = it starts the rule. */
  ends: number | null;
}

/** Starts a rule when something becomes, or has been for a time, on or off. */
export interface LevelTrigger {
  trigger: number;
  want: boolean;
  lasting: { key: TimerKey; ms: number } | null;
}

/** A rule that waits for the time of day, in minutes, or the sun, in milliseconds after it. `days`: 0 = Sunday; empty = every day. */
export interface ClockTrigger {
  trigger: number;
  at: { kind: "time"; minute: number } | { kind: "sun"; event: "sunrise" | "sunset"; offset: number };
  days: readonly number[];
}

/** Starts a rule, or ends a pattern, when somebody publishes these words, or with null anything. */
export interface MessageTrigger {
  trigger: number;
  payload: string | null;
}

export type Condition =
  | { kind: "input" | "output" | "rule" | "peer" | "stale"; index: number; want: boolean }
  | { kind: "broker"; want: boolean }
  /** Minutes of the day; `days` as above, for the day on which it began. */
  | { kind: "time"; from: number; to: number; days: readonly number[] };

export type RuleAction = { wait: { key: TimerKey; ms: number } | null } /** `wish`: of a PWM; with a level there is no word. */ & (
  | { type: "switch"; output: number; word: SwitchWord | null; forMs: number | null; wish?: { level: number | null; fade: number | null } }
  | { type: "pattern"; output: number; steps: readonly PatternStep[]; repeat: number }
  | { type: "publish"; effect: Extract<Effect, { type: "publish" }> }
  | { type: "enable"; rule: number; enabled: boolean }
);

/** Who listens to what, by index: an event looks at nothing but its own listeners. */
export interface Listeners {
  inputs: readonly (readonly LevelTrigger[])[];
  outputs: readonly (readonly LevelTrigger[])[];
  broker: readonly LevelTrigger[];
  peers: readonly (readonly LevelTrigger[])[];
  stale: readonly (readonly LevelTrigger[])[];
  /** By rule: who waits for it to fire. */
  fired: readonly (readonly number[])[];
  start: readonly number[];
  clock: readonly ClockTrigger[];
  /** By topic. */
  messages: ReadonlyMap<string, readonly MessageTrigger[]>;
}

export interface Rulebook {
  rules: readonly RulePlan[];
  ruleIndex: ReadonlyMap<string, number>;
  ruleSetIndex: ReadonlyMap<string, number>;
  triggers: readonly TriggerPlan[];
  listeners: Listeners;
  /** By id of the input: triggers by gesture. */
  gestures: ReadonlyMap<string, Record<Gesture, number[]>>;
}

/** What a rule may wait for to become so: `stale` is of a peer. */
export type LevelKind = "input" | "output" | "broker" | "peer" | "stale";

interface Indexes {
  inputs: ReadonlyMap<string, number>;
  outputs: ReadonlyMap<string, number>;
}

const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const none: readonly never[] = [];

/** The rules of a checked configuration; their timers are added to `timers`. */
export function rulebookOf(config: Config, topics: Topics, { inputs, outputs }: Indexes, timers: Map<TimerKey, TimerOwner>): Rulebook {
  const entries = Object.entries(config.rules);
  const ruleIndex = new Map(entries.map(([id], index) => [id, index]));
  const triggers: TriggerPlan[] = [];
  const gestures = new Map<string, Record<Gesture, number[]>>();
  const levels = { inputs: listsOf<LevelTrigger>(inputs), outputs: listsOf<LevelTrigger>(outputs), broker: [] as LevelTrigger[] };
  const peerIndex = new Map(Object.keys(config.peers).map((id, index) => [id, index]));
  const peers = listsOf<LevelTrigger>(peerIndex);
  const stale = listsOf<LevelTrigger>(peerIndex);
  const fired = listsOf<number>(ruleIndex);
  const start: number[] = [];
  const clock: ClockTrigger[] = [];
  const messages = new Map<string, MessageTrigger[]>();

  const addTrigger = (rule: number, id: string, text: string, kind: StepKind, words: string, ends: number | null = null): number => {
    const cause: Cause = { kind: "rule", text: `rule ${id}`, detail: text, trigger: { step: { kind, text }, words } };
    return triggers.push({ rule, own: kind !== "input", ends, cause }) - 1;
  };
  const onGesture = (input: string, gesture: Gesture, trigger: number) => {
    const bound = gestures.get(input) ?? noTriggers();
    gestures.set(input, bound);
    bound[gesture].push(trigger);
  };
  const onMessage = (topic: string, payload: string | null, trigger: number) =>
    messages.set(topic, [...(messages.get(topic) ?? none), { trigger, payload }]);

  const rules = entries.map(([id, rule], index): RulePlan => {
    for (const when of rule.when) {
      const text = triggerText(when);
      const trigger = addTrigger(index, id, text, triggerKind(when), triggerWords(when, config.inputs));
      const days = when.days.map((day) => weekdays.indexOf(day));
      const level = (kind: LevelKind, at: number, want: boolean): LevelTrigger => {
        if (when.for === null) return { trigger, want, lasting: null };
        const key: TimerKey = `level:${id}:${text}`;
        timers.set(key, { kind: "level", on: kind, index: at, want, trigger, ms: when.for });
        return { trigger, want, lasting: { key, ms: when.for } };
      };
      if (when.input !== null && when.is === null) onGesture(when.input, gestureOf(when), trigger);
      else if (when.input !== null) listen(levels.inputs, inputs.get(when.input), (at) => level("input", at, when.is === "on"));
      else if (when.output !== null) listen(levels.outputs, outputs.get(when.output), (at) => level("output", at, when.is === "on"));
      else if (when.broker !== null) levels.broker.push(level("broker", 0, when.broker === "connected"));
      else if (when.peer !== null && when.is === "stale") listen(stale, peerIndex.get(when.peer), (at) => level("stale", at, true));
      else if (when.peer !== null) listen(peers, peerIndex.get(when.peer), (at) => level("peer", at, when.is === "online"));
      else if (when.rule !== null) listen(fired, ruleIndex.get(when.rule), () => trigger);
      else if (when.start !== null) start.push(trigger);
      else if (when.topic !== null) onMessage(when.topic, when.payload, trigger);
      else if (when.time !== null) clock.push({ trigger, at: { kind: "time", minute: when.time }, days });
      else if (when.sun !== null) clock.push({ trigger, at: { kind: "sun", event: when.sun, offset: when.offset ?? 0 }, days });
    }
    const conditionOf = (item: RuleConfig["and"][number]): Condition => {
      const { input, output, rule: other, broker, peer, between } = item;
      const want = item.is === "on";
      if (input !== null) return { kind: "input", index: inputs.get(input) ?? -1, want };
      if (output !== null) return { kind: "output", index: outputs.get(output) ?? -1, want };
      if (other !== null) return { kind: "rule", index: ruleIndex.get(other) ?? -1, want };
      if (peer !== null && item.is === "stale") return { kind: "stale", index: peerIndex.get(peer) ?? -1, want: true };
      if (peer !== null) return { kind: "peer", index: peerIndex.get(peer) ?? -1, want: item.is === "online" };
      if (broker !== null) return { kind: "broker", want: broker === "connected" };
      return { kind: "time", from: between[0] ?? 0, to: between[1] ?? 1440, days: item.days.map((day) => weekdays.indexOf(day)) };
    };
    const actions = rule.do.map((action, step): RuleAction => {
      const text = actionText(action);
      const key: TimerKey = `after:${id}:${step}:${text}`;
      const wait = action.after === null ? null : { key, ms: action.after };
      if (wait) timers.set(key, { kind: "after", rule: index, action: step });
      if (action.publish !== null) {
        const { publish: topic, payload, qos, retain } = action;
        const effect = { type: "publish", kind: "event", topic, payload: payload ?? "", qos: qos === 0 ? 0 : 1, retain: retain === "true" };
        return { type: "publish", wait, effect: effect as Extract<Effect, { type: "publish" }> };
      }
      const other = action.enable ?? action.disable;
      if (other !== null) return { type: "enable", wait, rule: ruleIndex.get(other) ?? -1, enabled: action.enable !== null };
      const output = outputs.get(action.output ?? action.pwm ?? "") ?? -1;
      if (action.pwm !== null) {
        const word = action.set === null ? null : words[action.set];
        return { type: "switch", wait, output, word, forMs: action.for, wish: { level: action.value, fade: action.fade } };
      }
      if (action.set !== null) return { type: "switch", wait, output, word: words[action.set], forMs: action.for };
      for (const until of action.until) {
        const { input, topic, payload } = until;
        const ends = addTrigger(index, id, untilText(until), topic === null ? "input" : "mqtt", untilWords(until, config.inputs), output);
        if (topic !== null) onMessage(topic, payload, ends);
        else if (input !== null) onGesture(input, gestureOf(until), ends);
      }
      return { type: "pattern", wait, output, steps: stepsOf(action), repeat: action.repeat };
    });
    const restKey: TimerKey = `rest:${id}`;
    timers.set(restKey, { kind: "rest", rule: index });
    const conditions = [
      ...rule.and.map((item) => ` and ${conditionText(item)}`),
      ...rule.unless.map((item) => ` unless ${conditionText(item)}`),
    ];
    return {
      id,
      text: `${rule.when.map(triggerText).join(" or ")}${conditions.join("")} -> ${rule.do.map(actionText).join(", ")}`,
      and: rule.and.map(conditionOf),
      unless: rule.unless.map(conditionOf),
      actions,
      logLevel: actions.every(({ type }) => type === "switch") ? "debug" : "info",
      onStart: rule.on_start,
      stateTopic: topics.ruleState(id),
      setTopic: topics.ruleSet(id),
      resultTopic: topics.ruleResult(id),
      eventTopic: topics.ruleEvent(id),
      restKey,
    };
  });
  const ruleSetIndex = new Map(rules.map(({ setTopic }, index) => [setTopic, index]));
  return { rules, ruleIndex, ruleSetIndex, triggers, gestures, listeners: { ...levels, peers, stale, fired, start, clock, messages } };
}

const words = { on: "ON", off: "OFF", toggle: "TOGGLE", pulse: "PULSE" } as const;

/** One list for each id; those that nobody listens to share an empty one. */
function listsOf<T>(index: ReadonlyMap<string, number>): (readonly T[])[] {
  return Array.from(index, () => none);
}

function listen<T>(lists: (readonly T[])[], at: number | undefined, listener: (at: number) => T): void {
  if (at !== undefined) lists[at] = [...(lists[at] ?? none), listener(at)];
}

export function noTriggers(): Record<Gesture, number[]> {
  return {
    press: [],
    release: [],
    click: [],
    double: [],
    triple: [],
    "4 clicks": [],
    "5 clicks": [],
    hold: [],
    hold_end: [],
    repeat: [],
    right: [],
    left: [],
  };
}
