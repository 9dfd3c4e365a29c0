import type { Effect } from "./model.ts";
import type { TimerOwner } from "./plan.ts";
import type { Carry } from "./reload.ts";
import { ruleStateOf } from "./rule.ts";
import { isSo } from "./rule-condition.ts";
import type { LevelTrigger, Listeners } from "./rule-plan.ts";
import type { RuleState, State } from "./state.ts";

/**
 * Rules under a new plan. What is enabled stays so, by id. A rule that says the same keeps what it waits for and its patterns; one
 * that was changed begins anew. A timer's key says what it is for, so timers of what is no longer said end by themselves.
 */
export function carryRules(
  { old, state, next, anew, at }: Pick<Carry, "old" | "state" | "next" | "anew" | "at">,
  fresh: State,
  carried: State,
  effects: Effect[],
): void {
  const unchanged = new Set<string>();
  carried.rules = next.rules.map(({ id, text, stateTopic, restKey }, index): RuleState => {
    const before = old.rules[old.ruleIndex.get(id) ?? -1];
    const kept = state.rules[old.ruleIndex.get(id) ?? -1];
    const first = fresh.rules[index] as RuleState;
    if (!before || !kept) {
      effects.push({ type: "publish", ...ruleStateOf(stateTopic, first) });
      return first;
    }
    if (before.text === text) {
      unchanged.add(id);
      return kept;
    }
    for (const key of kept.waiting.keys()) if (next.timers.has(key)) effects.push({ type: "stopTimer", key });
    if (kept.guard.resting) effects.push({ type: "stopTimer", key: restKey });
    const { enabled, seq, seqLimit, answers } = kept;
    return { ...first, enabled, seq, seqLimit, answers };
  });
  carried.patterns = next.outputs.map(({ id }) => {
    const pattern = state.patterns[old.outputIndex.get(id) ?? -1] ?? null;
    if (pattern === null) return null;
    if (unchanged.has(pattern.rule) && !anew.has(id)) return pattern;
    // Its on-time is a pulse of the output, and ends as such.
    if (next.timers.has(`pattern:${id}`)) effects.push({ type: "stopTimer", key: `pattern:${id}` });
    return null;
  });
  for (const [key, owner] of next.timers) {
    if (owner.kind !== "level" || old.timers.has(key)) continue;
    const listener = listenersOf(next.listeners, owner).find(({ trigger }) => trigger === owner.trigger);
    if (!listener?.lasting || !isSo(carried, owner.on, owner.index, owner.want)) continue;
    // A rule that is new does not act on what has been so for long: it counts from its own beginning.
    effects.push({ type: "startTimer", key, at: at + listener.lasting.ms });
  }
}

function listenersOf(listeners: Listeners, { on, index }: Extract<TimerOwner, { kind: "level" }>): readonly LevelTrigger[] {
  if (on === "peer") return listeners.peers[index] ?? [];
  return (on === "broker" ? listeners.broker : on === "input" ? listeners.inputs[index] : listeners.outputs[index]) ?? [];
}
