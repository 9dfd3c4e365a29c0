import type { Config, ControllerConfig } from "../../config/schema.ts";
import { type ConditionIndexes, conditionOf } from "./condition-plan.ts";
import type { Effect, TimerKey } from "./model.ts";
import type { PidSettings } from "./pid.ts";
import type { TimerOwner } from "./plan.ts";
import { settledLevel } from "./pwm.ts";
import { type PwmPlan, pwmPlanOf } from "./pwm-plan.ts";
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
  control: Control;
  /** Of the output, as it is shown. */
  unit: "%" | "s" | "µs";
  /** `low` of a PWM is its level while it is off. */
  drive:
    | { kind: "output"; output: number }
    | { kind: "pwm"; output: number; low: number }
    | { kind: "publish"; on: readonly Publication[]; off: readonly Publication[] };
  and: readonly Condition[];
  unless: readonly Condition[];
  minOn: number;
  minOff: number;
  repeat: number | null;
  /** A number is a level of a PWM. */
  onStale: ControllerConfig["on_stale"];
  /** Null: nothing. */
  lostAfter: number | null;
  onLost: number | "off";
  onStart: ControllerConfig["on_start"];
  sensors: readonly number[];
  stateTopic: string;
  setTopic: string;
  resultTopic: string;
  key: TimerKey;
  lostKey: TimerKey;
}

/**
 * How the output comes out of the value. `on-off`: `high` while it is on, else `low`; `pid`: on for a part of each `cycle`, with the output
 * `full` for all of it; `level`: the level of a PWM.
 */
export type Control =
  | { kind: "on-off"; hysteresis: number; high: number; low: number }
  | { kind: "pid"; settings: PidSettings; cycle: number; full: number }
  | { kind: "level"; settings: PidSettings };

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
    const driven = indexes.outputs.get(controller.pwm ?? controller.output ?? "") ?? -1;
    const own = controller.pwm === null ? undefined : config.pwm[controller.pwm];
    const pwm = own === undefined ? null : pwmPlanOf(controller.pwm ?? "", own);
    const settled = (level: number) => (pwm === null ? level : settledLevel(pwm, level));
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
      control: controlOf(controller, pwm),
      unit: pwm?.kind === "servo" ? "µs" : controller.output_in === "seconds" ? "s" : "%",
      drive:
        controller.pwm !== null
          ? { kind: "pwm", output: driven, low: settled(controller.level_off ?? 0) }
          : controller.output !== null
            ? { kind: "output", output: driven }
            : { kind: "publish", on: publications(controller.on), off: publications(controller.off) },
      and,
      unless,
      minOn: controller.min_on,
      minOff: controller.min_off,
      repeat: controller.repeat,
      onStale: typeof controller.on_stale === "number" ? settled(controller.on_stale) : controller.on_stale,
      lostAfter: lost === null || lost.do === "keep" ? null : lost.after,
      onLost: typeof lost?.do === "number" ? settled(lost.do) : "off",
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

function controlOf(controller: ControllerConfig, pwm: PwmPlan | null): Control {
  const { pid, hysteresis, cycle, output_in, output_min, output_max, effect, level_on, level_off } = controller;
  const raises = effect === "raise";
  if (pid !== null && pwm !== null) {
    const settings = { ...pid, min: Math.max(output_min, pwm.low), max: Math.min(output_max ?? pwm.high, pwm.high), raises };
    return { kind: "level", settings };
  }
  if (pid === null || cycle === null)
    return { kind: "on-off", hysteresis: hysteresis ?? 0, high: level_on ?? pwm?.usual ?? 100, low: level_off ?? 0 };
  const full = output_in === "seconds" ? cycle / 1000 : 100;
  return { kind: "pid", settings: { ...pid, min: output_min, max: output_max ?? full, raises }, cycle, full };
}
