import type { Config, ControllerConfig } from "../../config/schema.ts";
import { type ConditionIndexes, conditionOf } from "./condition-plan.ts";
import type { Effect, TimerKey } from "./model.ts";
import type { PidSettings } from "./pid.ts";
import type { TimerOwner } from "./plan.ts";
import type { Condition } from "./rule-plan.ts";
import type { TestBook } from "./rule-value-plan.ts";
import type { ValueRef } from "./sensor-ref.ts";
import type { Topics } from "./topics.ts";

type Publication = Extract<Effect, { type: "publish" }>;

export interface ControllerPlan {
  id: string;
  /** What it says, as text: a reload knows it again by this. */
  text: string;
  ref: ValueRef;
  setpoint: { fixed: number | null; from: ValueRef | null; schedule: readonly { minute: number; setpoint: number }[] };
  /** What a command may ask for. */
  bounds: { min: number; max: number };
  raises: boolean;
  /** `full` = the output with which it is on for the whole cycle. */
  control: { kind: "on-off"; hysteresis: number } | { kind: "pid"; settings: PidSettings; cycle: number; full: number };
  /** Of the output, as it is shown. */
  unit: "%" | "s";
  drive: { kind: "output"; output: number } | { kind: "publish"; on: readonly Publication[]; off: readonly Publication[] };
  and: readonly Condition[];
  unless: readonly Condition[];
  minOn: number;
  minOff: number;
  repeat: number | null;
  onStale: "off" | "keep";
  /** Null: nothing. */
  lostAfter: number | null;
  onStart: ControllerConfig["on_start"];
  sensors: readonly number[];
  stateTopic: string;
  setTopic: string;
  resultTopic: string;
  key: TimerKey;
  lostKey: TimerKey;
}

const widest = 999_999;

/** The controllers of the configuration; their timers are added to `timers`. */
export function controllersOf(
  config: Config,
  topics: Topics,
  indexes: ConditionIndexes,
  book: TestBook,
  timers: Map<TimerKey, TimerOwner>,
): ControllerPlan[] {
  return Object.entries(config.controllers).map(([id, controller], index): ControllerPlan => {
    const key: TimerKey = `control:${id}`;
    const lostKey: TimerKey = `control-lost:${id}`;
    timers.set(key, { kind: "control", controller: index }).set(lostKey, { kind: "control-lost", controller: index });
    const ref = book.refOf(controller.sensor);
    const from = controller.setpoint_from === null ? null : book.refOf(controller.setpoint_from);
    const and = controller.and.map((item) => conditionOf(item, indexes, book));
    const unless = controller.unless.map((item) => conditionOf(item, indexes, book));
    const gates = [...and, ...unless].flatMap((condition) => (condition.kind === "value" ? [condition.ref] : []));
    const { on_broker_lost: lost } = controller;
    const publications = (list: ControllerConfig["on"]) =>
      list.map(({ publish: topic, payload, qos }): Publication => {
        return { type: "publish", kind: "event", topic, payload: payload ?? "", qos: qos === 0 ? 0 : 1, retain: false };
      });
    return {
      id,
      text: JSON.stringify(controller),
      ref,
      setpoint: {
        fixed: controller.setpoint,
        from,
        schedule: controller.schedule.map(({ time, setpoint }) => ({ minute: time, setpoint })).sort((a, b) => a.minute - b.minute),
      },
      bounds: { min: controller.setpoint_min ?? -widest, max: controller.setpoint_max ?? widest },
      raises: controller.effect === "raise",
      control: controlOf(controller),
      unit: controller.output_in === "seconds" ? "s" : "%",
      drive:
        controller.output === null
          ? { kind: "publish", on: publications(controller.on), off: publications(controller.off) }
          : { kind: "output", output: indexes.outputs.get(controller.output) ?? -1 },
      and,
      unless,
      minOn: controller.min_on,
      minOff: controller.min_off,
      repeat: controller.repeat,
      onStale: controller.on_stale,
      lostAfter: lost === null || lost.do === "keep" ? null : lost.after,
      onStart: controller.on_start,
      sensors: [...new Set([ref, ...(from === null ? [] : [from]), ...gates].map(({ sensor }) => sensor))],
      stateTopic: topics.controllerState(id),
      setTopic: topics.controllerSet(id),
      resultTopic: topics.controllerResult(id),
      key,
      lostKey,
    };
  });
}

function controlOf({
  pid,
  hysteresis,
  cycle,
  output_in,
  output_min: min,
  output_max,
  effect,
}: ControllerConfig): ControllerPlan["control"] {
  if (pid === null || cycle === null) return { kind: "on-off", hysteresis: hysteresis ?? 0 };
  const full = output_in === "seconds" ? cycle / 1000 : 100;
  return { kind: "pid", settings: { ...pid, min, max: output_max ?? full, raises: effect === "raise" }, cycle, full };
}
