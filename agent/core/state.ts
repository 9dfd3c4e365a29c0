import { newOwlcms, type OwlcmsState } from "../profile/owlcms/platform.ts";
import { type ControllerState, newController } from "./controller-state.ts";
import { type CounterState, newCounter } from "./counter.ts";
import { type Debounce, newDebounce } from "./debounce.ts";
import { newMemory } from "./derive.ts";
import { type EncoderState, newEncoder } from "./encoder.ts";
import { type GestureState, newGesture } from "./gesture.ts";
import type { Change } from "./history.ts";
import { controllerKeptId, type KeptSource, ruleSeqId, seqBlock, type TotalSource, zeroTotal } from "./kept.ts";
import type { MessageMemory } from "./message-trigger.ts";
import type { Cause, Instant, KeptFile, SetRequest, TimerKey, Verdict } from "./model.ts";
import type { Blink, Pattern } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { newGuard, type RuleGuard } from "./rule-guard.ts";
import { newValues, type RuleValues } from "./rule-values.ts";
import { newSensor, type SensorState } from "./sensor.ts";

/** Everything the core knows. `reduce` changes it in place (an event must not cost a copy of all pins); nobody else writes to it. */
export interface State {
  inputs: InputState[];
  outputs: OutputState[];
  rules: RuleState[];
  /** What plays, by output. */
  patterns: (Pattern | Blink | null)[];
  /** By the index of the peer in the plan. */
  peers: PeerState[];
  sensors: SensorState[];
  controllers: ControllerState[];
  /** Whether each comparison of the plan with a value is true; null while the value is not known. */
  sides: (boolean | null)[];
  owlcms: OwlcmsState;
  link: { online: boolean; problem: string | null };
  /** Since when the broker is away, counted from the start when it never was there; null while it is there. */
  offlineSince: Instant | null;
  /** From when on the next output may be started on. */
  nextStart: Instant;
  brokerProblems: string[];
  /** A sentence for each file that cannot be written. */
  fileProblems: Map<KeptFile, string>;
  /** Wall clock − monotonic clock. */
  clockOffset: number;
  clockSet: boolean;
  /** Local time − UTC. */
  zone: number;
  stopping: boolean;
  /** Rules with `start: true` were left out. */
  startHeld: boolean;
  /** Grows whenever something that `healthOf` looks at changed. */
  healthVersion: number;
  edges: number;
  commands: number;
  refused: number;
}

export interface InputState {
  debounce: Debounce;
  gesture: GestureState;
  /** Null for an input that counts nothing. */
  counter: CounterState | null;
  encoder: EncoderState | null;
  lastGesture: string | null;
  /** A sentence while the line cannot be used. */
  problem: string | null;
  lost: number;
  /** The number of the next event; never repeats, because it starts above what was ever reserved. */
  seq: number;
  /** The first number that is not reserved on disk. */
  seqLimit: number;
}

export interface OutputState {
  /** The last observed write; undefined while the line is not ours. */
  written: boolean | undefined;
  /** What was asked for in this turn and is not answered by the line yet: two toggles in one rule are two toggles. */
  wanted: boolean | undefined;
  /** Of a PWM: the level of the last observed write; null while it is not known, and for every other output. */
  level: number | null;
  /** The level of the next ON: the last one that was asked for. */
  lastLevel: number | null;
  fade: Fade | null;
  /** What its curve last asked for, and what its sensor said then: null when it could not be read. */
  curve: { reading: number | null; level: number } | null;
  since: Instant;
  cause: Cause;
  problem: string | null;
  /** Of a plug: why its failsafe is not armed, as far as that was tried; its problem while it has no other. */
  unarmed: string | null;
  pulseEnds: Instant | null;
  maxOnEnds: Instant | null;
  /** When the output ends by itself, as last published. */
  until: Instant | null;
  /** An ON that waits for the dead time of its interlock. `until` is null while a partner is not off yet. */
  waiting: { request: SetRequest; until: Instant | null } | null;
  /** When `on_broker_lost` acts; null while it has nothing to wait for, or has acted. */
  failsafeAt: Instant | null;
  /** When `on_peer_offline` acts, in the same way. */
  peerFailsafeAt: Instant | null;
  locked: boolean;
  /** The level for `on_start: last`: what was written for good; a pulse is not. */
  kept: boolean;
  /** It goes on later, because another output was started a moment ago. */
  starts: { at: Instant; cause: Cause } | null;
  /** Why the output must go off although the last write failed. */
  retry: Cause | null;
  /** Newest last, at most `historyLength` changes and `refusalsKept` refusals. */
  history: Change[];
  /** First answers by command id, oldest first, see `answers.ts`. */
  answers: Map<string, Verdict>;
}

/** A PWM on its way to another level. */
export interface Fade {
  from: number;
  to: number;
  startedAt: Instant;
  ms: number;
  /** The time between two steps. */
  step: number;
  cause: Cause;
  /** When its state was told last. */
  toldAt: Instant;
}

export interface PeerState {
  /** Null until it is heard for the first time. */
  online: boolean | null;
  /** It said that it is there, and then nothing for longer than `stale_after`; it is not online then. */
  stale: boolean;
  since: Instant;
}

export interface RuleState {
  fired: number;
  last: Instant | null;
  enabled: boolean;
  guard: RuleGuard;
  /** Actions with `after` that are still to be done, with their cause. */
  waiting: Map<TimerKey, Cause>;
  /** What it did last by the values that it looks at. */
  values: RuleValues;
  /** The number of its next event, and the first one that is not reserved on disk. */
  seq: number;
  seqLimit: number;
  /** What its triggers with `changed_since` have heard, see `message-trigger.ts`. */
  heard: Map<string, MessageMemory>;
  /** First answers by command id, oldest first, see `answers.ts`. */
  answers: Map<string, string>;
}

const nothing: KeptSource = { kept: () => ({ locked: false, level: false }) };
const zero: TotalSource = { total: () => zeroTotal };

/** The state before the first event. `firstSeq` gives the first free event number of an input; a block from there is reserved. */
export function newState(plan: Plan, firstSeq: (id: string) => number, before: KeptSource = nothing, totals: TotalSource = zero): State {
  return {
    inputs: plan.inputs.map(({ id, counter }) => {
      const seq = firstSeq(id);
      return {
        debounce: newDebounce(),
        gesture: newGesture(),
        counter: counter === null ? null : newCounter(totals.total(id)),
        encoder: counter?.kind === "encoder" ? newEncoder() : null,
        lastGesture: null,
        problem: null,
        lost: 0,
        seq,
        seqLimit: seq + seqBlock,
      };
    }),
    outputs: plan.outputs.map(({ id }) => ({
      waiting: null,
      failsafeAt: null,
      peerFailsafeAt: null,
      starts: null,
      locked: before.kept(id).locked,
      kept: before.kept(id).level,
      written: undefined,
      wanted: undefined,
      level: null,
      lastLevel: null,
      fade: null,
      curve: null,
      since: 0,
      cause: { kind: "start", text: "start", detail: null },
      problem: null,
      unarmed: null,
      pulseEnds: null,
      maxOnEnds: null,
      until: null,
      retry: null,
      history: [],
      answers: new Map(),
    })),
    peers: plan.peers.map(() => ({ online: null, stale: false, since: 0 })),
    controllers: plan.controllers.map(({ id, onStart }) =>
      newController(onStart === "last" ? (before.enabled?.(controllerKeptId(id)) ?? true) : onStart === "enabled"),
    ),
    sides: plan.tests.map(() => null),
    sensors: plan.sensors.map(({ id, derive }) => {
      const sum = derive?.kind === "integral" ? before.sum?.(id) : undefined;
      return sum === undefined ? newSensor() : { ...newSensor(), memory: newMemory(sum) };
    }),
    rules: plan.rules.map(({ id, onStart }) => {
      const seq = firstSeq(ruleSeqId(id));
      const enabled = onStart === "last" ? (before.enabled?.(id) ?? true) : onStart === "enabled";
      const nothingYet = {
        fired: 0,
        last: null,
        guard: newGuard(),
        waiting: new Map(),
        values: newValues(),
        heard: new Map(),
        answers: new Map(),
      };
      return { ...nothingYet, enabled, seq, seqLimit: seq + seqBlock };
    }),
    patterns: plan.outputs.map(() => null),
    owlcms: newOwlcms(plan.owlcms),
    link: { online: false, problem: null },
    offlineSince: null,
    nextStart: 0,
    brokerProblems: [],
    fileProblems: new Map(),
    clockOffset: 0,
    clockSet: false,
    zone: 0,
    stopping: false,
    startHeld: false,
    healthVersion: 0,
    edges: 0,
    commands: 0,
    refused: 0,
  };
}
