import { endOf } from "./cause.ts";
import { mayBeOn } from "./interlock.ts";
import type { AgentEvent, Cause, Effect, Instant } from "./model.ts";
import { drive, maxOnCause, pulseCause } from "./output.ts";
import { attrOf, endsAt } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

// A plug moves by itself, too: by its button, by others on the bus, and by its PulseTime.

/** Its PulseTime is rounded and counts from an earlier moment than the end that it was made of. */
const early = 2000;

/** Why a plug is on or off when nobody here has asked for it; null when that is how it was. */
export function movedCause(state: State, { output: index, active, at }: Extract<AgentEvent, { type: "plug-moved" }>): Cause | null {
  const output = state.outputs[index];
  if (output?.written === undefined || output.written === active) return null;
  // The late answer to an ON that has failed by then, and is taken back.
  if (active && output.retry !== null) return output.retry;
  const end = endsAt(output);
  if (active || end === null || at < end - early)
    return { kind: "plug", text: "plug", detail: active ? "switched there" : "went off there" };
  return endOf(end === output.pulseEnds ? pulseCause : maxOnCause, output.cause);
}

/** Its failsafe is armed, or not: told until it is, while it has no other problem. */
export function failsafeArmed(
  plan: Plan,
  state: State,
  { output: index, problem }: Extract<AgentEvent, { type: "plug-armed" }>,
  effects: Effect[],
): void {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output || !outputPlan || output.unarmed === problem) return;
  const isTold = output.written !== undefined && output.problem === output.unarmed;
  output.unarmed = problem;
  if (problem !== null) {
    const message = `output ${outputPlan.id}: ${problem}`;
    effects.push({ type: "log", level: "warn", message, fields: { output: outputPlan.id } });
  }
  if (!isTold) return;
  output.problem = problem;
  state.healthVersion++;
  effects.push({ type: "publish", ...attrOf(state, outputPlan, output) });
}

/** What has moved an output, as a write that was observed: of a plug that moved by itself, why stands in its state by then. */
export function observedWrite(
  event: AgentEvent,
  { outputs }: Readonly<State>,
): Extract<AgentEvent, { type: "output-written" }> | undefined {
  if (event.type === "output-written") return event;
  const cause = event.type === "plug-moved" ? outputs[event.output]?.cause : undefined;
  return event.type === "plug-moved" && cause
    ? { ...event, type: "output-written", request: { cause, pulse: null, answer: null } }
    : undefined;
}

/** It was switched on by hand while a partner is on, or may be: it goes off again at once. */
export function yieldToPartner(plan: Plan, state: State, index: number, effects: Effect[]): void {
  const interlock = plan.outputs[index]?.interlock;
  const partner = interlock?.partners.find((other) => state.outputs[other] && mayBeOn(state.outputs[other]));
  if (!interlock || partner === undefined || state.outputs[index]?.written !== true) return;
  const detail = `${plan.outputs[partner]?.id} is on, or may be`;
  drive(index, false, { kind: "interlock", text: `interlock ${interlock.group}`, detail }, effects);
}

/** For how long from now on an output may be on, by a pulse of this length or none; null = until somebody says otherwise. */
export function mayBeOnFor(plan: Plan, state: Readonly<State>, index: number, pulse: number | null, at: Instant): number | null {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output || !outputPlan) return null;
  const since = output.written === true ? output.since : at;
  const ends = [
    ...(pulse === null ? [] : [Math.max(at + pulse, since + outputPlan.minOn)]),
    ...(outputPlan.maxOn === null ? [] : [output.written === true ? (output.maxOnEnds ?? at) : at + outputPlan.maxOn]),
  ];
  return ends.length === 0 ? null : Math.max(0, Math.min(...ends) - at);
}
