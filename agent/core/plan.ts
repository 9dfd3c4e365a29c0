import type { Config } from "../../config/schema.ts";
import { formatLineName, type LineName } from "../../gpio/line.ts";
import { type OwlcmsPlan, owlcmsPlanOf } from "../profile/owlcms/platform.ts";
import { owlcmsRules } from "../profile/owlcms/rules.ts";
import { type PlugPlan, plugPlanOf } from "../profile/tasmota/plug.ts";
import { withGates } from "./condition-plan.ts";
import { type ControllerPlan, controllersOf } from "./controller-plan.ts";
import { type CounterPlan, counterPlanOf } from "./counter-plan.ts";
import { type Bound, type GesturePlan, gesturePlanOf } from "./gesture-plan.ts";
import { type Interlock, interlockOf } from "./interlock-plan.ts";
import type { TimerKey } from "./model.ts";
import { patternKey } from "./pattern-end.ts";
import { type PeerPlan, peerOf, peersOf, topicIndexOf } from "./peer-plan.ts";
import { type PwmPlan, pwmsOf } from "./pwm-plan.ts";
import { type LevelKind, noTriggers, type Rulebook, rulebookOf } from "./rule-plan.ts";
import { type ListName, TestBook } from "./rule-value-plan.ts";
import { derivedFrom, type SensorPlan, sensorsOf } from "./sensor-plan.ts";
import { type ValueRef, valueRefOf } from "./sensor-ref.ts";
import { type Topics, topicsOf } from "./topics.ts";

/** The configuration, indexed: nothing is searched and no topic is built while events run. */
export interface Plan extends Omit<Rulebook, "gestures"> {
  topics: Topics;
  inputs: readonly InputPlan[];
  /** Those of the configuration, then its PWM. */
  outputs: readonly OutputPlan[];
  /** Those of the configuration, then those that only an output names. */
  peers: readonly PeerPlan[];
  /** Those of the configuration, then its derived values. */
  sensors: readonly SensorPlan[];
  controllers: readonly ControllerPlan[];
  controllerIndex: ReadonlyMap<string, number>;
  /** Plugs, by the index of their output, by a topic on which they answer or say whether they are there. */
  plugIndex: ReadonlyMap<string, readonly number[]>;
  /** Controllers by the full topic of their commands, and by the sensors that they look at. */
  controllerSetIndex: ReadonlyMap<string, number>;
  controllersBySensor: readonly (readonly number[])[];
  /** Derived values by the sensors from which they are derived, near or far, in the order in which they are to be computed. */
  derivedFrom: readonly (readonly number[])[];
  inputIndex: ReadonlyMap<string, number>;
  outputIndex: ReadonlyMap<string, number>;
  sensorIndex: ReadonlyMap<string, number>;
  /** By the index of a sensor: the PWM, by the index of its output, whose curve follows it, and what of it. */
  curves: readonly (readonly { output: number; ref: ValueRef }[])[];
  /** Outputs by the full topic of their commands: nothing is taken apart while commands come in. */
  setIndex: ReadonlyMap<string, number>;
  /** Peers by the topic on which they are heard. */
  peerIndex: ReadonlyMap<string, readonly number[]>;
  /** Peers by the topic on which a sign of life comes. */
  heardIndex: ReadonlyMap<string, readonly number[]>;
  timers: ReadonlyMap<TimerKey, TimerOwner>;
  /** Counters by the full topic of their commands. */
  counterIndex: ReadonlyMap<string, number>;
  /** Null without a box of owlcms. */
  owlcms: OwlcmsPlan | null;
  commandTtl: number;
  /** Between two outputs that go on because they are started. */
  startSpacing: number;
}

export type TimerOwner =
  | { kind: "settle" | "hold" | "window" | "report"; input: number }
  | { kind: "pulse" | "max-on" | "retry" | "interlock" | "broker-lost" | "peer-offline" | "start" | "pattern"; output: number }
  | { kind: "fade" | "silence"; output: number }
  | { kind: "read" | "stale"; sensor: number }
  | { kind: "peer-stale"; peer: number }
  /** A trigger with `for`, an action with `after`, a rule that fired too often. */
  | { kind: "level"; on: LevelKind; index: number; want: boolean; trigger: number; ms: number }
  | { kind: "after"; rule: number; list: ListName; action: number }
  /** A rule that looks at values is to be looked at again. */
  | { kind: "value"; rule: number }
  | { kind: "rest"; rule: number }
  /** The next step of a controller; what it does when the broker was away for so long. */
  | { kind: "control" | "control-lost"; controller: number };

export interface InputPlan {
  id: string;
  /** Null for a key. */
  line: LineName | null;
  /** Null for a line. */
  key: KeyPlan | null;
  /** How long a level must hold here; 0 when every edge counts, or the line itself holds it back. */
  debounce: number;
  /** How long the line itself holds a level back; 0 = not at all. */
  lineDebounce: number;
  /** Null for an input that counts nothing. */
  counter: CounterPlan | null;
  stepsPerDetent: number;
  gestures: GesturePlan;
  stateTopic: string;
  eventTopic: string;
  settleKey: TimerKey;
  /** For the hold and its repeats. */
  holdKey: TimerKey;
  /** For the pause after a click. */
  windowKey: TimerKey;
  rules: Bound;
}

/** A key of an input device. */
export interface KeyPlan {
  device: string;
  key: string;
  /** Nobody else gets what the device tells. */
  grab: boolean;
}

export type ExitState = "off" | "on" | "keep";

export interface OutputPlan {
  id: string;
  /** Null for a plug. */
  line: LineName | null;
  /** Null for a line. */
  plug: PlugPlan | null;
  onStart: boolean;
  /** `keep` = the level that is found on the line, `last` = the last one that was written. */
  startFrom: "off" | "on" | "keep" | "last";
  /** It may blink to show which one it is. */
  identify: boolean;
  onExit: ExitState;
  onCrash: ExitState;
  /** The length of a PULSE that names none. */
  pulse: number;
  /** The longest pulse that a command may ask for. */
  pulseMax: number | null;
  maxOn: number | null;
  minOn: number;
  minOff: number;
  interlock: Interlock | null;
  onBrokerLost: { after: number; active: boolean } | null;
  onPeerOffline: { peer: number; after: number; active: boolean } | null;
  /** Null for a line that is only on or off. */
  pwm: PwmPlan | null;
  stateTopic: string;
  attrTopic: string;
  setTopic: string;
  resultTopic: string;
  pulseKey: TimerKey;
  maxOnKey: TimerKey;
  retryKey: TimerKey;
  interlockKey: TimerKey;
  brokerLostKey: TimerKey;
  peerOfflineKey: TimerKey;
  startKey: TimerKey;
}

export const defaultPulse = 500;

/** Builds the plan of a checked configuration. */
export function planOf(config: Config): Plan {
  const topics = topicsOf(config.prefix, config.node);
  const inputIndex = indexOf(config.inputs);
  const outputIndex = indexOf({ ...config.outputs, ...config.pwm });
  const timers = new Map<TimerKey, TimerOwner>();
  const peers = peersOf(config, timers);
  const sensors = sensorsOf(config, topics, timers, peers);
  const sensorIndex = new Map(sensors.map(({ id }, index) => [id, index]));
  const tests = new TestBook(sensorIndex);
  const made = owlcmsRules(config.owlcms);
  const owlcms = owlcmsPlanOf(config.owlcms, made);
  const { gestures, ...book } = rulebookOf(
    { ...config, rules: { ...config.rules, ...made } },
    topics,
    { inputs: inputIndex, outputs: outputIndex, sensors: sensorIndex },
    tests,
    timers,
  );
  const peerIds = new Map(Object.keys(config.peers).map((id, index) => [id, index]));
  const indexes = { inputs: inputIndex, outputs: outputIndex, rules: book.ruleIndex, peers: peerIds };
  const controllers = controllersOf(config, topics, indexes, tests, timers);

  const gated = [
    ...book.rules.flatMap(({ value, and, unless }) => (value === null ? [] : [{ key: value.key, conditions: [...and, ...unless] }])),
    ...controllers.map(({ key, and, unless }) => ({ key, conditions: [...and, ...unless] })),
  ];

  const inputs = Object.entries(config.inputs).map(([id, input], index): InputPlan => {
    const bound = gestures.get(id) ?? noTriggers();
    const settleKey: TimerKey = `settle:${id}`;
    const holdKey: TimerKey = `hold:${id}`;
    const windowKey: TimerKey = `window:${id}`;
    timers
      .set(settleKey, { kind: "settle", input: index })
      .set(holdKey, { kind: "hold", input: index })
      .set(windowKey, { kind: "window", input: index });
    const { line, debounce, steps_per_detent: stepsPerDetent } = input;
    const counter = counterPlanOf(id, input, topics);
    if (counter !== null) timers.set(counter.reportKey, { kind: "report", input: index });
    return {
      id,
      line,
      key: input.evdev === null || input.key === null ? null : { device: input.evdev, key: input.key, grab: input.grab === "on" },
      debounce: typeof debounce === "number" ? debounce : 0,
      lineDebounce: typeof debounce === "number" ? 0 : debounce.kernel,
      counter,
      stepsPerDetent,
      gestures: gesturePlanOf(input, bound),
      settleKey,
      holdKey,
      windowKey,
      rules: bound,
      stateTopic: counter === null ? topics.inputState(id) : topics.counterState(id),
      eventTopic: topics.inputEvent(id),
    };
  });

  const keysOf = (id: string, index: number) => {
    const pulseKey: TimerKey = `pulse:${id}`;
    const maxOnKey: TimerKey = `max-on:${id}`;
    const retryKey: TimerKey = `retry:${id}`;
    const interlockKey: TimerKey = `interlock:${id}`;
    const brokerLostKey: TimerKey = `broker-lost:${id}`;
    const peerOfflineKey: TimerKey = `peer-offline:${id}`;
    const startKey: TimerKey = `start:${id}`;
    timers
      .set(interlockKey, { kind: "interlock", output: index })
      .set(brokerLostKey, { kind: "broker-lost", output: index })
      .set(peerOfflineKey, { kind: "peer-offline", output: index })
      .set(startKey, { kind: "start", output: index })
      .set(patternKey(id), { kind: "pattern", output: index })
      .set(pulseKey, { kind: "pulse", output: index })
      .set(maxOnKey, { kind: "max-on", output: index })
      .set(retryKey, { kind: "retry", output: index });
    return { pulseKey, maxOnKey, retryKey, interlockKey, brokerLostKey, peerOfflineKey, startKey };
  };
  const switched = Object.entries(config.outputs).map(([id, output], index): OutputPlan => {
    const lost = output.on_broker_lost;
    const length = typeof output.pulse === "number" ? { default: output.pulse, max: null } : output.pulse;
    return {
      id,
      line: output.line,
      plug: output.plug && plugPlanOf(output.plug, output.max_on, length?.max ?? length?.default ?? null),
      onStart: output.on_start === "on",
      startFrom: output.on_start,
      identify: output.identify === "on",
      onExit: output.on_exit,
      onCrash: output.on_crash ?? output.on_exit,
      // A ceiling below the usual length is the length, too.
      pulse: length?.default ?? Math.min(defaultPulse, length?.max ?? defaultPulse),
      pulseMax: length?.max ?? null,
      maxOn: output.max_on,
      minOn: output.min_on,
      minOff: output.min_off,
      interlock: interlockOf(config, id, outputIndex),
      onBrokerLost: lost === null || lost.do === "keep" ? null : { after: lost.after, active: lost.do === "on" },
      onPeerOffline: peerOf(peers, output.on_peer_offline),
      pwm: null,
      stateTopic: topics.outputState(id),
      attrTopic: topics.outputAttr(id),
      setTopic: topics.outputSet(id),
      resultTopic: topics.outputResult(id),
      ...keysOf(id, index),
    };
  });
  const outputs = [...switched, ...pwmsOf(config, topics, switched.length, keysOf, timers)];
  const curves: { output: number; ref: ValueRef }[][] = sensors.map(() => []);
  for (const [output, { pwm }] of outputs.entries()) {
    const ref = pwm?.curve ? valueRefOf(sensorIndex, pwm.curve.sensor) : undefined;
    if (ref) curves[ref.sensor]?.push({ output, ref });
  }
  const setIndex = new Map(outputs.map(({ setTopic }, index) => [setTopic, index]));
  const counterIndex = new Map(inputs.flatMap(({ counter }, index) => (counter === null ? [] : [[counter.setTopic, index] as const])));
  return {
    ...book,
    listeners: withGates(book.listeners, gated),
    controllers,
    controllerIndex: new Map(controllers.map(({ id }, index) => [id, index])),
    controllerSetIndex: new Map(controllers.map(({ setTopic }, index) => [setTopic, index])),
    controllersBySensor: Array.from(sensors, (_, sensor) =>
      controllers.flatMap((controller, index) => (controller.sensors.includes(sensor) ? [index] : [])),
    ),
    topics,
    curves,
    owlcms,
    inputs,
    outputs,
    peers,
    sensors,
    derivedFrom: derivedFrom(sensors),
    inputIndex,
    outputIndex,
    sensorIndex,
    setIndex,
    plugIndex: plugIndexOf(outputs),
    counterIndex,
    peerIndex: topicIndexOf(peers, ({ topic }) => topic),
    heardIndex: topicIndexOf(peers, ({ stale }) => stale?.heard),
    timers,
    commandTtl: config.mqtt.command_ttl,
    startSpacing: config.start_spacing,
  };
}

/** The rules of the configuration, and those that its profiles make. */
export function rulesOf({ rules, owlcms }: Pick<Config, "rules" | "owlcms">): Config["rules"] {
  return { ...rules, ...owlcmsRules(owlcms) };
}

function indexOf(items: Record<string, unknown>): Map<string, number> {
  return new Map(Object.keys(items).map((id, index) => [id, index]));
}

function plugIndexOf(outputs: readonly OutputPlan[]): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [output, { plug }] of outputs.entries())
    for (const topic of plug === null ? [] : [plug.lwt, ...plug.replies]) index.set(topic, [...(index.get(topic) ?? []), output]);
  return index;
}

/** What an input is read from, as a person names it. */
export function sourceOf({ line, key }: Pick<InputPlan, "line" | "key">): string {
  return key?.key ?? (line === null ? "" : formatLineName(line));
}

/** What an output is driven by, as a person names it. */
export function placeOf({ line, plug }: Pick<OutputPlan, "line" | "plug">): string {
  if (plug !== null) return `plug ${plug.topic}${plug.relay === null ? "" : ` relay ${plug.relay}`}`;
  return line === null ? "" : formatLineName(line);
}
