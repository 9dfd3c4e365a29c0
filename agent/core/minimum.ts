import type { Instant } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import type { Objection } from "./refusal.ts";
import type { OutputState } from "./state.ts";

/** What was wanted in this turn counts as done at `at`: two toggles of one rule must not break a minimum either. */
export function minOnObjection({ id, minOn }: OutputPlan, output: OutputState, at: Instant): Objection | null {
  if (minOn === 0 || !(output.wanted ?? output.written ?? false)) return null;
  const allowedAt = (output.written === true ? output.since : at) + minOn;
  return at >= allowedAt ? null : { reason: "min_on", message: `${id} must stay on for ${minOn} ms`, allowedAt };
}

export function minOffObjection({ id, minOff }: OutputPlan, output: OutputState, at: Instant): Objection | null {
  if (minOff === 0 || (output.wanted ?? output.written ?? true)) return null;
  const allowedAt = (output.written === false ? output.since : at) + minOff;
  return at >= allowedAt ? null : { reason: "min_off", message: `${id} must stay off for ${minOff} ms`, allowedAt };
}
