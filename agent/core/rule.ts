import { inputOf, stepsOf } from "./cause.ts";
import { command } from "./contract.ts";
import type { Cause, Effect, Instant, LogFields } from "./model.ts";
import { startPattern } from "./pattern.ts";
import { endPattern } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { holds } from "./rule-condition.ts";
import { mayFire } from "./rule-guard.ts";
import { countLevels } from "./rule-lasting.ts";
import type { LevelTrigger, RuleAction, TriggerPlan } from "./rule-plan.ts";
import { isoTime, type RuleState, type State, seqBlock } from "./state.ts";

/** Why a rule does not do what it was asked for. */
export type RuleObjection = "stopping" | "disabled" | "suspended" | "conditions";

interface Firing {
  rule: number;
  cause: Cause;
}

/**
 * What the listed triggers start. Everything is switched before anything is told. `before` = what made the trigger come true, if a cause
 * did; `took` = how long the gesture took, 0 when that is not known.
 */
export function fire(
  plan: Plan,
  state: State,
  triggers: readonly number[],
  at: Instant,
  effects: Effect[],
  before: Cause | null = null,
  took = 0,
): void {
  if (triggers.length === 0 || state.stopping) return;
  const firings: Firing[] = [];
  for (const index of triggers) {
    const trigger = plan.triggers[index];
    if (!trigger) continue;
    const cause = causeOf(trigger, before, took);
    if (trigger.ends === null) run(plan, state, trigger.rule, cause, trigger.own, at, effects, firings);
    else endOwnPattern(plan, state, trigger.ends, trigger.rule, cause, at, effects);
  }
  for (const firing of firings) tell(plan, state, firing, at, effects);
}

/** Runs one rule for `cause`, whoever asks, and tells it; null when it did. */
export function fireRule(plan: Plan, state: State, rule: number, cause: Cause, at: Instant, effects: Effect[]): RuleObjection | null {
  const firings: Firing[] = [];
  const objection = run(plan, state, rule, cause, true, at, effects, firings);
  for (const firing of firings) tell(plan, state, firing, at, effects);
  return objection;
}

function run(
  plan: Plan,
  state: State,
  rule: number,
  cause: Cause,
  own: boolean,
  at: Instant,
  effects: Effect[],
  firings: Firing[],
): RuleObjection | null {
  const rulePlan = plan.rules[rule];
  const ruleState = state.rules[rule];
  if (!rulePlan || !ruleState || state.stopping) return "stopping";
  if (!ruleState.enabled) return "disabled";
  if (rulePlan.and.some((condition) => holds(state, condition, at) !== true)) return "conditions";
  // What is not known is no permission: a rule that must not run at night does not run while the clock is not set.
  if (rulePlan.unless.some((condition) => holds(state, condition, at) !== false)) return "conditions";
  if (!mayFire(plan, state, rule, own, at, effects)) return "suspended";
  ruleState.fired++;
  ruleState.last = at;
  firings.push({ rule, cause });
  for (const action of rulePlan.actions) {
    if (action.wait === null) act(plan, state, rule, action, cause, at, effects);
    else {
      ruleState.waiting.set(action.wait.key, cause);
      effects.push({ type: "startTimer", key: action.wait.key, at: at + action.wait.ms });
    }
  }
  for (const index of plan.listeners.fired[rule] ?? []) {
    const next = plan.triggers[index];
    if (next) run(plan, state, next.rule, causeOf(next, cause, 0), true, at, effects, firings);
  }
  return null;
}

function act(plan: Plan, state: State, rule: number, action: RuleAction, cause: Cause, at: Instant, effects: Effect[]): void {
  switch (action.type) {
    case "switch":
      command(plan, state, action.output, action.word, action.forMs, cause, null, at, effects, action.wish);
      break;
    case "pattern":
      startPattern(plan, state, action, plan.rules[rule]?.id ?? "", { ...cause, says: "PATTERN" }, at, effects);
      break;
    case "publish":
      effects.push(action.effect);
      break;
    case "enable":
      enableRule(plan, state, action.rule, action.enabled, cause.text, at, effects);
  }
}

/** The wait of an action with `after` is over. */
export function actionDue(plan: Plan, state: State, rule: number, step: number, at: Instant, effects: Effect[]): void {
  const action = plan.rules[rule]?.actions[step];
  const ruleState = state.rules[rule];
  const cause = action?.wait ? ruleState?.waiting.get(action.wait.key) : undefined;
  if (!action?.wait || !ruleState || !cause) return;
  ruleState.waiting.delete(action.wait.key);
  if (!state.stopping && ruleState.enabled) act(plan, state, rule, action, { ...cause, after: action.wait.ms }, at, effects);
}

/** A disabled rule does not start, what it has still to do is dropped, and its patterns end. */
export function enableRule(plan: Plan, state: State, rule: number, enabled: boolean, from: string, at: Instant, effects: Effect[]): void {
  const rulePlan = plan.rules[rule];
  const ruleState = state.rules[rule];
  if (!rulePlan || !ruleState || ruleState.enabled === enabled) return;
  ruleState.enabled = enabled;
  effects.push({ type: "publish", ...ruleStateOf(rulePlan.stateTopic, ruleState) }, { type: "keepRule", rule, enabled });
  const word = enabled ? "enabled" : "disabled";
  effects.push({
    type: "log",
    level: "info",
    message: `rule ${rulePlan.id} ${word}: ${from}`,
    fields: { event: enabled ? "rule-enabled" : "rule-disabled", rule: rulePlan.id, cause: from },
  });
  if (enabled) {
    countLevels(plan, state, (_, own) => own === rule, at, effects);
    return;
  }
  for (const key of ruleState.waiting.keys()) effects.push({ type: "stopTimer", key });
  ruleState.waiting.clear();
  for (const [output, pattern] of state.patterns.entries()) {
    if (pattern?.rule !== rulePlan.id) continue;
    endPattern(plan, state, output, `rule ${rulePlan.id} was disabled`, effects);
    const [text, detail] = [`rule ${rulePlan.id}`, `disabled by ${from}`];
    const trigger = { step: { kind: "rule", text: `${text} ${detail}` }, words: `${text} was ${detail}` } as const;
    command(plan, state, output, "OFF", null, { kind: "rule", text, detail, trigger }, null, at, effects);
  }
}

function endOwnPattern(plan: Plan, state: State, output: number, rule: number, cause: Cause, at: Instant, effects: Effect[]): void {
  if (state.patterns[output]?.rule !== plan.rules[rule]?.id) return;
  endPattern(plan, state, output, cause.detail ?? cause.text, effects);
  command(plan, state, output, "OFF", null, cause, null, at, effects);
}

export function ruleStateOf(topic: string, { enabled }: RuleState) {
  return { kind: "state", topic, payload: enabled ? "ON" : "OFF", qos: 1, retain: true } as const;
}

/** What fired, as an event for others: never retained, with a number that never repeats. */
function tell(plan: Plan, state: State, { rule, cause }: Firing, at: Instant, effects: Effect[]): void {
  const rulePlan = plan.rules[rule];
  const ruleState = state.rules[rule];
  if (!rulePlan || !ruleState) return;
  if (ruleState.seq + seqBlock / 10 >= ruleState.seqLimit) {
    ruleState.seqLimit = Math.max(ruleState.seq, ruleState.seqLimit) + seqBlock;
    effects.push({ type: "reserveRuleSeq", rule, upTo: ruleState.seqLimit });
  }
  const chain = cause.chain === undefined ? {} : { chain: cause.chain };
  const payload = JSON.stringify({ event_type: "fired", cause: cause.detail, ...chain, ts: isoTime(state, at), seq: ruleState.seq++ });
  effects.push({ type: "publish", kind: "event", topic: rulePlan.eventTopic, payload, qos: 1, retain: false });
  const message = `rule ${rulePlan.id} fired: ${cause.detail}`;
  // In the hottest path, and only the outputs tell the whole chain.
  const fields: LogFields = { event: "rule-fired", rule: rulePlan.id, cause: cause.detail ?? cause.text };
  if (cause.id !== undefined) fields.cause_id = cause.id;
  const step = cause.trigger?.step;
  if (step?.kind === "input") fields.input = inputOf(step);
  effects.push({ type: "log", level: rulePlan.logLevel, message, fields });
}

function causeOf({ cause }: TriggerPlan, before: Cause | null, took: number): Cause {
  if (before !== null) return { ...cause, chain: stepsOf(before) };
  const { trigger } = cause;
  if (took === 0 || trigger === undefined) return cause;
  return { ...cause, trigger: { ...trigger, step: { ...trigger.step, duration_ms: Math.round(took) } } };
}

/** A level that rules listen to was seen. `fresh` = nobody saw it become so: only what waits for a time begins to wait. */
export function levelSeen(
  plan: Plan,
  state: State,
  listeners: readonly LevelTrigger[] | undefined,
  active: boolean | undefined,
  seen: { at: Instant; fresh: boolean; cause: Cause | null },
  effects: Effect[],
): void {
  if (listeners === undefined || listeners.length === 0) return;
  let now: number[] | undefined;
  for (const { trigger, want, lasting } of listeners) {
    if (lasting !== null) {
      if (active !== want) effects.push({ type: "stopTimer", key: lasting.key });
      else if (!state.stopping) effects.push({ type: "startTimer", key: lasting.key, at: seen.at + lasting.ms });
    } else if (!seen.fresh && active === want) {
      now ??= [];
      now.push(trigger);
    }
  }
  if (now !== undefined) fire(plan, state, now, seen.at, effects, seen.cause);
}
