import type { Cause, Effect, Instant } from "./model.ts";
import type { Plan, TimerOwner } from "./plan.ts";
import type { Objection } from "./refusal.ts";
import { act, actAll, fireRule, tellDone, waitFor } from "./rule.ts";
import { mayRun } from "./rule-condition.ts";
import type { RulePlan } from "./rule-plan.ts";
import type { ListName, ReactionStep, ValueRule } from "./rule-value-plan.ts";
import { againAt, noteDone, type RuleValues } from "./rule-values.ts";
import type { RuleState, State } from "./state.ts";
import { comparedText, testNow, valueNow, valueText } from "./value.ts";

// A rule on a value is not started by an event but looked at: at each reading of a sensor that it names, and when one of its times is over.
// `do` is done when its comparison has become true and its conditions are met, `else` when one of that has ended.

/** A sensor was read, or its reading no longer holds; the sides of what is compared with it are the new ones. */
export function valuesSeen(plan: Plan, state: State, sensor: number, at: Instant, effects: Effect[]): void {
  for (const rule of plan.listeners.values[sensor] ?? []) lookAtValues(plan, state, rule, at, effects);
}

/** Does what a rule says about the values as they are; nothing when that is done already. */
export function lookAtValues(plan: Plan, state: State, rule: number, at: Instant, effects: Effect[]): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  if (!rulePlan?.value || !ruleState?.enabled || state.stopping) return;
  const { value } = rulePlan;
  const { values } = ruleState;
  if (values.did === "lost") {
    if (values.again !== null && at >= values.again) react(plan, state, rule, "on_broker_lost", lostCause(rulePlan.id), true, at, effects);
    return;
  }
  // New, changed or enabled while the broker is away.
  const { onBrokerLost } = value;
  if (values.did === null && value.test !== null && !state.link.online && onBrokerLost.some(({ type }) => type !== "none")) {
    const waits = onBrokerLost.some(({ wait }) => wait !== null && ruleState.waiting.has(wait.key));
    if (!waits) react(plan, state, rule, "on_broker_lost", lostCause(rulePlan.id), false, at, effects);
    if (onBrokerLost.some(({ wait }) => wait === null)) return;
  }
  const quality = qualityOfAll(plan, state, rulePlan, at);
  if (quality === "stale") goStale(plan, state, rule, at, effects);
  if (quality !== "known") return;
  if (value.test === null) {
    if (values.did === "stale") values.did = null;
    return;
  }
  const side = state.sides[value.test] === true;
  if (!side) values.soSince = null;
  else values.soSince ??= at;
  const due = values.soSince === null ? null : values.soSince + value.lasting;
  const wanted = due !== null && at >= due && mayRun(plan, state, rulePlan, at) ? "do" : "else";
  let next: Instant | null = due !== null && at < due ? due : null;
  if (values.did !== wanted) {
    const free = freeAt(value, values, wanted);
    if (at >= free) turn(plan, state, rule, wanted, at, effects);
    else next = next === null ? free : Math.min(next, free);
  } else if (values.again !== null && at >= values.again) turn(plan, state, rule, wanted, at, effects);
  if (values.did === wanted && values.again !== null) next = next === null ? values.again : Math.min(next, values.again);
  effects.push(next === null || next <= at ? { type: "stopTimer", key: value.key } : { type: "startTimer", key: value.key, at: next });
}

/** From when on the minimum times of a rule let it do something else. */
function freeAt(value: ValueRule, { did, since }: RuleValues, wanted: "do" | "else"): Instant {
  if (wanted === "do") return since + value.minOff;
  return did === "do" ? since + value.minOn : Number.NEGATIVE_INFINITY;
}

function qualityOfAll(plan: Plan, state: State, { value, and, unless }: RulePlan, at: Instant): "known" | "unknown" | "stale" {
  const own = value?.test == null ? undefined : plan.tests[value.test]?.ref;
  let found = own === undefined ? "known" : valueNow(plan, state, own, at).is;
  for (const conditions of [and, unless])
    for (const condition of conditions) {
      if (found === "stale") return "stale";
      if (condition.kind !== "value") continue;
      const { is } = valueNow(plan, state, condition.ref, at);
      if (is !== "known") found = is;
    }
  return found === "known" && value?.test != null && state.sides[value.test] === null ? "unknown" : found;
}

function turn(plan: Plan, state: State, rule: number, wanted: "do" | "else", at: Instant, effects: Effect[]): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  if (!rulePlan?.value || !ruleState) return;
  const { values } = ruleState;
  const again = values.did === wanted;
  const side = rulePlan.value.test !== null && state.sides[rulePlan.value.test] === true;
  const cause = causeNow(plan, state, rulePlan, wanted === "do" || !side ? null : "its conditions are no longer met", at);
  if (!again) dropWaiting(rulePlan, ruleState, "others", effects);
  const { repeat } = rulePlan.value;
  if (again) {
    // What an output has refused is tried again alone.
    const whole = values.left.length === 0 || (wanted === "do" && repeat !== null && at >= values.saidAt + repeat);
    const list = wanted === "do" ? rulePlan.actions : rulePlan.otherwise;
    noteDone(values, wanted, actAll(plan, state, rule, list, cause, at, effects, whole ? null : values.left), at, whole);
  } else if (wanted === "else") {
    noteDone(values, "else", actAll(plan, state, rule, rulePlan.otherwise, cause, at, effects), at);
    if (rulePlan.otherwise.length > 0) tellDone(plan, state, { rule, cause }, "else", at, effects);
  } else if (fireRule(plan, state, rule, cause, at, effects) !== null) {
    // It rests: it is looked at again when it works again.
    values.did = null;
    return;
  }
  if (wanted === "do" && repeat !== null) values.again = Math.min(values.again ?? Number.POSITIVE_INFINITY, values.saidAt + repeat);
}

/** What a rule does when it can no longer rely on a value, once. */
function goStale(plan: Plan, state: State, rule: number, at: Instant, effects: Effect[]): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  if (!rulePlan?.value || !ruleState) return;
  const { values } = ruleState;
  const { value } = rulePlan;
  values.soSince = null;
  const again = values.did === "stale";
  if (again && (values.again === null || at < values.again)) return;
  // With values in its conditions alone it has nothing to end before it has fired.
  if (!again && value.test === null && values.did !== "do") return;
  const stale = value.sensors.find((sensor) => state.sensors[sensor]?.stale) ?? value.sensors[0] ?? -1;
  const cause = causeOf(rulePlan.id, {
    kind: "sensor",
    text: `${plan.sensors[stale]?.id} is stale`,
    words: `${plan.sensors[stale]?.id} was stale`,
  });
  react(plan, state, rule, "on_stale", cause, again, at, effects);
}

/** The link to the broker has changed, or the agent has started without one. */
export function valuesAndLink(plan: Plan, state: State, online: boolean, at: Instant, effects: Effect[]): void {
  for (const [rule, rulePlan] of plan.rules.entries()) {
    const ruleState = state.rules[rule];
    const { id, value } = rulePlan;
    if (value === null || !ruleState?.enabled || state.stopping) continue;
    if (!online) {
      if (value.onBrokerLost.every(({ type }) => type === "none")) continue;
      if (value.test === null && ruleState.values.did !== "do") continue;
      react(plan, state, rule, "on_broker_lost", lostCause(id), false, at, effects);
      continue;
    }
    dropWaiting(rulePlan, ruleState, "of the broker", effects);
    // What was published meanwhile may not have been heard: it is said again.
    if (ruleState.values.did !== "lost" && [...rulePlan.actions, ...rulePlan.otherwise].every(({ type }) => type !== "publish")) continue;
    const lost = ruleState.values.did === "lost";
    if (lost) ruleState.values.did = null;
    ruleState.values.again = lost || ruleState.values.did === null ? null : at;
    ruleState.values.left = [];
    lookAtValues(plan, state, rule, at, effects);
  }
}

function lostCause(id: string): Cause {
  return causeOf(id, { kind: "broker", text: "broker is lost", words: "the broker was lost" });
}

function react(
  plan: Plan,
  state: State,
  rule: number,
  list: "on_stale" | "on_broker_lost",
  cause: Cause,
  again: boolean,
  at: Instant,
  effects: Effect[],
): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  if (!rulePlan?.value || !ruleState) return;
  const steps = list === "on_stale" ? rulePlan.value.onStale : rulePlan.value.onBrokerLost;
  const now = steps.filter(({ wait }) => wait === null);
  // While all of it waits, the rule works on without a broker; without a value it cannot.
  if (list === "on_stale" || now.length > 0) {
    if (!again) dropWaiting(rulePlan, ruleState, "others", effects);
    const actions = now.flatMap((step) => (step.type === "none" ? [] : step.type === "else" ? rulePlan.otherwise : [step]));
    const { values } = ruleState;
    const whole = !again || values.left.length === 0;
    const outcome = actAll(plan, state, rule, actions, cause, at, effects, whole ? null : values.left);
    noteDone(values, list === "on_stale" ? "stale" : "lost", outcome, at, whole);
    const { again: retry } = ruleState.values;
    const { key } = rulePlan.value;
    effects.push(retry === null ? { type: "stopTimer", key } : { type: "startTimer", key, at: retry });
    if (!again) tellDone(plan, state, { rule, cause }, list === "on_stale" ? "stale" : "broker_lost", at, effects);
  }
  if (!again) for (const { wait } of steps) if (wait !== null) waitFor(state, rule, wait, cause, at, effects);
}

function reactStep(
  plan: Plan,
  state: State,
  rule: number,
  step: ReactionStep,
  cause: Cause,
  at: Instant,
  effects: Effect[],
): Objection | null {
  if (step.type === "none") return null;
  if (step.type !== "else") return act(plan, state, rule, step, cause, at, effects);
  return actAll(plan, state, rule, plan.rules[rule]?.otherwise ?? [], cause, at, effects).refused;
}

/** The wait of an action with `after` is over. */
export function actionDue(
  plan: Plan,
  state: State,
  { rule, list, action }: Extract<TimerOwner, { kind: "after" }>,
  at: Instant,
  effects: Effect[],
): void {
  const [rulePlan, ruleState] = [plan.rules[rule], state.rules[rule]];
  const step = rulePlan && listOf(rulePlan, list)[action];
  const cause = step?.wait ? ruleState?.waiting.get(step.wait.key) : undefined;
  if (!step?.wait || !ruleState || !cause) return;
  ruleState.waiting.delete(step.wait.key);
  if (state.stopping || !ruleState.enabled) return;
  const refused = reactStep(plan, state, rule, step, { ...cause, after: step.wait.ms }, at, effects);
  if (list === "on_broker_lost" && ruleState.values.did !== "lost")
    noteDone(ruleState.values, "lost", { refused: null, left: [], tried: 0 }, at);
  // What switches off is tried again.
  if (refused !== null && list !== "do") waitFor(state, rule, { ...step.wait, ms: againAt(refused, at) - at }, cause, at, effects);
}

function listOf(rule: RulePlan, list: ListName): readonly ReactionStep[] {
  const { actions, otherwise, value } = rule;
  return { do: actions, else: otherwise, on_stale: value?.onStale ?? [], on_broker_lost: value?.onBrokerLost ?? [] }[list];
}

/** What waits from what was done before is no longer true. */
function dropWaiting({ value, actions }: RulePlan, { waiting }: RuleState, which: "of the broker" | "others", effects: Effect[]): void {
  const ofBroker = new Set(value?.onBrokerLost.flatMap(({ wait }) => (wait === null ? [] : [wait.key])));
  // What `do` has switched on and will switch off by itself goes off.
  const ends = new Set(actions.flatMap((one) => (one.wait !== null && one.type === "switch" && one.word === "OFF" ? [one.wait.key] : [])));
  for (const key of [...waiting.keys()]) {
    if (ofBroker.has(key) !== (which === "of the broker") || ends.has(key)) continue;
    waiting.delete(key);
    effects.push({ type: "stopTimer", key });
  }
}

/** Why a rule does something by a value, with the value. */
function causeNow(plan: Plan, state: State, { id, value }: RulePlan, other: string | null, at: Instant): Cause {
  const test = value?.test == null ? undefined : plan.tests[value.test];
  if (test === undefined || value?.test == null) return causeOf(id, { kind: "sensor", text: "a value", words: "a value came" });
  if (other !== null) return causeOf(id, { kind: "sensor", text: other, words: other });
  const side = state.sides[value.test] === true;
  const now = valueNow(plan, state, test.ref, at);
  const read = now.is === "known" ? valueText(now.value, now.unit) : now.is;
  const words = `${test.ref.text} was ${read}, ${side ? "" : "not "}${comparedText(test.test)},`;
  return causeOf(id, { kind: "sensor", text: testNow(plan, state, test, side, at), words });
}

function causeOf(id: string, { kind, text, words }: { kind: "sensor" | "broker"; text: string; words: string }): Cause {
  return { kind: "rule", text: `rule ${id}`, detail: text, trigger: { step: { kind, text }, words } };
}
