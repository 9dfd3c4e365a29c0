import type { Edge } from "../../gpio/line.ts";
import type { Change } from "./history.ts";
import type { LogEvent } from "./log-events.ts";

/** Milliseconds of the monotonic clock. The core never asks the clock: every event brings its time. */
export type Instant = number;

export type Gesture =
  | "press"
  | "release"
  | "click"
  | "double"
  | "triple"
  | "4 clicks"
  | "5 clicks"
  | "hold"
  | "hold_end"
  | "repeat"
  | "right"
  | "left";
/** What the world is told of the kind of a cause; the agent itself tells them apart more finely. */
export type CauseKind = "rule" | "controller" | "mqtt" | "cli" | "tui" | "plug" | "contract" | "start" | "failsafe";
/** What sets a rule going is a step as well: an input moves an output through a rule only. */
export type StepKind = CauseKind | "input" | "output" | "broker" | "peer" | "clock" | "sensor";
export type SwitchWord = "ON" | "OFF" | "TOGGLE" | "PULSE";

/** One step of what led to a change. */
export interface Step {
  kind: StepKind;
  /** `porch click`, `rule porch-lamp`, `pulse ended`. */
  text: string;
  /** How long the gesture took, for one that is recognised after its press. */
  duration_ms?: number;
}

/** Why an output changed. `text` is what people read: `rule porch-lamp`. */
export interface Cause {
  kind:
    | "start"
    | "rule"
    | "controller"
    | "mqtt"
    | "cli"
    | "tui"
    | "plug"
    | "pulse"
    | "max-on"
    | "chip"
    | "exit"
    | "interlock"
    | "failsafe"
    | "reload"
    | "curve";
  text: string;
  /** The input and gesture behind a rule, the id of a command. */
  detail: string | null;
  /** The id of the command, as its sender chose it. */
  id?: string;
  /** Why the state began that this ends; without its own `ended`. */
  ended?: Cause;
  /** What was wanted, where a person reads more than the state from it. */
  says?: SwitchWord | "PATTERN" | "IDENTIFY";
  /** One blink of many: only the first and the last of them are kept in the history. */
  blink?: true;
  /** What set the rule going: `detail` as a step, and as a person tells it (`porch was pressed`). */
  trigger?: { step: Step; words: string };
  /** How long the rule waited before it did this. */
  after?: number;
  /** What led to it before that, oldest first: `porch press`, `rule a`, `lamp is on`. */
  chain?: readonly Step[];
}

/** Where an answer goes. */
export type AnswerTo =
  | { via: "mqtt"; responseTopic: string | null; correlationData: Uint8Array | null; id: string | null }
  | { via: "control"; ticket: number };

/** What travels with a write and comes back with its observed result. */
export interface SetRequest {
  cause: Cause;
  /** How long the output stays on, from the moment in which the line took it; null = until something else is wanted. */
  pulse: number | null;
  answer: AnswerTo | null;
  /** The write towards off that failed, tried once more. */
  again?: true;
  /** An ON of the start, which is tried again as well. */
  start?: true;
  /** Of a PWM: its level while it is on; see `PwmPlan`. */
  level?: number;
  /** It is a step of a fade. */
  fade?: "first" | "next";
}

export type RefusalReason =
  | "malformed"
  | "retained"
  | "stale"
  | "failed"
  | "stopping"
  | "min_on"
  | "min_off"
  | "interlock"
  | "too-long"
  | "locked"
  | "busy"
  | "not-allowed"
  /** It waited for a dead time, and a newer command came. */
  | "cancelled"
  /** Of a PWM: its limits do not allow it. */
  | "range";
export type Verdict =
  /** Of a PWM with its `value` as it is now, and `target` while it fades. */
  | { ok: true; state: "ON" | "OFF"; changed: boolean; value?: number; target?: number }
  /** `allowed_at`: ISO time from which the same command would be served, when that is known. */
  | { ok: false; reason: RefusalReason; message: string; allowed_at?: string };

export type CounterVerdict =
  | { ok: true; total: number; pulses: number }
  | { ok: false; reason: "malformed" | "retained" | "stale" | "stopping" | "failed"; message: string };

/** What a counter brings from one run to the next. */
export interface KeptTotal {
  /** Of an encoder: detents, negative to the left of where it was zero. */
  pulses: number;
  /** Edges that were lost and could not be counted, since the total was last set. */
  missed: number;
  /** The total before was lost, and nobody has set it since. */
  uncertain: boolean;
}

/** One value of a sensor. Names and units are Home Assistant's where it has them: `temperature`, `°C`. */
export interface Measured {
  name: string;
  value: number | boolean | string;
  unit: string | null;
}

type Union<T> = { [K in keyof T]: { type: K } & T[K] }[keyof T];

/** What happened. Past participles; inputs, outputs, sensors and rules are named by their index in the plan. */
export type AgentEvent = Union<{
  /** `line` is "b" for the second line of an encoder. */
  edge: { input: number; edge: Edge; at: Instant; line?: "b" };
  "edges-lost": { input: number; count: number; at: Instant };
  /** The level as read from the line: after the start, a chip coming back, a reload or a gap in seqno. */
  "level-read": { input: number; active: boolean; at: Instant; why: "start" | "chip" | "reload" | "gap"; line?: "b" };
  "input-lost": { input: number; problem: string; at: Instant };
  /** Of a plug: `ends` by max_on from before it was lost; `missed` is an end that it had to be told, whatever its start state is. */
  "output-opened": {
    output: number;
    active: boolean;
    at: Instant;
    why: "start" | "chip" | "reload";
    level?: number;
    ends?: Instant;
    missed?: boolean;
    /** It is off because it was not told the ON of its start, and why. */
    unsent?: string;
    next?: boolean;
  };
  "output-lost": { output: number; problem: string; at: Instant };
  /** A plug was switched there, by its button or by others, or went off by its PulseTime. */
  "plug-moved": { output: number; active: boolean; at: Instant; next?: boolean };
  /** The failsafe of a plug is armed, or `problem` says why not. */
  "plug-armed": { output: number; problem: string | null; at: Instant };
  /** `next`: what a plug is told after it. */
  "output-written": { output: number; active: boolean; at: Instant; request: SetRequest; next?: boolean };
  /** `unsent`: a plug was not told. */
  "output-failed": { output: number; active: boolean; at: Instant; problem: string; request: SetRequest; next?: boolean; unsent?: boolean };
  "timer-due": { key: TimerKey; at: Instant };
  "command-received": {
    output: number;
    payload: string;
    retain: boolean;
    responseTopic: string | null;
    correlationData: Uint8Array | null;
    at: Instant;
  };
  "control-received": {
    output: number;
    /** Null for a PWM that gets a level. */
    word: SwitchWord | null;
    forMs: number | null;
    from: "cli" | "tui";
    ticket: number;
    at: Instant;
    level?: number;
    fadeMs?: number;
  };
  "counter-command-received": {
    input: number;
    payload: string;
    retain: boolean;
    responseTopic: string | null;
    correlationData: Uint8Array | null;
    at: Instant;
  };
  "counter-control-received": { input: number; total: number; from: "cli" | "tui"; ticket: number; at: Instant };
  /** What `keepCounter` asked for is on disk, or `problem` says why not. */
  "counter-kept": { input: number; version: number; kept: KeptTotal; problem: string | null; at: Instant };
  /** A counter may be let go of: what is not on its way to the disk goes there now. */
  "totals-wanted": { at: Instant };
  /** What a sensor said at one moment. */
  "sensor-read": {
    sensor: number;
    values: readonly Measured[];
    at: Instant;
    /** When it was measured, where that is not now. */
    measured?: Instant;
  };
  "sensor-failed": { sensor: number; problem: string; at: Instant };
  "link-changed": { online: boolean; problem: string | null; at: Instant };
  /** Another device said that it is there, or it or the broker said that it is gone. */
  "peer-changed": { peer: number; online: boolean; at: Instant };
  /** Another device has published something just now: it is alive. */
  "peer-heard": { peer: number; at: Instant };
  /** Whether a file is still written that a restart needs; a sentence when not. */
  "file-changed": { file: KeptFile; problem: string | null; at: Instant };
  /** Somebody published to a topic for which a rule waits; the payload may be cut. */
  "message-received": { topic: string; payload: string; at: Instant };
  "broker-changed": { problems: string[]; at: Instant };
  /** `offset` = wall clock − monotonic clock; `set` = the wall clock can be trusted. */
  "clock-read": {
    offset: number;
    set: boolean;
    /** Local time − UTC in ms. */
    zone?: number;
    at: Instant;
  };
  /** A reload lets go of the lines of `released`; those of them that leave theirs go to their exit states first. */
  "outputs-leaving": { outputs: readonly number[]; released: readonly number[]; at: Instant };
  "stop-requested": { at: Instant };
  /** Everything is open. `held` = the agent has crashed again and again: rules with `start: true` are left out. */
  started: { held: boolean; at: Instant };
  /** A time or the sun has come for which a trigger waits. */
  "time-came": { trigger: number; at: Instant };
  "rule-command-received": {
    rule: number;
    payload: string;
    retain: boolean;
    responseTopic: string | null;
    correlationData: Uint8Array | null;
    at: Instant;
  };
  "controller-command-received": {
    controller: number;
    payload: string;
    retain: boolean;
    responseTopic: string | null;
    correlationData: Uint8Array | null;
    at: Instant;
  };
  "rule-control-received": { rule: number; enabled: boolean; from: "cli" | "tui"; at: Instant };
  /** Somebody wants to see which output this is. */
  "identify-requested": { output: number; forMs: number; from: "mqtt" | "cli"; id: string | null; ticket: number; at: Instant };
  /** A profile ends what it began; `says` is why. */
  "profile-ended": { output: number; says: string; at: Instant };
  "lock-requested": { output: number; locked: boolean; from: "cli" | "tui"; at: Instant };
}>;

/** What is written to a file, or is not at its broker, by the name under which its problem is told. */
export type KeptFile =
  /** A device of Tasmota that is played here, when it is not at the broker. */
  | `tasmota ${string}`
  /** The connection with the topics of mqtt-io, when it is not at the broker. */
  | "mqtt-io"
  /** The same of the device of Homie. */
  | "homie"
  /** Of the outputs. */
  | "history"
  /** Their locks and levels. */
  | "outputs"
  /** Which of them are enabled. */
  | "rules"
  /** The numbers of events. */
  | "seq"
  /** The events that wait for the broker. */
  | "outbox"
  /** The readings that wait for it. */
  | "telemetry"
  /** What the link trusts, and is trusted for. */
  | "certificate"
  /** The same of the built-in broker. */
  | "broker-certificate"
  /** What the built-in broker keeps. */
  | "broker"
  /** The bridge, when it is not at the central broker. */
  | "bridge"
  /** As the link's. */
  | "bridge-certificate";

export type PublicationKind = "state" | "event" | "answer";

/** Where a reading goes that the broker did not get, and when it was read (ISO time). */
export interface Afterwards {
  topic: string;
  ts: string;
}

/** What is to be done. The shell has one performer for each; see `agent/shell/performers.ts`. */
export type Effect = Union<{
  setOutput: { output: number; active: boolean; request: SetRequest };
  readLevel: { input: number };
  /** Comes back as `sensor-read` or `sensor-failed`, or not at all while a read before it is under way. */
  readSensor: { sensor: number };
  /** An expression over these inputs, which comes back as `sensor-read` or `sensor-failed`; a newer one of the same sensor takes its place. */
  evaluate: { sensor: number; inputs: Readonly<Record<string, Measured["value"]>>; measured: Instant };
  /** What a derived value has summed up, for the next start. */
  keepSum: { sensor: number; total: number; unit: string };
  startTimer: { key: TimerKey; at: Instant };
  stopTimer: { key: TimerKey };
  publish: { kind: PublicationKind; topic: string; payload: string; qos: 0 | 1; retain: boolean; afterwards?: Afterwards };
  answer: { output: number; to: AnswerTo; verdict: Verdict };
  answerCounter: { input: number; to: AnswerTo; verdict: CounterVerdict };
  /** The total of a counter, which comes back as `counter-kept`. A later one may be written in its place. */
  keepCounter: { input: number; version: number; kept: KeptTotal };
  /** Numbers of events up to `upTo` may now be used: it must be on disk before they run out. */
  reserveSeq: { input: number; upTo: number };
  /** What must survive a restart: the lock, and the level for `on_start: last`. */
  keepOutput: { output: number; locked: boolean; level: boolean };
  /** A change, or a refusal, for the history that survives a restart. */
  keepChange: { output: number; change: Change };
  /** The same for the events of a rule, and whether it is enabled. */
  reserveRuleSeq: { rule: number; upTo: number };
  keepRule: { rule: number; enabled: boolean };
  /** The same of a controller. */
  keepController: { controller: number; enabled: boolean };
  /** An answer to a command that is not for an output; `topic` is where it goes when the command named none. */
  reply: { topic: string; to: Extract<AnswerTo, { via: "mqtt" }>; payload: string };
  log: { level: "error" | "warn" | "info" | "debug"; message: string; fields: LogFields };
}>;

export interface LogFields {
  /** What kind of entry it is; without one it is not looked for by its kind. */
  event?: LogEvent;
  input?: string;
  output?: string;
  rule?: string;
  peer?: string;
  sensor?: string;
  controller?: string;
  cause?: string;
  kind?: CauseKind;
  source?: string;
  /** The id of the command behind it, as its sender chose it. */
  cause_id?: string;
  /** Where the command came from. */
  topic?: string;
  /** What the output was seen to be. */
  state?: "ON" | "OFF";
  gesture?: Gesture;
  /** Steps from the first to the last, ` > ` between. */
  chain?: string;
  duration_ms?: string;
  reason?: string;
  allowed_at?: string;
}

/** Every timer has one owner; starting a key again replaces it. Made once in the plan. */
export type TimerKey =
  | `${"settle" | "hold" | "window" | "report"}:${string}`
  | `${"read" | "stale" | "peer-stale"}:${string}`
  | `${"level" | "after" | "rest" | "pattern" | "value" | "control" | "control-lost"}:${string}`
  | `${"pulse" | "max-on" | "retry" | "interlock" | "broker-lost" | "peer-offline" | "start"}:${string}`
  | `${"fade" | "silence"}:${string}`;
