import { cancelWait, switchOn } from "./interlock.ts";
import { minOffObjection } from "./minimum.ts";
import type { AgentEvent, Cause, Effect, Instant, SetRequest } from "./model.ts";
import { retryPeriod } from "./output.ts";
import type { OutputPlan } from "./output-plan.ts";
import { peerIsLost } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { armSilence } from "./pwm.ts";
import type { OutputState, State } from "./state.ts";

/**
 * The level with which the line of an output is requested, so that there is no moment with a wrong one. `found` is what
 * the line has now, undefined when the driver cannot tell; it is asked for only where it counts.
 */
export function startLevel(plan: Plan, state: State, index: number, found: () => boolean | undefined, at: Instant): boolean {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return false;
  const { startFrom, interlock } = outputPlan;
  const safe = safeLevel(outputPlan, output, state, at);
  if (safe !== undefined) return safe;
  // A partner may be on, or may have been until a moment ago: an interlocked output goes on after its line is ours.
  if (interlock) return false;
  if (startFrom === "keep") return found() ?? false;
  return startsOn(outputPlan, output) && (plan.startSpacing === 0 || at >= state.nextStart);
}

/** The same of a PWM, as a level. */
export function startDutyLevel(plan: Plan, state: State, index: number, at: Instant): number {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output || !outputPlan?.pwm || !startLevel(plan, state, index, () => undefined, at)) return 0;
  return safeLevel(outputPlan, output, state, at) === undefined ? outputPlan.pwm.onStart : outputPlan.pwm.brokerLost;
}

/** Where a failsafe has its output already; undefined when none has. */
function safeLevel(outputPlan: OutputPlan, output: OutputState, state: State, at: Instant): boolean | undefined {
  const { onBrokerLost, onPeerOffline } = outputPlan;
  if (onBrokerLost && state.offlineSince !== null && at >= state.offlineSince + onBrokerLost.after)
    return onBrokerLost.active && !output.locked;
  return peerIsLost(outputPlan, state, at) ? onPeerOffline?.active === true && !output.locked : undefined;
}

/** Nobody may be surprised at a locked output. */
function startsOn({ startFrom }: OutputPlan, { locked, kept }: OutputState): boolean {
  return !locked && (startFrom === "on" || (startFrom === "last" && kept));
}

/** Before the first level of a line is taken as its state: whether it goes on later, and when. */
export function spaceStart(plan: Plan, state: State, index: number, active: boolean, cause: Cause, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan || plan.startSpacing === 0 || state.stopping) return;
  if (!startsOn(outputPlan, output) || safeLevel(outputPlan, output, state, at) !== undefined) return;
  const goes = takeTurn(plan, state, at, at);
  if (!active) wait(outputPlan, output, { at: goes, cause }, effects);
}

/** The line did not take it: once more, until it does or something else is wanted. */
export function retryStart(
  plan: Plan,
  state: State,
  { output: index, request, at }: Extract<AgentEvent, { type: "output-failed" }>,
  effects: Effect[],
): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan || !request.start || output.written === undefined || state.stopping) return;
  wait(outputPlan, output, { at: takeTurn(plan, state, at + retryPeriod, at), cause: request.cause }, effects);
}

function takeTurn(plan: Plan, state: State, earliest: Instant, at: Instant): Instant {
  const goes = Math.max(earliest, state.nextStart);
  // Lines that come and go again and again do not put all others off for ever.
  state.nextStart = Math.min(goes, at + plan.outputs.length * plan.startSpacing) + plan.startSpacing;
  return goes;
}

function wait({ startKey }: OutputPlan, output: OutputState, starts: { at: Instant; cause: Cause }, effects: Effect[]): void {
  output.starts = starts;
  effects.push({ type: "startTimer", key: startKey, at: starts.at });
}

/** Whatever else moves the output, or tries to, wins. */
export function endStart(plan: Plan, state: State, index: number, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output?.starts || !outputPlan) return;
  output.starts = null;
  effects.push({ type: "stopTimer", key: outputPlan.startKey });
}

export function startDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output?.starts || !outputPlan || state.stopping) return;
  const { cause } = output.starts;
  const allowedAt = minOffObjection(outputPlan, output, at)?.allowedAt;
  if (allowedAt != null) {
    wait(outputPlan, output, { at: allowedAt, cause }, effects);
    return;
  }
  output.starts = null;
  if (!startsOn(outputPlan, output) || output.written !== false) return;
  if (outputPlan.interlock) startInterlocked(plan, state, index, cause, at, effects);
  else effects.push({ type: "setOutput", output: index, active: true, request: startRequest(cause, outputPlan) });
  armSilence(outputPlan, at, effects);
}

/** `on_start: on` of an interlocked output: on after the dead time, unless a partner is on by then. */
export function startInterlocked(plan: Plan, state: State, index: number, cause: Cause, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan?.interlock || !outputPlan.onStart || output.locked || output.starts) return;
  if (safeLevel(outputPlan, output, state, at) !== undefined) return;
  // At the start the partners may not be open yet; one that is on keeps this one off.
  if (outputPlan.interlock.partners.some((partner) => state.outputs[partner]?.written === true)) return;
  cancelWait(plan, state, index, { reason: "failed", message: "its line was opened anew" }, at, effects);
  switchOn(plan, state, index, startRequest(cause, outputPlan), at, effects);
}

function startRequest(cause: Cause, { pwm }: OutputPlan): SetRequest {
  const request: SetRequest = { cause, pulse: null, answer: null, start: true };
  return pwm === null ? request : { ...request, level: pwm.onStart };
}
