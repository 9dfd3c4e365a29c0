import type { ConditionConfig, ReactionConfig, RuleConfig, TriggerConfig } from "../../config/schema.ts";
import type { TimerKey } from "./model.ts";
import type { TimerOwner } from "./plan.ts";
import type { RuleAction, ValueCondition } from "./rule-plan.ts";
import { type ValueRef, valueRefOf } from "./sensor-ref.ts";
import { comparedText, type ValueTest } from "./value.ts";

/** Why a list of actions is done, as the configuration names it. */
export type ListName = "do" | "else" | "on_stale" | "on_broker_lost";

/** One of the things that `on_stale` and `on_broker_lost` do. */
export type ReactionStep = RuleAction | { type: "else"; wait: RuleAction["wait"] } | { type: "none"; wait: RuleAction["wait"] };

/** A rule that looks at values, in its trigger or in its conditions. */
export interface ValueRule {
  /** The comparison that starts it, by its index in `tests`; null when only conditions have values. */
  test: number | null;
  /** How long it must be so. */
  lasting: number;
  onStale: readonly ReactionStep[];
  onBrokerLost: readonly ReactionStep[];
  minOn: number;
  minOff: number;
  repeat: number | null;
  /** All the sensors that it looks at. */
  sensors: readonly number[];
  /** When it is looked at again without a reading. */
  key: TimerKey;
}

type Compared = Pick<TriggerConfig & ConditionConfig, "below" | "above" | "equals" | "hysteresis"> & { sensor: string };

/** The comparisons of all rules and controllers, each once. */
export class TestBook {
  readonly tests: ValueTest[] = [];
  /** By sensor. */
  readonly listeners: number[][];
  readonly #index = new Map<string, number>();
  readonly sensors: ReadonlyMap<string, number>;

  constructor(sensors: ReadonlyMap<string, number>) {
    this.sensors = sensors;
    this.listeners = Array.from(sensors, () => []);
  }

  add({ sensor, below, above, equals, hysteresis }: Compared): number {
    const test: ValueTest["test"] =
      below !== null
        ? { kind: "below", limit: below, hysteresis }
        : above !== null
          ? { kind: "above", limit: above, hysteresis }
          : { kind: "equals", word: equals ?? "" };
    const text = `${sensor} ${test.kind} ${comparedText(test)}${test.kind === "equals" ? "" : ` ${hysteresis}`}`;
    const known = this.#index.get(text);
    if (known !== undefined) return known;
    const ref = this.refOf(sensor);
    const index = this.tests.push({ ref, test, text }) - 1;
    this.#index.set(text, index);
    this.listeners[ref.sensor]?.push(index);
    return index;
  }

  condition(item: Compared): ValueCondition {
    const index = this.add(item);
    return { kind: "value", index, want: true, ref: this.refOf(item.sensor) };
  }

  refOf(text: string): ValueRef {
    return valueRefOf(this.sensors, text) ?? { sensor: -1, quantity: null, text };
  }

  sensorOf(test: number): number {
    return this.tests[test]?.ref.sensor ?? -1;
  }
}

/** What a rule does by values; null for one that looks at none. */
export function valueRuleOf(
  id: string,
  rule: number,
  config: RuleConfig,
  book: TestBook,
  steps: (actions: readonly ReactionConfig[], list: ListName) => ReactionStep[],
  timers: Map<TimerKey, TimerOwner>,
): ValueRule | null {
  const trigger = config.when.find(({ sensor }) => sensor !== null);
  const gates = [...config.and, ...config.unless].filter(({ sensor }) => sensor !== null);
  if (trigger === undefined && gates.length === 0) return null;
  const all = [...(trigger === undefined ? [] : [trigger]), ...gates];
  const tests = all.map((item) => book.add({ ...item, sensor: item.sensor ?? "" }));
  const key: TimerKey = `value:${id}`;
  timers.set(key, { kind: "value", rule });
  return {
    test: trigger === undefined ? null : (tests[0] ?? null),
    lasting: trigger?.for ?? 0,
    onStale: steps(config.on_stale, "on_stale"),
    onBrokerLost: steps(config.on_broker_lost, "on_broker_lost"),
    minOn: config.min_on,
    minOff: config.min_off,
    repeat: config.repeat,
    sensors: [...new Set(tests.map((test) => book.sensorOf(test)))],
    key,
  };
}
