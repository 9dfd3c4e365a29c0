import type { Effect, TimerKey } from "./model.ts";
import type { Carry } from "./reload.ts";
import { switchedNoMore } from "./reload-off.ts";
import { ruleStateOf } from "./rule.ts";
import { countLevels } from "./rule-lasting.ts";
import type { RuleState, State } from "./state.ts";
import { carrySides } from "./value.ts";

/**
 * Rules under a new plan. What is enabled stays so, by id. A rule that says the same keeps what it waits for and its patterns; one that was
 * changed begins anew, but for the actions with `after` that it still has. A timer's key says what it is for, so timers of what is no
 * longer said end by themselves.
 */
export function carryRules(
  { old, state, next, anew, at }: Pick<Carry, "old" | "state" | "next" | "anew" | "at">,
  fresh: State,
  carried: State,
  effects: Effect[],
): void {
  const unchanged = new Set<string>();
  carried.sides = carrySides(old, state, next, carried, at);
  carried.rules = next.rules.map(({ id, text, stateTopic, restKey }, index): RuleState => {
    const before = old.rules[old.ruleIndex.get(id) ?? -1];
    const kept = state.rules[old.ruleIndex.get(id) ?? -1];
    const first = fresh.rules[index] as RuleState;
    if (!before || !kept) {
      effects.push({ type: "publish", ...ruleStateOf(stateTopic, first) });
      return { ...first, values: { ...first.values, since: at } };
    }
    if (before.text === text) {
      unchanged.add(id);
      return kept;
    }
    if (kept.guard.restsUntil !== null) effects.push({ type: "stopTimer", key: restKey });
    const { enabled, seq, seqLimit, answers } = kept;
    // What it still says is still done: a light that it has switched on goes off.
    const waiting = new Map([...kept.waiting].filter(([key]) => next.timers.has(key)));
    // Its minimum times go on, and it is looked at anew.
    return {
      ...first,
      enabled,
      seq,
      seqLimit,
      answers,
      waiting,
      values: { ...first.values, since: kept.values.since, did: before.value?.test === null ? kept.values.did : null },
    };
  });
  for (const { id, value } of next.rules)
    if (value !== null && !unchanged.has(id)) effects.push({ type: "startTimer", key: value.key, at });
  for (const [index, { id, value, otherwise }] of old.rules.entries()) {
    if (value === null || unchanged.has(id) || state.rules[index]?.values.did !== "do") continue;
    const now = next.rules[next.ruleIndex.get(id) ?? -1];
    const said = new Set(now?.otherwise.map((action) => (action.type === "switch" ? next.outputs[action.output]?.id : undefined)));
    for (const action of otherwise) {
      if (action.type === "publish" && now === undefined) effects.push(action.effect);
      if (action.type !== "switch" || action.word !== "OFF") continue;
      const output = old.outputs[action.output]?.id ?? "";
      if (!said.has(output)) switchedNoMore(next, carried, output, `rule ${id}`, at, effects);
    }
  }
  carried.patterns = next.outputs.map(({ id }) => {
    const pattern = state.patterns[old.outputIndex.get(id) ?? -1] ?? null;
    if (pattern === null) return null;
    if ((pattern.rule === null || unchanged.has(pattern.rule)) && !anew.has(id)) return pattern;
    // Its on-time is a pulse of the output, and ends as such.
    if (next.timers.has(`pattern:${id}`)) effects.push({ type: "stopTimer", key: `pattern:${id}` });
    return null;
  });
  // A rule that is new does not act on what has been so for long: it counts from its own beginning.
  countLevels(next, carried, (key) => !old.timers.has(key as TimerKey), at, effects);
}
