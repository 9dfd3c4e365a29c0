import type { Config } from "../../config/schema.ts";
import { type OwlcmsPlan, owlcmsPlanOf } from "../profile/owlcms/platform.ts";
import { owlcmsRules } from "../profile/owlcms/rules.ts";
import { withGates } from "./condition-plan.ts";
import { type ControllerPlan, controllersOf } from "./controller-plan.ts";
import { type InputPlan, inputsOf } from "./input-plan.ts";
import type { TimerKey } from "./model.ts";
import { type OutputPlan, outputsOf } from "./output-plan.ts";
import { type PeerPlan, peersOf, topicIndexOf } from "./peer-plan.ts";
import { type LevelKind, type Rulebook, rulebookOf } from "./rule-plan.ts";
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

  const inputs = inputsOf(config, topics, gestures, timers);
  const outputs = outputsOf(config, topics, outputIndex, peers, timers);
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
