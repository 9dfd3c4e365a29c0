import type { Config, SensorConfig } from "../../config/schema.ts";
import { type DerivePlan, derivePlansOf } from "./derive-plan.ts";
import { parseJsonPath } from "./json-path.ts";
import type { TimerKey } from "./model.ts";
import type { PeerPlan } from "./peer-plan.ts";
import type { TimerOwner } from "./plan.ts";
import { type PipelinePlan, pipelineOf, plainPipeline } from "./sensor-pipeline.ts";
import { type TopicSource, topicValueOf } from "./topic-value.ts";
import type { Topics } from "./topics.ts";

export interface SensorPlan {
  id: string;
  /** What is read, as text: a reload that changes it makes another sensor of it. */
  source: string;
  /** Null for one that is told its values, or whose values are derived. */
  every: number | null;
  /** So much later than the others it is read for the first time, and ever after. */
  phase: number;
  pipeline: PipelinePlan;
  /** How long a reading holds; without end for a derived value, which holds as long as what it is derived from. */
  staleAfter: number;
  /** What is taken out of messages; null for every other sensor. */
  topic: TopicSource | null;
  /** Null for what is measured. */
  derive: DerivePlan | null;
  /** The peer whose end is the end of its value. */
  peer: number | null;
  /** Whether anybody but this agent is told. */
  published: boolean;
  readKey: TimerKey;
  staleKey: TimerKey;
  stateTopic: string;
  /** What the broker did not get goes there. */
  historyTopic: string;
  availabilityTopic: string;
  qualityTopic: string;
}

/** Over so much time, the shortest `every`, the sensors are spread: a thousand are not read in one moment. */
const spread = 1000;
/** Places for them. Those that share one are read in one turn of the loop, and told in one write. */
const placeEvery = 10;
/** The fractions of its multiples lie evenly, however many there are. */
const goldenSection = 0.618_033_988_749_895;

/** How often it is told how fast an input counts. */
const countedEvery = 10_000;
/** For a topic, which has no `every`. */
const usualStale = 180_000;

function phaseOf(index: number): number {
  return Math.floor((((index * goldenSection) % 1) * spread) / placeEvery) * placeEvery;
}

/** The sensors of the configuration, then its derived values; their timers are added to `timers`. */
export function sensorsOf(config: Config, topics: Topics, timers: Map<TimerKey, TimerOwner>, peers: readonly PeerPlan[]): SensorPlan[] {
  const common = (id: string, index: number) => {
    const readKey: TimerKey = `read:${id}`;
    const staleKey: TimerKey = `stale:${id}`;
    timers.set(readKey, { kind: "read", sensor: index }).set(staleKey, { kind: "stale", sensor: index });
    return {
      id,
      readKey,
      staleKey,
      stateTopic: topics.sensorState(id),
      historyTopic: topics.sensorHistory(id),
      availabilityTopic: topics.sensorAvailability(id),
      qualityTopic: topics.sensorQuality(id),
    };
  };
  const sensors = Object.entries(config.sensors).map(([id, settings], index): SensorPlan => {
    const { every, stale_after, publish, range, max_change, filter, report, ...source } = settings;
    const told = settings.driver === "topic";
    return {
      ...common(id, index),
      source: JSON.stringify(source),
      every: told ? null : every,
      phase: told ? 0 : phaseOf(index),
      pipeline: pipelineOf(settings, told ? 0 : every),
      staleAfter: stale_after ?? (told ? usualStale : 3 * every),
      topic: told ? topicOf(settings) : null,
      derive: null,
      peer: peerIndexOf(settings, peers),
      published: publish === "true",
    };
  });
  const derived = derivePlansOf(config).map(
    ({ id, plan, published }, index): SensorPlan => ({
      ...common(id, sensors.length + index),
      source: JSON.stringify(plan),
      every: plan.kind === "counted" ? countedEvery : null,
      phase: 0,
      pipeline: plainPipeline,
      staleAfter: plan.kind === "counted" ? 3 * countedEvery : Number.POSITIVE_INFINITY,
      topic: null,
      derive: plan,
      peer: null,
      published,
    }),
  );
  return [...sensors, ...derived];
}

function topicOf({ topic, values, name, unit, time, retained, max_payload: maxPayload }: SensorConfig): TopicSource {
  const entries = Object.entries(values);
  const plain = { value: name, unit, unit_from: null, type: "number", options: [] } as const;
  return {
    filter: topic ?? "",
    plain: entries.length === 0,
    values: entries.length === 0 ? [topicValueOf(name, plain)] : entries.map(([key, settings]) => topicValueOf(key, settings)),
    time: time === null ? null : (parseJsonPath(time) ?? null),
    maxPayload,
    retained: (retained ?? (time === null ? "ignore" : "use")) === "use",
  };
}

function peerIndexOf({ availability: where }: SensorConfig, peers: readonly PeerPlan[]): number | null {
  if (where === null) return null;
  const index = peers.findIndex((peer) =>
    "peer" in where
      ? peer.id === where.peer && peer.online !== null
      : peer.topic === where.topic && peer.online === where.online && peer.offline === where.offline,
  );
  return index < 0 ? null : index;
}

/** All that is derived from each sensor, by its index, near or far, each behind what it is derived from itself. */
export function derivedFrom(sensors: readonly SensorPlan[]): number[][] {
  const depths = new Map<number, number>();
  const depthOf = (index: number): number => {
    const known = depths.get(index);
    if (known !== undefined) return known;
    // A circle is refused before; here it must end all the same.
    depths.set(index, 0);
    const depth = 1 + Math.max(-1, ...(sensors[index]?.derive?.inputs ?? []).map(({ sensor }) => depthOf(sensor)));
    depths.set(index, depth);
    return depth;
  };
  const order = [...sensors.keys()].filter((index) => sensors[index]?.derive).sort((a, b) => depthOf(a) - depthOf(b) || a - b);
  return sensors.map((_, root) => {
    const from = new Set([root]);
    for (const index of order) if (sensors[index]?.derive?.inputs.some(({ sensor }) => from.has(sensor))) from.add(index);
    return [...from].slice(1);
  });
}
