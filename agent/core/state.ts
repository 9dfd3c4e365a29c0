import { type Debounce, newDebounce } from "./debounce.ts";
import { type GestureState, newGesture } from "./gesture.ts";
import type { Cause, Instant, SetRequest, TimerKey, Verdict } from "./model.ts";
import type { Pattern } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { newGuard, type RuleGuard } from "./rule-guard.ts";

/** Everything the core knows. `reduce` changes it in place (an event must not cost a copy of all pins); nobody else writes to it. */
export interface State {
  inputs: InputState[];
  outputs: OutputState[];
  rules: RuleState[];
  /** What plays, by output. */
  patterns: (Pattern | null)[];
  /** By the index of the peer in the plan. */
  peers: PeerState[];
  link: { online: boolean; problem: string | null };
  /** Since when the broker is away, counted from the start when it never was there; null while it is there. */
  offlineSince: Instant | null;
  brokerProblems: string[];
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
  since: Instant;
  cause: Cause;
  problem: string | null;
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
  /** Why the output must go off although the last write failed. */
  retry: Cause | null;
  /** Newest last, at most `historyLength`. */
  history: Change[];
  /** First answers by command id, oldest first, at most `answersKept`. */
  answers: Map<string, Verdict>;
}

export interface PeerState {
  /** Null until it is heard for the first time. */
  online: boolean | null;
  since: Instant;
}

export interface RuleState {
  fired: number;
  last: Instant | null;
  enabled: boolean;
  guard: RuleGuard;
  /** Actions with `after` that are still to be done, with their cause. */
  waiting: Map<TimerKey, Cause>;
  /** The number of its next event, and the first one that is not reserved on disk. */
  seq: number;
  seqLimit: number;
  /** First answers by command id, oldest first, at most `answersKept`. */
  answers: Map<string, string>;
}

export interface Change {
  at: Instant;
  state: "ON" | "OFF" | "REFUSED" | "FAILED" | "LOCKED" | "UNLOCKED";
  cause: Cause;
  detail: string | null;
  /** When it ends by itself, as known at that moment. */
  ends?: End | null;
}

export interface End {
  at: Instant;
  by: "its pulse" | "max_on";
}

export const historyLength = 32;
export const answersKept = 64;
/** How many event numbers one reservation covers. */
export const seqBlock = 1000;

/** What an output brings from the last run. */
export interface Kept {
  locked: boolean;
  level: boolean;
}

/** Where the core asks what was kept, once, at the start. */
export interface KeptSource {
  kept(id: string): Kept;
  /** Whether a rule was enabled; undefined when nobody has said so. */
  enabled?(rule: string): boolean | undefined;
}

const nothing: KeptSource = { kept: () => ({ locked: false, level: false }) };

/** The state before the first event. `firstSeq` gives the first free event number of an input; a block from there is reserved. */
export function newState(plan: Plan, firstSeq: (id: string) => number, before: KeptSource = nothing): State {
  return {
    inputs: plan.inputs.map(({ id }) => {
      const seq = firstSeq(id);
      return { debounce: newDebounce(), gesture: newGesture(), lastGesture: null, problem: null, lost: 0, seq, seqLimit: seq + seqBlock };
    }),
    outputs: plan.outputs.map(({ id }) => ({
      waiting: null,
      failsafeAt: null,
      peerFailsafeAt: null,
      locked: before.kept(id).locked,
      kept: before.kept(id).level,
      written: undefined,
      wanted: undefined,
      since: 0,
      cause: { kind: "start", text: "start", detail: null },
      problem: null,
      pulseEnds: null,
      maxOnEnds: null,
      until: null,
      retry: null,
      history: [],
      answers: new Map(),
    })),
    peers: plan.peers.map(() => ({ online: null, since: 0 })),
    rules: plan.rules.map(({ id, onStart }) => {
      const seq = firstSeq(ruleSeqId(id));
      const enabled = onStart === "last" ? (before.enabled?.(id) ?? true) : onStart === "enabled";
      return { fired: 0, last: null, enabled, guard: newGuard(), waiting: new Map(), seq, seqLimit: seq + seqBlock, answers: new Map() };
    }),
    patterns: plan.outputs.map(() => null),
    link: { online: false, problem: null },
    offlineSince: null,
    brokerProblems: [],
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

/** Rules and inputs may share ids: the numbers of their events must not. */
export function ruleSeqId(rule: string): string {
  return `rule/${rule}`;
}

/** ISO 8601 UTC with milliseconds, from the wall clock as last read. */
export function isoTime(state: State, at: Instant): string {
  return new Date(at + state.clockOffset).toISOString();
}

export function remember(output: OutputState, change: Change): void {
  output.history.push(change);
  if (output.history.length > historyLength) output.history.shift();
}
