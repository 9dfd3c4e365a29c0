import { endOf } from "./cause.ts";
import { controlLost, lookAt } from "./controller.ts";
import { report } from "./counter.ts";
import { turnNow } from "./encoder.ts";
import { failsafeDue, silenceDue } from "./failsafe.ts";
import { stepBlink } from "./identify.ts";
import { gesturesNow, settleNow } from "./input.ts";
import { proceed } from "./interlock.ts";
import type { Effect, TimerKey } from "./model.ts";
import { drive, maxOnCause, pulseCause, retry } from "./output.ts";
import { stepPattern } from "./pattern.ts";
import { peerOfflineDue } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { fadeDue } from "./pwm.ts";
import { lastingDue, peerSeen } from "./rule-event.ts";
import { restOver } from "./rule-guard.ts";
import { actionDue, lookAtValues } from "./rule-value.ts";
import { readDue, staleDue } from "./sensor.ts";
import { startDue } from "./start.ts";
import type { State } from "./state.ts";

/** A timer of the core ran: its owner decides what follows. */
export function timerDue(plan: Plan, state: State, key: TimerKey, at: number, effects: Effect[]): void {
  const owner = plan.timers.get(key);
  if (!owner) return;
  switch (owner.kind) {
    case "settle":
      if (state.inputs[owner.input]?.encoder) turnNow(plan, state, owner.input, at, effects);
      else settleNow(plan, state, owner.input, at, effects);
      break;
    case "report":
      report(plan, state, owner.input, at, effects);
      break;
    case "hold":
    case "window":
      gesturesNow(plan, state, owner.input, at, effects);
      break;
    case "pulse": {
      const output = state.outputs[owner.output];
      if (state.stopping || output?.pulseEnds == null) break;
      output.pulseEnds = null;
      drive(owner.output, false, endOf(pulseCause, output.cause), effects);
      break;
    }
    case "max-on": {
      const output = state.outputs[owner.output];
      // The end stays in the state until the line is off: it must hold for an ON that comes while the line refuses.
      if (state.stopping || output?.maxOnEnds == null) break;
      drive(owner.output, false, endOf(maxOnCause, output.cause), effects);
      break;
    }
    case "interlock":
      if (!state.stopping) proceed(plan, state, owner.output, at, effects);
      break;
    case "pattern": {
      const pattern = state.patterns[owner.output];
      if (pattern?.rule === null) stepBlink(plan, state, owner.output, pattern, at, effects);
      else stepPattern(plan, state, owner.output, at, effects);
      break;
    }
    case "level":
      lastingDue(plan, state, owner, at, effects);
      break;
    case "after":
      actionDue(plan, state, owner, at, effects);
      break;
    case "value":
      lookAtValues(plan, state, owner.rule, at, effects);
      break;
    case "control":
      lookAt(plan, state, owner.controller, at, effects);
      break;
    case "control-lost":
      controlLost(plan, state, owner.controller, at, effects);
      break;
    case "rest":
      restOver(plan, state, owner.rule, at, effects);
      break;
    case "read":
      readDue(plan, state, owner.sensor, at, effects);
      break;
    case "stale":
      staleDue(plan, state, owner.sensor, at, effects);
      break;
    case "peer-stale":
      peerSeen(plan, state, { type: "peer-silent", peer: owner.peer, at }, effects);
      break;
    case "broker-lost":
      failsafeDue(plan, state, owner.output, at, effects);
      break;
    case "peer-offline":
      peerOfflineDue(plan, state, owner.output, at, effects);
      break;
    case "fade":
      fadeDue(plan, state, owner.output, at, effects);
      break;
    case "silence":
      silenceDue(plan, state, owner.output, at, effects);
      break;
    case "start":
      startDue(plan, state, owner.output, at, effects);
      break;
    case "retry": {
      const output = state.outputs[owner.output];
      if (!state.stopping && output?.retry) retry(owner.output, output.retry, effects);
      break;
    }
  }
}
