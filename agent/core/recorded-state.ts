import { type ControllerState, newController } from "./controller-state.ts";
import { newMemory } from "./derive.ts";
import { newValues, type RuleValues } from "./rule-values.ts";
import type { State } from "./state.ts";

/** A recorded state with what an earlier pinbus did not keep in it yet, as that one went by it. */
export function completed(state: State): State {
  for (const rule of state.rules ?? []) {
    const { since, did } = rule.values;
    rule.values = { ...newValues(), saidAt: since, begun: did !== null, ...(rule.values as Partial<RuleValues>) };
  }
  state.controllers = (state.controllers ?? []).map((own) => ({
    ...newController(own.enabled),
    saidAt: own.since,
    ...(own as Partial<ControllerState>),
  }));
  for (const sensor of state.sensors ?? []) if (sensor.memory) sensor.memory = { ...newMemory(), ...sensor.memory };
  return state;
}
