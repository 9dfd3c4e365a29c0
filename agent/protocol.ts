import type {
  Change,
  ChipView,
  ControllerStatus,
  CounterView,
  PinDetail,
  PinsView,
  PwmView,
  RuleStatus,
  SensorView,
  SetResult,
} from "./protocol-pins.ts";
import type { LogView, ServiceVerb, ServiceView } from "./protocol-services.ts";
import type { BrokerLogin, Diagnosis, HostView, PacketBytes, ReloadResult, Status, TraceEntry } from "./protocol-views.ts";

export { type BarePin, barePin, headerPairs, pinLabel, pinNumbers, placesOf } from "../gpio/picture.ts";
export type * from "./protocol-pins.ts";
export type * from "./protocol-services.ts";
export type * from "./protocol-views.ts";

/**
 * The control protocol: one JSON object per line over a unix socket, in both directions.
 *
 * A client sends requests `{"id":1,"method":"get","params":{"id":"lamp"}}`; the first must be `hello`. The agent answers each
 * with `{"id":1,"ok":true,"result":…}` or `{"id":1,"ok":false,"error":{"reason":"…","message":"…"}}`, in any order. After
 * `watch` it also sends `{"push":"pins","data":…}`, at most ten times a second and only when something changed;
 * a client that does not read gets the newest snapshot later, never a backlog.
 */
export const protocolVersion = 1;
/** A longer line from a client closes the connection; the agent's own lines stay below the second bound. */
export const maxRequestBytes = 64 * 1024;
export const maxAnswerBytes = 4 * 1024 * 1024;

export type SwitchWord = "ON" | "OFF" | "TOGGLE" | "PULSE";

export interface Methods {
  hello: { params: { protocol: number; client: string }; result: Hello };
  status: { params: Record<string, never>; result: Status };
  /** Inputs and outputs of the configuration with their state. */
  pins: { params: Record<string, never>; result: PinsView };
  /** One pin in more detail: an output's contract; how long an input's gestures take, and its last edges. */
  pin: { params: { id: string }; result: PinDetail };
  /** Every line of every chip, with who holds it: `pinbus pins`. */
  lines: { params: Record<string, never>; result: ChipView[] };
  get: {
    params: { id: string };
    result:
      | { id: string; kind: "input" | "output"; state: "ON" | "OFF" | "UNKNOWN" }
      | { id: string; kind: "pwm"; state: "ON" | "OFF" | "UNKNOWN"; pwm: PwmView }
      | ({ id: string; kind: "counter"; state: string } & CounterView)
      | ({ id: string; kind: "sensor"; state: string } & SensorView);
  };
  /** Sets the total of a counter, or the position of an encoder. Answers when it is on disk. Needs the operate socket. */
  "set-counter": {
    params: { counter: string; total: number; from?: "cli" | "tui" };
    result: { counter: string; total: number; pulses: number };
  };
  /** `from` names the kind of client in the cause; a PWM takes `value` in place of `state`, and `fade_ms`. Needs the operate socket. */
  set: {
    params: { output: string; state?: SwitchWord; value?: number; fade_ms?: number; for_ms?: number; from?: "cli" | "tui" };
    result: SetResult;
  };
  /** A locked output refuses everything but the agent's own decisions to switch it off. Answers when the lock is on disk. Needs the operate socket. */
  lock: { params: { output: string; locked: boolean; from?: "cli" | "tui" }; result: { output: string; locked: boolean } };
  rules: { params: Record<string, never>; result: RuleStatus[] };
  controllers: { params: Record<string, never>; result: ControllerStatus[] };
  /** A disabled rule does not start, and its patterns end. Answers when it is on disk. Needs the operate socket. */
  "set-rule": { params: { rule: string; enabled: boolean; from?: "cli" | "tui" }; result: { rule: string; enabled: boolean } };
  /**
   * The last changes of an output, or how often a counter was set, newest first, with their causes; refused commands and what was before
   * the last start included.
   */
  why: { params: { output: string }; result: Change[] };
  /** Simulated board only. Needs the operate socket. Answers when the last simulated edge has been made. */
  "sim-press": { params: { input: string; for_ms?: number; bounce_ms?: number }; result: Record<string, never> };
  /**
   * Simulated board only: what a sensor reads from now on. `hang` = nothing, `ok` = its value again. Needs the operate socket. Answers when
   * it has been read; for `hang`, at once.
   */
  "sim-sensor": { params: { sensor: string; to: SimReading | "hang" | "ok" }; result: SensorView };
  services: { params: Record<string, never>; result: ServiceView[] };
  /**
   * The lines of a log of a unit, or of the warnings of all units, after line `after` of run `run`. Answers when there are some, at the
   * latest after two seconds: who asks again and again follows the log, and holds up nobody.
   */
  "service-log": { params: { unit: string; from: LogView["from"]; run?: number; after?: number }; result: LogView };
  /** `done` = systemd was done with it in time. `by` is written into the log. Needs the operate socket. */
  "control-service": {
    params: { unit: string; verb: ServiceVerb; by?: string };
    result: { unit: string; verb: ServiceVerb; done: boolean };
  };
  /** The machine and the agent's own figures. */
  host: { params: Record<string, never>; result: HostView };
  /** The last packets between the agent and the broker, oldest first, without payloads; `after` = only what came after this number. */
  trace: { params: { after?: number }; result: TraceEntry[] };
  /**
   * The bytes of one of these packets; null when they are not kept: that begins with the first question, and ends ten seconds after the last.
   * Needs the operate socket, since there are payloads among them.
   */
  "packet-bytes": { params: { number: number }; result: PacketBytes | null };
  /** How to reach the agent's broker, secrets included. Needs the operate socket. */
  "broker-login": { params: Record<string, never>; result: BrokerLogin };
  /** Publishes every retained topic again. Needs the operate socket. */
  resync: { params: Record<string, never>; result: Record<string, never> };
  /** Blinks an output that may be blinked; answers when it has begun. Needs the operate socket. */
  identify: { params: { output: string; for_ms?: number }; result: { output: string; for_ms: number } };
  /** Another log level, not below the configured one, until then. Needs the operate socket. */
  "log-level": {
    params: { level: "error" | "warn" | "info" | "debug"; for_ms?: number };
    result: { level: string; until: string };
  };
  /** Needs the operate socket. */
  diag: { params: Record<string, never>; result: Diagnosis };
  /** Applies the changed configuration, or leaves everything as it is. Needs the operate socket. */
  reload: { params: Record<string, never>; result: ReloadResult };
  /** What `reload` would do. Needs the operate socket too: problems may quote the file. */
  diff: { params: Record<string, never>; result: ReloadResult };
  /**
   * Starts pushes of everything that enters the core and what it makes of it: each is one line of a recording (docs/recording.md), the
   * first two before the answer. Ends with the connection. Needs the operate socket.
   */
  record: { params: Record<string, never>; result: Record<string, never> };
  /** Simulated board only. Needs the operate socket. Answers when the last step has been made; with `check` at once, and makes none. */
  "sim-play": { params: { steps: readonly SimStep[]; start?: number; check?: boolean }; result: { start: number } };
  /** Starts pushes of these views and ends those of all others. */
  watch: { params: { views: readonly View[] }; result: Record<string, never> };
}
export type Method = keyof Methods;
export type View = "pins" | "services" | "host";

export type Request = { [M in Method]: { id: number; method: M; params: Methods[M]["params"] } }[Method];
export type Answer<M extends Method = Method> =
  | { id: number; ok: true; result: Methods[M]["result"] }
  | { id: number | null; ok: false; error: Refusal };
export type Push = { push: "pins"; data: PinsView } | { push: "services"; data: ServiceView[] } | { push: "host"; data: HostView };
/** A line of a recording, or why there are no more. */
export type RecordPush = { push: "record"; data: unknown } | { push: "record-failed"; data: string };

/** What the world does to a simulated board, `after_ms` after the start of the play. */
export type SimStep = { after_ms: number } & (
  | { do: "level"; input: string; active: boolean }
  | { do: "command"; output: string; payload: string; retain: boolean }
  | { do: "message"; topic: string; payload: string }
  /** The same as if it had come from the broker: for peers, topic values and commands too. */
  | { do: "heard"; topic: string; payload: string }
  | { do: "set"; output: string; state: SwitchWord; for_ms: number | null; from: "cli" | "tui" }
  | { do: "lock"; output: string; locked: boolean; from: "cli" | "tui" }
  | { do: "reading"; sensor: string; to: SimReading }
);
/** A value, those of several quantities by their names, or why a read fails. */
export type SimReading = number | { values: Readonly<Record<string, number>> } | { fail: string };

/** Why a request was not served. `message` is a sentence for a person. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
  /** ISO time from which the same request would be served, when that is known. */
  allowed_at?: string;
}
export type RefusalReason =
  | "protocol"
  | "malformed"
  | "unknown-method"
  | "unknown-id"
  | "forbidden"
  | "retained"
  | "stale"
  | "failed"
  | "min_on"
  | "min_off"
  | "interlock"
  | "too-long"
  | "locked"
  | "busy"
  | "not-allowed"
  | "range"
  | "cancelled"
  | "unsupported"
  | "not-simulated";

export interface Hello {
  protocol: number;
  version: string;
  node: string;
  /** Topic prefix of this node: `pinbus/garage`. */
  base: string;
  /** False on the socket that may only look. */
  operate: boolean;
  simulated: boolean;
}

export function encode(message: Request | Answer | Push | RecordPush): string {
  return `${JSON.stringify(message)}\n`;
}

/**
 * Cuts a byte stream into lines of at most `maxBytes`. `push` returns the complete lines; a line that grows past the
 * bound throws RangeError, and the connection must be closed, because what follows cannot be trusted to start a message.
 */
export class LineSplitter {
  #rest: Buffer[] = [];
  #size = 0;
  readonly #maxBytes: number;
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#add(chunk.subarray(start, end));
      lines.push(Buffer.concat(this.#rest).toString("utf8"));
      this.#rest = [];
      this.#size = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
    return lines;
  }
  #add(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > this.#maxBytes) throw new RangeError(`a line of more than ${this.#maxBytes} bytes`);
    this.#rest.push(part);
  }
}
