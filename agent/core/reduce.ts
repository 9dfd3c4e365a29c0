import { personCause, saying } from "./cause.ts";
import { command } from "./contract.ts";
import { beginControllers, controllersAndLink } from "./controller.ts";
import { controllerCommand } from "./controller-command.ts";
import { count, keepAll, kept, miss } from "./counter.ts";
import { counterCommand, counterControl } from "./counter-command.ts";
import { answerHolds, keepSums } from "./derive.ts";
import { adoptPhase, takePhase, takePhaseGap } from "./encoder.ts";
import { broker, endForProfile } from "./failsafe.ts";
import { identify } from "./identify.ts";
import { adopt, lose, takeEdge } from "./input.ts";
import { cancelWaits } from "./interlock.ts";
import { lock } from "./lock.ts";
import type { AgentEvent, AnswerTo, Effect } from "./model.ts";
import { leaveCause } from "./output.ts";
import { commandReceived } from "./output-command.ts";
import { exitCause, exitOutput, outputFailed, outputLost, outputOpened, outputWritten, plugMoved } from "./output-event.ts";
import { endPattern } from "./pattern-end.ts";
import { watchPeer } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { failsafeArmed } from "./plug.ts";
import { refuse } from "./refusal.ts";
import { fire, levelSeen } from "./rule.ts";
import { ruleCommand, ruleControl } from "./rule-command.ts";
import { messageHeard, peerSeen, started } from "./rule-event.ts";
import { valuesAndLink } from "./rule-value.ts";
import { beginSensors, sensorFailed, sensorRead } from "./sensor.ts";
import type { State } from "./state.ts";
import { timerDue } from "./timer-due.ts";

const released = { reason: "cancelled", message: "a reload released its line, or the one of an output in its interlock" } as const;

/** The effects of the running event, behind one that stays: V8 gives a list that was empty room for 17, and most events have few. */
const gathered: Effect[] = [{ type: "stopTimer", key: "settle:" }];

/** Decides what follows from one event. Changes `state` in place and returns the effects in the order in which they are to be done. */
export function reduce(plan: Plan, state: State, event: AgentEvent): Effect[] {
  const effects = gathered;
  // Left behind by an event that was none, and threw.
  if (effects.length > 1) effects.length = 1;
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
    case "output-opened":
      outputOpened(plan, state, event, effects);
      break;
    case "output-lost":
      outputLost(plan, state, event, effects);
      break;
    case "output-written":
      outputWritten(plan, state, event, effects);
      break;
    case "plug-moved":
      plugMoved(plan, state, event, effects);
      break;
    case "plug-armed":
      failsafeArmed(plan, state, event, effects);
      break;
    case "output-failed":
      outputFailed(plan, state, event, effects);
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
        refuse(plan, state, event.output, { ...why, to: answer, cause: saying(cause, event.word), at: event.at }, effects);
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
  return effects.splice(1);
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

/** Every output goes to its exit state; from then on nothing else moves it. */
function stop(plan: Plan, state: State, at: number, effects: Effect[]): void {
  keepAll(state, effects);
  if (state.stopping) return;
  state.stopping = true;
  for (const index of plan.outputs.keys()) exitOutput(plan, state, index, exitCause, at, effects);
}
