import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { countLevels } from "./rule-lasting.ts";
import type { State } from "./state.ts";

/** A rule that fires more often within this time rests. Inputs, outputs, commands and other rules work on. */
export const guardWindow = 10_000;
/** By what the agent itself may have done: outputs, rules, the broker, commands. */
export const ownFirings = 50;
/** By people and contacts, who are in no loop; more is a broken wire. */
export const outsideFirings = 500;
const restTime = 60_000;

export interface RuleGuard {
  since: Instant;
  /** Of 1 that may be used up within the window. */
  used: number;
  /** Null while it does not rest. */
  restsUntil: Instant | null;
}

/** Why a rule rests. */
export const tooOften = `it fired too often (more than ${ownFirings} times in ${guardWindow / 1000} s, or ${outsideFirings} by inputs)`;

export function newGuard(): RuleGuard {
  return { since: Number.NEGATIVE_INFINITY, used: 0, restsUntil: null };
}

/** Counts a firing; false while the rule rests. */
export function mayFire(plan: Plan, state: State, rule: number, own: boolean, at: Instant, effects: Effect[]): boolean {
  const rulePlan = plan.rules[rule];
  const guard = state.rules[rule]?.guard;
  if (!rulePlan || !guard || guard.restsUntil !== null) return false;
  if (at - guard.since >= guardWindow) {
    guard.since = at;
    guard.used = 0;
  }
  guard.used += own ? outsideFirings / ownFirings : 1;
  if (guard.used <= outsideFirings) return true;
  guard.restsUntil = at + restTime;
  state.healthVersion++;
  effects.push({ type: "startTimer", key: rulePlan.restKey, at: guard.restsUntil });
  effects.push({
    type: "log",
    level: "error",
    message: `rule ${rulePlan.id} rests for ${restTime / 1000} s: it fired too often; everything else works on`,
    fields: { event: "rule-rests", rule: rulePlan.id, reason: "rate" },
  });
  return false;
}

export function restOver(plan: Plan, state: State, rule: number, at: Instant, effects: Effect[]): void {
  const rulePlan = plan.rules[rule];
  const guard = state.rules[rule]?.guard;
  if (!rulePlan || guard?.restsUntil == null) return;
  guard.restsUntil = null;
  guard.used = 0;
  state.healthVersion++;
  effects.push({
    type: "log",
    level: "info",
    message: `rule ${rulePlan.id} works again`,
    fields: { event: "rule-resumed", rule: rulePlan.id },
  });
  if (rulePlan.value !== null) effects.push({ type: "startTimer", key: rulePlan.value.key, at });
  if (state.rules[rule]?.enabled) countLevels(plan, state, (_, own) => own === rule, at, effects);
}
