import type { Config } from "../../config/schema.ts";
import type { TimerKey } from "./model.ts";
import type { TimerOwner } from "./plan.ts";
import { type PipelinePlan, pipelineOf } from "./sensor-pipeline.ts";
import type { Topics } from "./topics.ts";

export interface SensorPlan {
  id: string;
  /** What is read, as text: a reload that changes it makes another sensor of it. */
  source: string;
  every: number;
  pipeline: PipelinePlan;
  /** How long a reading holds. */
  staleAfter: number;
  readKey: TimerKey;
  staleKey: TimerKey;
  stateTopic: string;
  /** What the broker did not get goes there. */
  historyTopic: string;
  availabilityTopic: string;
  qualityTopic: string;
}

/** The sensors of the configuration; their timers are added to `timers`. */
export function sensorsOf({ sensors }: Config, topics: Topics, timers: Map<TimerKey, TimerOwner>): SensorPlan[] {
  return Object.entries(sensors).map(([id, config], sensor) => {
    const { every, stale_after, range, max_change, filter, report, ...source } = config;
    const readKey: TimerKey = `read:${id}`;
    const staleKey: TimerKey = `stale:${id}`;
    timers.set(readKey, { kind: "read", sensor }).set(staleKey, { kind: "stale", sensor });
    return {
      id,
      source: JSON.stringify(source),
      every,
      pipeline: pipelineOf(config),
      staleAfter: stale_after ?? 3 * every,
      readKey,
      staleKey,
      stateTopic: topics.sensorState(id),
      historyTopic: topics.sensorHistory(id),
      availabilityTopic: topics.sensorAvailability(id),
      qualityTopic: topics.sensorQuality(id),
    };
  });
}
