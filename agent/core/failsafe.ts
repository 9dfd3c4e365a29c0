import { mqttCause } from "./cause.ts";
import { cancelWait } from "./interlock.ts";
import { spoken } from "./length.ts";
import { minOffObjection } from "./minimum.ts";
import type { AgentEvent, Cause, Effect, Instant } from "./model.ts";
import { drive } from "./output.ts";
import type { OutputPlan } from "./output-plan.ts";
import type { Plan } from "./plan.ts";
import { refuse } from "./refusal.ts";
import type { OutputState, State } from "./state.ts";

// `on_broker_lost`: once for each time that the broker is away for longer than `after`. Buttons and rules go on working, and may move the
// output again; when the broker is back nothing moves by itself.

/** Counts from the moment in which the link went offline; further news that it still is do not start anew. */
export function broker(plan: Plan, state: State, online: boolean, at: Instant, effects: Effect[]): void {
  if (online) {
    if (state.offlineSince === null) return;
    state.offlineSince = null;
    for (const index of plan.outputs.keys()) disarm(plan, state, index, effects);
  } else if (state.offlineSince === null) {
    state.offlineSince = at;
    for (const index of plan.outputs.keys()) arm(plan, state, index, at, effects);
  }
}

/** Starts the time of an output whose line is ours, when the broker is away; it may be over already. */
export function arm(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (state.link.online && state.offlineSince === null) return;
  state.offlineSince ??= at;
  if (!outputPlan?.onBrokerLost || output?.written === undefined || state.stopping) return;
  wait(outputPlan, output, Math.max(at, state.offlineSince + outputPlan.onBrokerLost.after), effects);
}

export function disarm(plan: Plan, state: State, index: number, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || output.failsafeAt === null || !outputPlan) return;
  output.failsafeAt = null;
  effects.push({ type: "stopTimer", key: outputPlan.brokerLostKey });
}

/**
 * After a reload, while the broker is away: what waits gets its new time, what is new or says something else starts, and what has acted
 * already does not act again.
 */
export function rearmFailsafe(before: OutputPlan, plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const now = plan.outputs[index];
  if (!output || !now || state.offlineSince === null) return;
  const [was, is] = [before.onBrokerLost, now.onBrokerLost];
  if (was?.active === is?.active && was?.after === is?.after && before.minOff === now.minOff) return;
  const acted = was?.active === is?.active && output.failsafeAt === null;
  disarm(plan, state, index, effects);
  if (!acted) arm(plan, state, index, at, effects);
}

function wait({ brokerLostKey }: OutputPlan, output: OutputState, at: Instant, effects: Effect[]): void {
  output.failsafeAt = at;
  effects.push({ type: "startTimer", key: brokerLostKey, at });
}

export function failsafeDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan?.onBrokerLost || state.stopping || output.failsafeAt === null) return;
  output.failsafeAt = null;
  const { active, after } = outputPlan.onBrokerLost;
  const cause: Cause = { kind: "failsafe", text: "broker lost", detail: `for ${spoken(after)}` };
  const safe = { active, level: outputPlan.pwm?.brokerLost, cause, setting: "on_broker_lost", lost: "the broker was lost" };
  const later = goSafe(plan, state, index, safe, at, effects);
  if (later !== null) wait(outputPlan, output, later, effects);
}

/** No command came for so long. */
export function silenceDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [output, silence] = [state.outputs[index], plan.outputs[index]?.pwm?.silence];
  if (!output || !silence || state.stopping || output.written === undefined) return;
  const { level, after } = silence;
  if (output.level === level && output.fade === null) return;
  const cause: Cause = { kind: "failsafe", text: "silence", detail: `for ${spoken(after)}` };
  goSafe(plan, state, index, { active: level > 0, level, cause, setting: "silence", lost: "no command came" }, at, effects);
}

/** What a profile began ends as what the core began does: neither a lock nor `min_on` keeps it on. */
export function endForProfile(
  plan: Plan,
  state: State,
  { output: index, says, at }: Extract<AgentEvent, { type: "profile-ended" }>,
  effects: Effect[],
): void {
  if (state.stopping || state.outputs[index]?.written === undefined) return;
  const cause = mqttCause(says, null);
  goSafe(plan, state, index, { active: false, cause, setting: "the profile", lost: says }, at, effects);
}

export interface Failsafe {
  active: boolean;
  /** Of a PWM. */
  level?: number | undefined;
  cause: Cause;
  setting: string;
  /** For whoever waits for a dead time. */
  lost: string;
}

/** Switches an output to its safe state; the time at which that is allowed when `min_off` says that it is too soon. */
export function goSafe(
  plan: Plan,
  state: State,
  index: number,
  { active, level, cause, setting, lost }: Failsafe,
  at: Instant,
  effects: Effect[],
): Instant | null {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return null;
  // A heater at less is on its way off; of a servo no pulse is safer than another.
  const lowers = outputPlan.pwm !== null && outputPlan.pwm.kind !== "servo" && (level ?? 0) < (output.level ?? 0);
  if (active && output.locked && !lowers) {
    const message = `${outputPlan.id} is locked, so ${setting} does not switch it on`;
    refuse(plan, state, index, { reason: "locked", message, to: null, cause, at }, effects);
    return null;
  }
  // Safe is off, so min_on waits for nobody; on is not urgent enough to break a compressor.
  const tooSoon = active ? minOffObjection(outputPlan, output, at)?.allowedAt : null;
  if (tooSoon != null) return tooSoon;
  cancelWait(plan, state, index, { reason: "cancelled", message: lost }, at, effects);
  drive(index, active, cause, effects, level);
  return null;
}
