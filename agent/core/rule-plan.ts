import type { ActionConfig, Config, ReactionConfig, RuleConfig } from "../../config/schema.ts";
import { conditionOf, weekdays } from "./condition-plan.ts";
import { gestureOf } from "./gesture-plan.ts";
import { type MessageTrigger, messageTriggers } from "./message-trigger.ts";
import type { Cause, Effect, Gesture, StepKind, SwitchWord, TimerKey } from "./model.ts";
import { type PatternStep, stepsOf } from "./pattern-plan.ts";
import type { TimerOwner } from "./plan.ts";
import { actionText, ruleText, triggerKind, triggerText, triggerWords, untilText, untilWords } from "./rule-text.ts";
import { type ListName, type ReactionStep, type TestBook, type ValueRule, valueRuleOf } from "./rule-value-plan.ts";
import type { ValueRef } from "./sensor-ref.ts";
import type { Topics } from "./topics.ts";
import type { ValueTest } from "./value.ts";

export interface RulePlan {
  id: string;
  /** `porch press -> lamp toggle`. */
  text: string;
  and: readonly Condition[];
  unless: readonly Condition[];
  actions: readonly RuleAction[];
  /** What is done when a value is no longer so. */
  otherwise: readonly RuleAction[];
  value: ValueRule | null;
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
  /** The output whose pattern it ends, or the wait of an action that it drops; null = it starts the rule. */
  ends: { output: number } | { wait: TimerKey } | null;
}

/** Starts a rule when something becomes, or has been for a time, on or off. */
export interface LevelTrigger {
  trigger: number;
  want: boolean;
  lasting: { key: TimerKey; ms: number } | null;
  /** Nothing is started: a rule on a value, or a controller, is looked at again, because one of its conditions may have changed. */
  look?: TimerKey;
}

/** A rule that waits for the time of day, in minutes, or the sun, in milliseconds after it. `days`: 0 = Sunday; empty = every day. */
export interface ClockTrigger {
  trigger: number;
  at: { kind: "time"; minute: number } | { kind: "sun"; event: "sunrise" | "sunset"; offset: number };
  days: readonly number[];
}

export type Condition =
  | { kind: "input" | "output" | "rule" | "peer" | "stale"; index: number; want: boolean }
  | ValueCondition
  | { kind: "broker"; want: boolean }
  | { kind: "fired"; index: number; within: number }
  /** Minutes of the day; `days` as above, for the day on which it began. */
  | { kind: "time"; from: number; to: number; days: readonly number[] };

/** `index` = of the comparison. */
export type ValueCondition = { kind: "value"; index: number; want: boolean; ref: ValueRef };

/** `wish`: of a PWM; with a level there is no word. */
export type RuleAction = { wait: { key: TimerKey; ms: number } | null } & (
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
  /** By sensor: the comparisons with it, and the rules that look at it. */
  tests: readonly (readonly number[])[];
  values: readonly (readonly number[])[];
}

export interface Rulebook {
  rules: readonly RulePlan[];
  ruleIndex: ReadonlyMap<string, number>;
  ruleSetIndex: ReadonlyMap<string, number>;
  triggers: readonly TriggerPlan[];
  tests: readonly ValueTest[];
  listeners: Listeners;
  /** By id of the input: triggers by gesture. */
  gestures: ReadonlyMap<string, Record<Gesture, number[]>>;
}

/** What a rule may wait for to become so: `stale` is of a peer. */
export type LevelKind = "input" | "output" | "broker" | "peer" | "stale";

export interface Indexes {
  inputs: ReadonlyMap<string, number>;
  outputs: ReadonlyMap<string, number>;
  sensors: ReadonlyMap<string, number>;
}

const none: readonly never[] = [];

/** The rules of a checked configuration; their timers are added to `timers`. */
export function rulebookOf(
  config: Config,
  topics: Topics,
  { inputs, outputs, sensors }: Indexes,
  book: TestBook,
  timers: Map<TimerKey, TimerOwner>,
): Rulebook {
  const entries = Object.entries(config.rules);
  const ruleIndex = new Map(entries.map(([id], index) => [id, index]));
  const triggers: TriggerPlan[] = [];
  const gestures = new Map<string, Record<Gesture, number[]>>();
  const levels = { inputs: listsOf<LevelTrigger>(inputs), outputs: listsOf<LevelTrigger>(outputs), broker: [] as LevelTrigger[] };
  const peerIndex = new Map(Object.keys(config.peers).map((id, index) => [id, index]));
  const peers = listsOf<LevelTrigger>(peerIndex);
  const indexes = { inputs, outputs, rules: ruleIndex, peers: peerIndex };
  const stale = listsOf<LevelTrigger>(peerIndex);
  const fired = listsOf<number>(ruleIndex);
  const start: number[] = [];
  const clock: ClockTrigger[] = [];
  const messages = new Map<string, MessageTrigger[]>();

  const addTrigger = (rule: number, id: string, text: string, kind: StepKind, words: string, ends: TriggerPlan["ends"] = null): number => {
    const cause: Cause = { kind: "rule", text: `rule ${id}`, detail: text, trigger: { step: { kind, text }, words } };
    return triggers.push({ rule, own: kind !== "input", ends, cause }) - 1;
  };
  const onGesture = (input: string, gesture: Gesture, trigger: number) => {
    const bound = gestures.get(input) ?? noTriggers();
    gestures.set(input, bound);
    bound[gesture].push(trigger);
  };
  const onMessage = (topic: string, listener: MessageTrigger) => messages.set(topic, [...(messages.get(topic) ?? none), listener]);
  /** What ends a pattern, or the wait of an action. */
  const addEnd = (rule: number, id: string, end: ActionConfig["until"][number], ends: TriggerPlan["ends"]) => {
    const { input, topic, payload } = end;
    const kind = topic === null ? "input" : "mqtt";
    const trigger = addTrigger(rule, id, untilText(end), kind, untilWords(end, config.inputs), ends);
    if (topic !== null) onMessage(topic, { trigger, rule, payload, firstWord: null, memory: null, forgets: null });
    else if (input !== null) onGesture(input, gestureOf(end), trigger);
  };

  const rules = entries.map(([id, rule], index): RulePlan => {
    for (const when of rule.when) {
      if (when.sensor !== null) continue;
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
      else if (when.topic !== null) for (const [topic, listener] of messageTriggers(when, index, trigger)) onMessage(topic, listener);
      else if (when.time !== null) clock.push({ trigger, at: { kind: "time", minute: when.time }, days });
      else if (when.sun !== null) clock.push({ trigger, at: { kind: "sun", event: when.sun, offset: when.offset ?? 0 }, days });
    }
    const waitOf = (text: string, step: number, list: ListName, after: number | null): RuleAction["wait"] => {
      if (after === null) return null;
      const key: TimerKey = list === "do" ? `after:${id}:${step}:${text}` : `after:${id}:${list}:${step}:${text}`;
      timers.set(key, { kind: "after", rule: index, list, action: step });
      return { key, ms: after };
    };
    const actionOf = (action: ActionConfig, step: number, list: ListName): RuleAction => {
      const wait = waitOf(actionText(action), step, list, action.after);
      if (wait) for (const end of action.unless) addEnd(index, id, end, { wait: wait.key });
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
      for (const end of action.until) addEnd(index, id, end, { output });
      return { type: "pattern", wait, output, steps: stepsOf(action), repeat: action.repeat };
    };
    const actions = rule.do.map((action, step) => actionOf(action, step, "do"));
    const reactionOf = (steps: readonly ReactionConfig[], list: ListName): ReactionStep[] =>
      steps.map((step, at) =>
        step.do === null ? actionOf(step, at, list) : { type: step.do, wait: waitOf(step.do, at, list, step.after) },
      );
    const restKey: TimerKey = `rest:${id}`;
    timers.set(restKey, { kind: "rest", rule: index });
    return {
      id,
      text: ruleText(rule),
      and: rule.and.map((item) => conditionOf(item, indexes, book)),
      unless: rule.unless.map((item) => conditionOf(item, indexes, book)),
      actions,
      otherwise: rule.else.map((action, step) => actionOf(action, step, "else")),
      value: valueRuleOf(id, index, rule, book, reactionOf, timers),
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
  const values = Array.from(sensors, (_, sensor) => rules.flatMap(({ value }, rule) => (value?.sensors.includes(sensor) ? [rule] : [])));
  const listeners = { ...levels, peers, stale, fired, start, clock, messages, tests: book.listeners, values };
  return { rules, ruleIndex, ruleSetIndex, triggers, tests: book.tests, gestures, listeners };
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
