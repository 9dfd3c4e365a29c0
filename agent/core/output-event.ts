import { controllersOpened } from "./controller.ts";
import { arm, disarm } from "./failsafe.ts";
import { cancelWait, cancelWaits, proceedPartners } from "./interlock.ts";
import type { AgentEvent, Cause, Effect, Instant, SetRequest } from "./model.ts";
import { drive, endPulse, endRetry, failed, leaves, written } from "./output.ts";
import { attrOf, stateOf } from "./output-told.ts";
import { endPattern, forgetPattern } from "./pattern-end.ts";
import { armPeer, disarmPeer } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { movedCause, yieldToPartner } from "./plug.ts";
import { armSilence, disarmSilence, endFade } from "./pwm.ts";
import { curveOpened } from "./pwm-curve.ts";
import { endsPattern, outputSeen } from "./rule-event.ts";
import { endStart, retryStart, spaceStart, startInterlocked } from "./start.ts";
import type { State } from "./state.ts";

const chipCause: Cause = { kind: "chip", text: "line came back", detail: "the start state of its contract" };
const plugCause: Cause = { ...chipCause, text: "plug came back" };
const startCause: Cause = { kind: "start", text: "start", detail: null };
const reloadCause: Cause = { kind: "reload", text: "reload", detail: "the start state of its contract" };
export const exitCause: Cause = { kind: "exit", text: "agent stops", detail: null };

type EventOf<T extends AgentEvent["type"]> = Extract<AgentEvent, { type: T }>;

/** Its line was opened, or its plug was heard: it is where it was seen to be, and its contract begins. */
export function outputOpened(plan: Plan, state: State, event: EventOf<"output-opened">, effects: Effect[]): void {
  const back = plan.outputs[event.output]?.plug ? plugCause : chipCause;
  const cause = { start: startCause, chip: back, reload: reloadCause }[event.why];
  if (event.missed !== true) spaceStart(plan, state, event.output, event.active, cause, event.at, effects);
  writtenFor(plan, state, { ...event, type: "output-written", request: openedBy(event, cause) }, effects);
  goesTo(state, event);
  if (state.stopping) {
    exitOutput(plan, state, event.output, exitCause, event.at, effects);
    return;
  }
  outputSeen(plan, state, event.output, true, event.at, effects);
  silenceFrom(plan, event.output, event.at, effects);
  curveOpened(plan, state, event.output, event.at, effects);
  if (event.why !== "start") controllersOpened(plan, state, event.output, event.at, effects);
  arm(plan, state, event.output, event.at, effects);
  armPeer(plan, state, event.output, event.at, effects);
  if (event.missed !== true) startInterlocked(plan, state, event.output, cause, event.at, effects);
  if (event.unsent !== undefined) startUnsent(plan, state, event, event.unsent, cause, effects);
  proceedPartners(plan, state, event.output, event.at, effects);
}

/** A plug that was found off is to be on by its start, and was not told so. */
function startUnsent(
  plan: Plan,
  state: State,
  { output, at }: EventOf<"output-opened">,
  problem: string,
  cause: Cause,
  effects: Effect[],
): void {
  const request: SetRequest = { cause, pulse: null, answer: null, start: true };
  const event = { type: "output-failed", output, active: true, at, problem, unsent: true, request } as const;
  failed(plan, state, { ...event, ...request }, effects);
  retryStart(plan, state, event, effects);
}

/** A plug was switched where it is, or somebody else switched it. */
export function plugMoved(plan: Plan, state: State, event: EventOf<"plug-moved">, effects: Effect[]): void {
  const cause = movedCause(state, event);
  if (cause === null) return;
  const request = { cause, pulse: null, answer: null };
  const isTakenBack = event.active && event.next === undefined && cause === state.outputs[event.output]?.retry;
  outputWritten(plan, state, { ...event, type: "output-written", request }, effects);
  if (isTakenBack) drive(event.output, false, cause, effects);
  else yieldToPartner(plan, state, event.output, effects);
}

/** A write failed: what follows from that for the output, and for those that wait for it. */
export function outputFailed(plan: Plan, state: State, event: EventOf<"output-failed">, effects: Effect[]): void {
  endStart(plan, state, event.output, effects);
  endPattern(plan, state, event.output, event.problem, effects);
  failed(plan, state, { ...event, ...event.request }, effects);
  goesTo(state, event);
  // Behind it comes an OFF.
  if (event.next !== false) retryStart(plan, state, event, effects);
  if (!event.active) partnerStays(plan, state, event, effects);
}

/** A write was observed. */
export function outputWritten(plan: Plan, state: State, event: EventOf<"output-written">, effects: Effect[]): void {
  const before = state.outputs[event.output]?.written;
  if (endsPattern(event.request.cause)) endPattern(plan, state, event.output, event.request.cause.text, effects);
  endStart(plan, state, event.output, effects);
  writtenFor(plan, state, event, effects);
  goesTo(state, event);
  if (!event.active) proceedPartners(plan, state, event.output, event.at, effects);
  // A rule must not switch on what a reload is about to let go of.
  if (before === event.active || leaves(event.request.cause)) return;
  outputSeen(plan, state, event.output, before === undefined || event.request.cause.kind === "start", event.at, effects);
}

/** More of it is asked for already, so that its partners must wait. */
function goesTo(state: State, { output: index, next }: EventOf<"output-opened" | "output-written" | "output-failed">): void {
  const output = state.outputs[index];
  if (output && next !== undefined) output.wanted = next;
}

/** Field by field: spreading event and request would allocate several times as much, in the hottest path. */
function writtenFor(
  plan: Plan,
  state: State,
  { output, active, at, request, ends }: EventOf<"output-written"> & { ends?: Instant },
  effects: Effect[],
): void {
  const { cause, pulse, answer, level, fade } = request;
  if (ends !== undefined) written(plan, state, { output, active, at, cause, pulse, answer, ends }, effects);
  else if (level === undefined) written(plan, state, { output, active, at, cause, pulse, answer }, effects);
  else written(plan, state, { output, active, at, cause, pulse, answer, level, ...(fade === undefined ? {} : { fade }) }, effects);
}

function openedBy({ level }: EventOf<"output-opened">, cause: Cause): EventOf<"output-written">["request"] {
  return level === undefined ? { cause, pulse: null, answer: null } : { cause, pulse: null, answer: null, level };
}

function silenceFrom(plan: Plan, index: number, at: number, effects: Effect[]): void {
  const outputPlan = plan.outputs[index];
  if (outputPlan) armSilence(outputPlan, at, effects);
}

/** An off-write that failed: whoever waits for it must not go on. */
function partnerStays(plan: Plan, state: State, event: EventOf<"output-failed">, effects: Effect[]): void {
  const id = plan.outputs[event.output]?.id;
  for (const partner of plan.outputs[event.output]?.interlock?.partners ?? []) {
    const why = { reason: "failed", message: `${id} could not be switched off: ${event.problem}` } as const;
    cancelWait(plan, state, partner, why, event.at, effects);
  }
}

/** Its line, or its plug, is not there any more: nothing is known of it, and nothing may wait for it. */
export function outputLost(plan: Plan, state: State, { output: index, problem, at }: EventOf<"output-lost">, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return;
  // A write may have failed for the same reason before; the line is lost nonetheless.
  if (output.problem === problem && output.written === undefined) return;
  output.problem = problem;
  state.healthVersion++;
  output.written = undefined;
  output.level = null;
  endFade(outputPlan, output, effects);
  disarmSilence(outputPlan, effects);
  output.maxOnEnds = null;
  output.until = null;
  endPulse(output, outputPlan, effects);
  endRetry(output, outputPlan, effects);
  endPattern(plan, state, index, problem, effects);
  outputSeen(plan, state, index, true, at, effects);
  disarm(plan, state, index, effects);
  disarmPeer(plan, state, index, effects);
  endStart(plan, state, index, effects);
  cancelWaits(plan, state, index, { reason: "failed", message: `${outputPlan.id}: ${problem}` }, at, effects);
  effects.push({ type: "stopTimer", key: outputPlan.maxOnKey });
  effects.push({ type: "publish", ...stateOf(outputPlan, output) }, { type: "publish", ...attrOf(state, outputPlan, output) });
  effects.push({
    type: "log",
    level: "error",
    message: `output ${outputPlan.id}: ${problem}`,
    fields: { event: outputPlan.plug === null ? "line-lost" : "plug-lost", output: outputPlan.id },
  });
}

/** To its exit state; every promise that would move it later ends. */
export function exitOutput(plan: Plan, state: State, index: number, cause: Cause, at: number, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan) return;
  forgetPattern(plan, state, index, cause.text, effects);
  cancelWait(plan, state, index, { reason: "stopping", message: "the agent is stopping" }, at, effects);
  disarm(plan, state, index, effects);
  disarmPeer(plan, state, index, effects);
  endStart(plan, state, index, effects);
  const fadesOff = output.fade?.to === 0;
  if (output.fade !== null) {
    endFade(outputPlan, output, effects);
    effects.push({ type: "publish", ...stateOf(outputPlan, output) });
  }
  disarmSilence(outputPlan, effects);
  // `keep` keeps a state, not a movement: nobody would end a pulse, or try again to switch off, once the agent is gone.
  const ends = output.pulseEnds !== null || output.retry !== null || fadesOff;
  if (outputPlan.onExit !== "keep") drive(index, outputPlan.onExit === "on", cause, effects, outputPlan.pwm?.onExit ?? undefined);
  else if (ends) drive(index, false, cause, effects);
}
