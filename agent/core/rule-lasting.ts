import type { Effect, Instant } from "./model.ts";
import type { Plan, TimerOwner } from "./plan.ts";
import { isSo } from "./rule-condition.ts";
import type { LevelTrigger } from "./rule-plan.ts";
import type { State } from "./state.ts";

type LevelOwner = Extract<TimerOwner, { kind: "level" }>;

/** How long a trigger with `for` waits; undefined for one that is not listened to. */
function lastingOf({ listeners }: Plan, { on, index, trigger }: LevelOwner): number | undefined {
  const listening: readonly LevelTrigger[] | undefined =
    on === "broker"
      ? listeners.broker
      : on === "peer"
        ? listeners.peers[index]
        : on === "input"
          ? listeners.inputs[index]
          : listeners.outputs[index];
  return listening?.find((one) => one.trigger === trigger)?.lasting?.ms;
}

/** Triggers with `for` of what is so already begin to count: of a rule that is new, enabled, or works again. */
export function countLevels(plan: Plan, state: State, which: (key: string, rule: number) => boolean, at: Instant, effects: Effect[]): void {
  if (state.stopping) return;
  for (const [key, owner] of plan.timers) {
    if (owner.kind !== "level" || !which(key, plan.triggers[owner.trigger]?.rule ?? -1)) continue;
    const lasting = lastingOf(plan, owner);
    if (lasting !== undefined && isSo(state, owner.on, owner.index, owner.want))
      effects.push({ type: "startTimer", key, at: at + lasting });
  }
}
