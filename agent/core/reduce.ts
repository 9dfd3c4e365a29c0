import { personCause } from "./cause.ts";
import { command } from "./contract.ts";
import { beginControllers, controllersAndLink, controllersOpened } from "./controller.ts";
import { controllerCommand } from "./controller-command.ts";
import { count, keepAll, kept, miss } from "./counter.ts";
import { counterCommand, counterControl } from "./counter-command.ts";
import { answerHolds, keepSums } from "./derive.ts";
import { adoptPhase, takePhase, takePhaseGap } from "./encoder.ts";
import { arm, broker, disarm, endForProfile } from "./failsafe.ts";
import { identify } from "./identify.ts";
import { adopt, lose, takeEdge } from "./input.ts";
import { cancelWait, cancelWaits, proceedPartners } from "./interlock.ts";
import { lock } from "./lock.ts";
import type { AgentEvent, AnswerTo, Cause, Effect, Instant } from "./model.ts";
import { attrOf, drive, endPulse, endRetry, failed, leaveCause, leaves, stateOf, written } from "./output.ts";
import { commandReceived } from "./output-command.ts";
import { endPattern, forgetPattern } from "./pattern-end.ts";
import { armPeer, disarmPeer, watchPeer } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { movedCause, yieldToPartner } from "./plug.ts";
import { armSilence, disarmSilence, endFade } from "./pwm.ts";
import { curveOpened } from "./pwm-curve.ts";
import { refuse } from "./refusal.ts";
import { fire, levelSeen } from "./rule.ts";
import { ruleCommand, ruleControl } from "./rule-command.ts";
import { endsPattern, messageHeard, outputSeen, peerSeen, started } from "./rule-event.ts";
import { valuesAndLink } from "./rule-value.ts";
import { beginSensors, sensorFailed, sensorRead } from "./sensor.ts";
import { endStart, retryStart, spaceStart, startInterlocked } from "./start.ts";
import type { State } from "./state.ts";
import { timerDue } from "./timer-due.ts";

const chipCause: Cause = { kind: "chip", text: "line came back", detail: "the start state of its contract" };
const plugCause: Cause = { ...chipCause, text: "plug came back" };
const startCause: Cause = { kind: "start", text: "start", detail: null };
const reloadCause: Cause = { kind: "reload", text: "reload", detail: "the start state of its contract" };
const released = { reason: "cancelled", message: "a reload released its line, or the one of an output in its interlock" } as const;
const exitCause: Cause = { kind: "exit", text: "agent stops", detail: null };

/** Decides what follows from one event. Changes `state` in place and returns the effects in the order in which they are to be done. */
export function reduce(plan: Plan, state: State, event: AgentEvent): Effect[] {
  const effects: Effect[] = [];
  switch (event.type) {
    case "edge":
      state.edges++;
      edge(plan, state, event, effects);
      break;
    case "edges-lost": {
      const input = state.inputs[event.input];
      if (input?.counter) {
        miss(plan, state, event.input, event.count, event.at, effects);
        break;
      }
      if (input) input.lost += event.count;
      effects.push({ type: "readLevel", input: event.input });
      break;
    }
    case "level-read":
      if (event.why === "gap") takeGap(plan, state, event, effects);
      else adoptRead(plan, state, event, effects);
      break;
    case "input-lost":
      lose(plan, state, event.input, event.problem, event.at, effects);
      break;
    case "output-opened": {
      const back = plan.outputs[event.output]?.plug ? plugCause : chipCause;
      const cause = { start: startCause, chip: back, reload: reloadCause }[event.why];
      if (event.missed !== true) spaceStart(plan, state, event.output, event.active, cause, event.at, effects);
      writtenFor(plan, state, { ...event, type: "output-written", request: openedBy(event, cause) }, effects);
      goesTo(state, event);
      if (state.stopping) {
        exitOutput(plan, state, event.output, exitCause, event.at, effects);
        break;
      }
      outputSeen(plan, state, event.output, true, event.at, effects);
      silenceFrom(plan, event.output, event.at, effects);
      curveOpened(plan, state, event.output, event.at, effects);
      if (event.why !== "start") controllersOpened(plan, state, event.output, event.at, effects);
      arm(plan, state, event.output, event.at, effects);
      armPeer(plan, state, event.output, event.at, effects);
      if (event.missed !== true) startInterlocked(plan, state, event.output, cause, event.at, effects);
      proceedPartners(plan, state, event.output, event.at, effects);
      break;
    }
    case "output-lost":
      loseOutput(plan, state, event.output, event.problem, event.at, effects);
      break;
    case "output-written":
      outputWritten(plan, state, event, effects);
      break;
    case "plug-moved": {
      const cause = movedCause(state, event);
      if (cause === null) break;
      const request = { cause, pulse: null, answer: null };
      const isTakenBack = event.active && event.next === undefined && cause === state.outputs[event.output]?.retry;
      outputWritten(plan, state, { ...event, type: "output-written", request }, effects);
      if (isTakenBack) drive(event.output, false, cause, effects);
      else yieldToPartner(plan, state, event.output, effects);
      break;
    }
    case "output-failed":
      endStart(plan, state, event.output, effects);
      endPattern(plan, state, event.output, event.problem, effects);
      failed(plan, state, { ...event, ...event.request }, effects);
      goesTo(state, event);
      retryStart(plan, state, event, effects);
      if (!event.active) partnerStays(plan, state, event, effects);
      break;
    case "timer-due":
      timerDue(plan, state, event.key, event.at, effects);
      break;
    case "command-received":
      commandReceived(plan, state, event, effects);
      break;
    case "control-received": {
      state.commands++;
      const answer: AnswerTo = { via: "control", ticket: event.ticket };
      const cause = personCause(event.from);
      if (state.stopping) {
        const why = { reason: "stopping", message: "the agent is stopping" } as const;
        const wanted = event.word === null ? cause : { ...cause, says: event.word };
        refuse(plan, state, event.output, { ...why, to: answer, cause: wanted, at: event.at }, effects);
        break;
      }
      const wish = { level: event.level ?? null, fade: event.fadeMs ?? null };
      command(plan, state, event.output, event.word, event.forMs, cause, answer, event.at, effects, wish);
      break;
    }
    case "identify-requested":
      identify(plan, state, event, effects);
      break;
    case "profile-ended":
      endForProfile(plan, state, event, effects);
      break;
    case "lock-requested":
      if (event.locked) endPattern(plan, state, event.output, "locked", effects);
      lock(plan, state, event, effects);
      break;
    case "counter-command-received":
      counterCommand(plan, state, event, effects);
      break;
    case "counter-control-received":
      counterControl(plan, state, event, effects);
      break;
    case "counter-kept":
      kept(plan, state, event, effects);
      break;
    case "totals-wanted":
      keepAll(state, effects);
      keepSums(plan, state, effects);
      break;
    case "link-changed": {
      const was = state.link.online;
      broker(plan, state, event.online, event.at, effects);
      state.link = { online: event.online, problem: event.problem };
      state.healthVersion++;
      if (was === event.online) break;
      for (const index of plan.peers.keys()) watchPeer(plan, state, index, event.at, effects);
      valuesAndLink(plan, state, event.online, event.at, effects);
      controllersAndLink(plan, state, event.online, event.at, effects);
      levelSeen(plan, state, plan.listeners.broker, event.online, { at: event.at, fresh: false, cause: null }, effects);
      break;
    }
    case "sensor-read":
      if (answerHolds(plan, state, event.sensor)) sensorRead(plan, state, event, effects);
      break;
    case "sensor-failed":
      sensorFailed(plan, state, event, effects);
      break;
    case "peer-changed":
    case "peer-heard":
      peerSeen(plan, state, event, effects);
      break;
    case "message-received":
      messageHeard(plan, state, event, effects);
      break;
    case "file-changed":
      if (event.problem === null) state.fileProblems.delete(event.file);
      else state.fileProblems.set(event.file, event.problem);
      state.healthVersion++;
      break;
    case "broker-changed":
      state.brokerProblems = event.problems;
      state.healthVersion++;
      break;
    case "clock-read":
      state.clockOffset = event.offset;
      state.clockSet = event.set;
      if (event.zone !== undefined) state.zone = event.zone;
      break;
    case "time-came":
      fire(plan, state, [event.trigger], event.at, effects);
      break;
    case "rule-command-received":
      ruleCommand(plan, state, event, effects);
      break;
    case "controller-command-received":
      controllerCommand(plan, state, event, effects);
      break;
    case "rule-control-received":
      ruleControl(plan, state, event, effects);
      break;
    case "started":
      started(plan, state, event, effects);
      beginSensors(plan, state, event.at, effects);
      beginControllers(plan, state, event.at, effects);
      break;
    case "outputs-leaving":
      for (const output of event.released) cancelWaits(plan, state, output, released, event.at, effects);
      for (const output of event.outputs) exitOutput(plan, state, output, leaveCause, event.at, effects);
      break;
    case "stop-requested":
      stop(plan, state, event.at, effects);
      break;
  }
  return effects;
}

type EventOf<T extends AgentEvent["type"]> = Extract<AgentEvent, { type: T }>;

/** A level that was read because edges may be missing: if it is not the one that the edges told, it counts as an edge. */
function takeGap(plan: Plan, state: State, event: EventOf<"level-read">, effects: Effect[]): void {
  const input = state.inputs[event.input];
  if (input?.encoder) takePhaseGap(plan, state, event.input, event.line ?? "a", event.active, event.at, effects);
  else if (input?.problem === null && input.debounce.raw !== event.active)
    takeEdge(plan, state, event.input, event.active, event.at, effects);
}

function edge(plan: Plan, state: State, { input: index, edge, at, line }: EventOf<"edge">, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input || !inputPlan) return;
  if (input.encoder) takePhase(plan, state, index, line ?? "a", edge === "rising", at, effects);
  // Only the edges that count are asked for, so each is a pulse.
  else if (input.counter && inputPlan.counter && inputPlan.debounce === 0) count(inputPlan.counter, input.counter, 1, at, at, effects);
  else takeEdge(plan, state, index, edge === "rising", at, effects);
}

function adoptRead(plan: Plan, state: State, { input: index, active, at, line }: EventOf<"level-read">, effects: Effect[]): void {
  const input = state.inputs[index];
  if (input) adoptPhase(input, line ?? "a", active);
  if (line !== "b") adopt(plan, state, index, active, at, effects);
}

function outputWritten(plan: Plan, state: State, event: EventOf<"output-written">, effects: Effect[]): void {
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

function loseOutput(plan: Plan, state: State, index: number, problem: string, at: number, effects: Effect[]): void {
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

/** Every output goes to its exit state; from then on nothing else moves it. */
function stop(plan: Plan, state: State, at: number, effects: Effect[]): void {
  keepAll(state, effects);
  if (state.stopping) return;
  state.stopping = true;
  for (const index of plan.outputs.keys()) exitOutput(plan, state, index, exitCause, at, effects);
}

function exitOutput(plan: Plan, state: State, index: number, cause: Cause, at: number, effects: Effect[]): void {
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
