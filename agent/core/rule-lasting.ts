import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { isSo } from "./rule-condition.ts";
import type { State } from "./state.ts";

/** Triggers with `for` of what is so already begin to count: of a rule that is new, enabled, or works again. */
export function countLevels(plan: Plan, state: State, which: (key: string, rule: number) => boolean, at: Instant, effects: Effect[]): void {
  if (state.stopping) return;
  for (const [key, owner] of plan.timers) {
    if (owner.kind !== "level" || !which(key, plan.triggers[owner.trigger]?.rule ?? -1)) continue;
    if (isSo(plan, state, owner.on, owner.index, owner.want)) effects.push({ type: "startTimer", key, at: at + owner.ms });
  }
}
