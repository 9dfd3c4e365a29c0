import { addressed } from "../profile/owlcms/platform.ts";
import { inputOf, saying, stepsOf } from "./cause.ts";
import { command } from "./contract.ts";
import { isoTime } from "./iso-time.ts";
import { seqBlock } from "./kept.ts";
import type { Cause, Effect, Instant, LogFields, TimerKey } from "./model.ts";
import { startPattern } from "./pattern.ts";
import { endPattern } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import type { Objection } from "./refusal.ts";
import { mayRun } from "./rule-condition.ts";
import { mayFire } from "./rule-guard.ts";
import { countLevels } from "./rule-lasting.ts";
import type { LevelTrigger, RuleAction, TriggerPlan } from "./rule-plan.ts";
import { againAt, newValues, noteDone, type Outcome } from "./rule-values.ts";
import type { RuleState, State } from "./state.ts";

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
  let firings: readonly Firing[] = [];
  for (const index of triggers) {
    const trigger = plan.triggers[index];
    if (!trigger) continue;
    const cause = causeOf(trigger, before, took);
    const { ends } = trigger;
    if (ends === null) {
      const ran = run(plan, state, trigger.rule, cause, trigger.own, at, effects);
      if (typeof ran !== "string") firings = firings.concat(ran);
    } else if ("wait" in ends) dropWaiting(state, trigger.rule, ends.wait, effects);
    else endOwnPattern(plan, state, ends.output, trigger.rule, cause, at, effects);
  }
  for (const firing of firings) tell(plan, state, firing, at, effects);
}

/** Runs one rule for `cause`, whoever asks, and tells it; null when it did. */
export function fireRule(plan: Plan, state: State, rule: number, cause: Cause, at: Instant, effects: Effect[]): RuleObjection | null {
  const ran = run(plan, state, rule, cause, true, at, effects);
  if (typeof ran === "string") return ran;
  for (const firing of ran) tell(plan, state, firing, at, effects);
  return null;
}

/** Returns why not, or what is to be told: this rule, and those that wait for it. */
function run(
  plan: Plan,
  state: State,
  rule: number,
  cause: Cause,
  own: boolean,
  at: Instant,
  effects: Effect[],
): RuleObjection | readonly Firing[] {
  const rulePlan = plan.rules[rule];
  const ruleState = state.rules[rule];
  if (!rulePlan || !ruleState || state.stopping) return "stopping";
  if (!ruleState.enabled) return "disabled";
  if (!mayRun(plan, state, rulePlan, at)) return "conditions";
  if (!mayFire(plan, state, rule, own, at, effects)) return "suspended";
  ruleState.fired++;
  ruleState.last = at;
  const outcome = actAll(plan, state, rule, rulePlan.actions, cause, at, effects);
  if (rulePlan.value !== null) noteDone(ruleState.values, "do", outcome, at);
  let firings: readonly Firing[] = [{ rule, cause }];
  for (const index of plan.listeners.fired[rule] ?? []) {
    const next = plan.triggers[index];
    const ran = next ? run(plan, state, next.rule, causeOf(next, cause, 0), true, at, effects) : [];
    if (typeof ran !== "string") firings = firings.concat(ran);
  }
  return firings;
}

/** Does a list of actions, those with `after` later; with `only` what stands at these places in it. */
export function actAll(
  plan: Plan,
  state: State,
  rule: number,
  actions: readonly RuleAction[],
  cause: Cause,
  at: Instant,
  effects: Effect[],
  only: readonly number[] | null = null,
): Outcome {
  let refused: Objection | null = null;
  const left: number[] = [];
  for (const [place, action] of actions.entries()) {
    if (only?.includes(place) === false) continue;
    const objection =
      action.wait === null ? act(plan, state, rule, action, cause, at, effects) : waitFor(state, rule, action.wait, cause, at, effects);
    if (objection === null) continue;
    left.push(place);
    if (refused === null || againAt(objection, at) < againAt(refused, at)) refused = objection;
  }
  return { refused, left, tried: only?.length ?? actions.length };
}

export function waitFor(
  state: State,
  rule: number,
  wait: NonNullable<RuleAction["wait"]>,
  cause: Cause,
  at: Instant,
  effects: Effect[],
): null {
  state.rules[rule]?.waiting.set(wait.key, cause);
  effects.push({ type: "startTimer", key: wait.key, at: at + wait.ms });
  return null;
}

export function act(
  plan: Plan,
  state: State,
  rule: number,
  action: RuleAction,
  cause: Cause,
  at: Instant,
  effects: Effect[],
): Objection | null {
  switch (action.type) {
    case "switch":
      return command(plan, state, action.output, action.word, action.forMs, cause, null, at, effects, action.wish);
    case "pattern":
      startPattern(plan, state, action, plan.rules[rule]?.id ?? "", saying(cause, "PATTERN"), at, effects);
      break;
    case "publish": {
      const said = addressed(state, plan.rules[rule]?.id ?? "", action.effect, effects);
      if (said !== null) effects.push(said);
      break;
    }
    case "enable":
      enableRule(plan, state, action.rule, action.enabled, cause.text, at, effects);
  }
  return null;
}

function dropWaiting(state: State, rule: number, key: TimerKey, effects: Effect[]): void {
  if (state.rules[rule]?.waiting.delete(key)) effects.push({ type: "stopTimer", key });
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
    if (rulePlan.value !== null) effects.push({ type: "startTimer", key: rulePlan.value.key, at });
    return;
  }
  for (const key of ruleState.waiting.keys()) effects.push({ type: "stopTimer", key });
  ruleState.waiting.clear();
  leaveSide(plan, state, rule, `disabled by ${from}`, at, effects);
  for (const [output, pattern] of state.patterns.entries()) {
    if (pattern?.rule !== rulePlan.id) continue;
    endPattern(plan, state, output, `rule ${rulePlan.id} was disabled`, effects);
    const [text, detail] = [`rule ${rulePlan.id}`, `disabled by ${from}`];
    const trigger = { step: { kind: "rule", text: `${text} ${detail}` }, words: `${text} was ${detail}` } as const;
    command(plan, state, output, "OFF", null, { kind: "rule", text, detail, trigger }, null, at, effects);
  }
}

/** A rule that has switched on by a value, and will not look at it any more, does what it does when that is over. */
function leaveSide(plan: Plan, state: State, rule: number, why: string, at: Instant, effects: Effect[]): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  if (!rulePlan?.value || !ruleState) return;
  const { did } = ruleState.values;
  ruleState.values = { ...newValues(), since: ruleState.values.since };
  effects.push({ type: "stopTimer", key: rulePlan.value.key });
  if (did !== "do") return;
  const [text, words] = [`rule ${rulePlan.id}`, `rule ${rulePlan.id} was ${why}`];
  const cause: Cause = { kind: "rule", text, detail: why, trigger: { step: { kind: "rule", text: `${text} ${why}` }, words } };
  ruleState.values.since = at;
  for (const action of rulePlan.otherwise) act(plan, state, rule, action, cause, at, effects);
}

function endOwnPattern(plan: Plan, state: State, output: number, rule: number, cause: Cause, at: Instant, effects: Effect[]): void {
  if (state.patterns[output]?.rule !== plan.rules[rule]?.id) return;
  endPattern(plan, state, output, cause.detail ?? cause.text, effects);
  command(plan, state, output, "OFF", null, cause, null, at, effects);
}

export function ruleStateOf(topic: string, { enabled }: RuleState) {
  return { kind: "state", topic, payload: enabled ? "ON" : "OFF", qos: 1, retain: true } as const;
}

const deeds = { fired: "fired", else: "did else", stale: "did on_stale", broker_lost: "did on_broker_lost" } as const;

/** What fired, as an event for others: never retained, with a number that never repeats. */
function tell(plan: Plan, state: State, firing: Firing, at: Instant, effects: Effect[]): void {
  tellDone(plan, state, firing, "fired", at, effects);
}

/** The same of what a rule does by a value besides firing. */
export function tellDone(
  plan: Plan,
  state: State,
  { rule, cause }: Firing,
  what: "fired" | "else" | "stale" | "broker_lost",
  at: Instant,
  effects: Effect[],
): void {
  const rulePlan = plan.rules[rule];
  const ruleState = state.rules[rule];
  if (!rulePlan || !ruleState) return;
  if (ruleState.seq + seqBlock / 10 >= ruleState.seqLimit) {
    ruleState.seqLimit = Math.max(ruleState.seq, ruleState.seqLimit) + seqBlock;
    effects.push({ type: "reserveRuleSeq", rule, upTo: ruleState.seqLimit });
  }
  // What is undefined is left out of the text.
  const payload = JSON.stringify({
    event_type: what,
    cause: cause.detail,
    chain: cause.chain,
    ts: isoTime(state, at),
    seq: ruleState.seq++,
  });
  effects.push({ type: "publish", kind: "event", topic: rulePlan.eventTopic, payload, qos: 1, retain: false });
  const message = `rule ${rulePlan.id} ${deeds[what]}: ${cause.detail}`;
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
  const { step, words } = trigger;
  return Object.assign({}, cause, { trigger: { step: { kind: step.kind, text: step.text, duration_ms: Math.round(took) }, words } });
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
  for (const { trigger, want, lasting, look } of listeners) {
    if (look !== undefined) {
      if (!state.stopping) effects.push({ type: "startTimer", key: look, at: seen.at });
    } else if (lasting !== null) {
      if (active !== want) effects.push({ type: "stopTimer", key: lasting.key });
      else if (!state.stopping) effects.push({ type: "startTimer", key: lasting.key, at: seen.at + lasting.ms });
    } else if (!seen.fresh && active === want) {
      now ??= [];
      now.push(trigger);
    }
  }
  if (now !== undefined) fire(plan, state, now, seen.at, effects, seen.cause);
}
