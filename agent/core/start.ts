import { cancelWait, switchOn } from "./interlock.ts";
import type { Cause, Effect, Instant } from "./model.ts";
import { peerIsLost } from "./peer.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/**
 * The level with which the line of an output is requested, so that there is no moment with a wrong one. `found` is what
 * the line has now, undefined when the driver cannot tell; it is asked for only where it counts.
 */
export function startLevel(plan: Plan, state: State, index: number, found: () => boolean | undefined, at: Instant): boolean {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return false;
  const { startFrom, interlock, onBrokerLost } = outputPlan;
  if (onBrokerLost && state.offlineSince !== null && at >= state.offlineSince + onBrokerLost.after)
    return onBrokerLost.active && !output.locked;
  if (peerIsLost(outputPlan, state, at)) return outputPlan.onPeerOffline?.active === true && !output.locked;
  // A partner may be on, or may have been until a moment ago: an interlocked output goes on after its line is ours.
  if (interlock) return false;
  if (startFrom === "keep") return found() ?? false;
  // Nobody may be surprised at a locked output.
  if (output.locked) return false;
  return startFrom === "on" || (startFrom === "last" && output.kept);
}

/** `on_start: on` of an interlocked output: on after the dead time, unless a partner is on by then. */
export function startInterlocked(plan: Plan, state: State, index: number, cause: Cause, at: Instant, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan?.interlock || !outputPlan.onStart || output.locked) return;
  // At the start the partners may not be open yet; one that is on keeps this one off.
  if (outputPlan.interlock.partners.some((partner) => state.outputs[partner]?.written === true)) return;
  cancelWait(plan, state, index, { reason: "failed", message: "its line was opened anew" }, at, effects);
  switchOn(plan, state, index, { cause, pulse: null, answer: null }, at, effects);
}
