import type { ConditionConfig } from "../../config/schema.ts";
import type { TimerKey } from "./model.ts";
import type { Condition, Listeners } from "./rule-plan.ts";
import type { TestBook } from "./rule-value-plan.ts";

export interface ConditionIndexes {
  inputs: ReadonlyMap<string, number>;
  outputs: ReadonlyMap<string, number>;
  rules: ReadonlyMap<string, number>;
  peers: ReadonlyMap<string, number>;
}

export const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Who looks at conditions again when they may have changed. */
interface Gated {
  key: TimerKey;
  conditions: readonly Condition[];
}

/**
 * The same listeners, and who looks at an input or another device besides. Not at outputs: what switches an output by its own state would
 * never rest.
 */
export function withGates(listeners: Listeners, gated: readonly Gated[]): Listeners {
  const lists = { input: [...listeners.inputs], peer: [...listeners.peers], stale: [...listeners.stale] };
  for (const { key, conditions } of gated) {
    for (const condition of conditions) {
      if (condition.kind !== "input" && condition.kind !== "peer" && condition.kind !== "stale") continue;
      const list = lists[condition.kind];
      const gate = { trigger: -1, want: true, lasting: null, look: key };
      list[condition.index] = [...(list[condition.index] ?? []), gate];
    }
  }
  return { ...listeners, inputs: lists.input, peers: lists.peer, stale: lists.stale };
}

/** One of `and` or `unless`, of a rule or a controller. */
export function conditionOf(item: ConditionConfig, { inputs, outputs, rules, peers }: ConditionIndexes, book: TestBook): Condition {
  const { input, output, rule, broker, peer, sensor, between } = item;
  const want = item.is === "on";
  if (sensor !== null) return book.condition({ ...item, sensor });
  if (input !== null) return { kind: "input", index: inputs.get(input) ?? -1, want };
  if (output !== null) return { kind: "output", index: outputs.get(output) ?? -1, want };
  if (rule !== null && item.fired_within !== null) return { kind: "fired", index: rules.get(rule) ?? -1, within: item.fired_within };
  if (rule !== null) return { kind: "rule", index: rules.get(rule) ?? -1, want };
  if (peer !== null && item.is === "stale") return { kind: "stale", index: peers.get(peer) ?? -1, want: true };
  if (peer !== null) return { kind: "peer", index: peers.get(peer) ?? -1, want: item.is === "online" };
  if (broker !== null) return { kind: "broker", want: broker === "connected" };
  return { kind: "time", from: between[0] ?? 0, to: between[1] ?? 1440, days: item.days.map((day) => weekdays.indexOf(day)) };
}
