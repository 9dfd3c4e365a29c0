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
  /** Every line of every chip, with who holds it: `pinbus pins`. */
  lines: { params: Record<string, never>; result: ChipView[] };
  get: {
    params: { id: string };
    result:
      | { id: string; kind: "input" | "output"; state: "ON" | "OFF" | "UNKNOWN" }
      | ({ id: string; kind: "counter"; state: string } & CounterView)
      | ({ id: string; kind: "sensor"; state: string } & SensorView);
  };
  /** Sets the total of a counter, or the position of an encoder. Answers when it is on disk. Needs the operate socket. */
  "set-counter": {
    params: { counter: string; total: number; from?: "cli" | "tui" };
    result: { counter: string; total: number; pulses: number };
  };
  /** `from` names the kind of client in the cause. Needs the operate socket. */
  set: { params: { output: string; state: SwitchWord; for_ms?: number; from?: "cli" | "tui" }; result: SetResult };
  /** A locked output refuses everything but the agent's own decisions to switch it off. Answers when the lock is on disk. Needs the operate socket. */
  lock: { params: { output: string; locked: boolean; from?: "cli" | "tui" }; result: { output: string; locked: boolean } };
  rules: { params: Record<string, never>; result: RuleStatus[] };
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
  /** Applies the changed configuration, or leaves everything as it is. Needs the operate socket. */
  reload: { params: Record<string, never>; result: ReloadResult };
  /** What `reload` would do. Needs the operate socket too: problems may quote the file. */
  diff: { params: Record<string, never>; result: ReloadResult };
  /**
   * Starts pushes of everything that enters the core and what it makes of it: each is one line of a recording (docs/recording.md), the
   * first two before the answer. Ends with the connection. Needs the operate socket.
   */
  record: { params: Record<string, never>; result: Record<string, never> };
  /** Simulated board only. Needs the operate socket. Answers when the last step has been made. */
  "sim-play": { params: { steps: readonly SimStep[]; start?: number }; result: { start: number } };
  /** Starts pushes of these views and ends those of all others. */
  watch: { params: { views: readonly View[] }; result: Record<string, never> };
}
export type Method = keyof Methods;
export type View = "pins" | "services";

export type Request = { [M in Method]: { id: number; method: M; params: Methods[M]["params"] } }[Method];
export type Answer<M extends Method = Method> =
  | { id: number; ok: true; result: Methods[M]["result"] }
  | { id: number | null; ok: false; error: Refusal };
export type Push = { push: "pins"; data: PinsView } | { push: "services"; data: ServiceView[] };
/** A line of a recording, or why there are no more. */
export type RecordPush = { push: "record"; data: unknown } | { push: "record-failed"; data: string };

/** What the world does to a simulated board, `after_ms` after the start of the play. */
export type SimStep = { after_ms: number } & (
  | { do: "level"; input: string; active: boolean }
  | { do: "command"; output: string; payload: string; retain: boolean }
  | { do: "message"; topic: string; payload: string }
  | { do: "set"; output: string; state: SwitchWord; for_ms: number | null; from: "cli" | "tui" }
  | { do: "lock"; output: string; locked: boolean; from: "cli" | "tui" }
  | { do: "reading"; sensor: string; to: SimReading }
);
/** A value, or why a read fails. */
export type SimReading = number | { fail: string };

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

export interface Status {
  node: string;
  version: string;
  /** ISO 8601 UTC. */
  started: string;
  uptime_s: number;
  pid: number;
  health: "ok" | "degraded" | "failing";
  /** One sentence for each thing that is not well; empty when health is ok. */
  problems: string[];
  driver: string;
  chips: string[];
  link: LinkView;
  /** Other devices whose liveness counts here, as they were last heard. */
  peers: PeerView[];
  /** Absent when an external server is configured. */
  broker?: { listeners: { protocol: string; address: string; port: number; problem: string | null }[]; clients: number };
  /** Counters and encoders by their id. */
  counters?: Record<string, CounterView>;
  /** Sensors by their id. */
  sensors?: Record<string, SensorView>;
  counts: { inputs: number; outputs: number; rules: number; edges: number; commands: number; refused: number };
}

export interface LinkView {
  server: string;
  online: boolean;
  /** "5" or "3.1.1"; null until the first connection. */
  version: "5" | "3.1.1" | null;
  since: string | null;
  /** Why it is not online; null when it is. */
  problem: string | null;
  reconnects: number;
  sent: number;
  received: number;
}

export interface PeerView {
  id: string;
  state: "online" | "offline" | "unknown";
  /** ISO time; null while it is unknown. */
  since: string | null;
}

export interface PinsView {
  /** ISO time of the snapshot; ages are counted from it. */
  at: string;
  driver: string;
  simulated: boolean;
  edges: number;
  pins: PinView[];
  rules: RuleView[];
}

export type PinView = InputView | OutputView;
interface PinBase {
  id: string;
  /** As configured: `GPIO17`. */
  line: string;
  chip: string;
  offset: number;
  /** Header pin 1–40, when the line is on the header. */
  header: number | null;
  bias: string;
  active: "high" | "low";
  state: "ON" | "OFF" | "UNKNOWN";
  /** ISO time of the last change; null when the state is unknown. */
  since: string | null;
  /** A sentence when the line cannot be used now (busy, chip gone). */
  problem: string | null;
}
export interface InputView extends PinBase {
  kind: "input";
  /** What a counter has counted, or where an encoder stands; absent for every other input. */
  counter?: CounterView;
  gesture: string | null;
  /** Edges that did not settle, and edges lost by the kernel. */
  glitches: number;
  lost: number;
  /** The longest time from the first to the last edge of one burst. */
  bounce_ms: number;
  /** What to change because of it: `bounces 40 ms, set debounce 50ms`. */
  advice: string | null;
}
export interface CounterView {
  /** Now; what is published may be up to a report older. */
  total: number;
  unit: string | null;
  /** Null for an encoder, and while the line cannot be used. */
  rate: number | null;
  rate_unit: string | null;
  pulses: number;
  /** Edges that were lost and could not be counted, since the total was last set. */
  lost: number;
}
export interface SensorView {
  /** Of the last good reading; empty before the first. */
  values: readonly { name: string; value: number; unit: string | null }[];
  /** `unknown` until the first read is done. */
  quality: "ok" | "stale" | "failed" | "unknown";
  /** Why the reading cannot be relied on. */
  reason: string | null;
  /** ISO time of the reading, and its age. */
  ts: string | null;
  age_ms: number | null;
}
export interface OutputView extends PinBase {
  kind: "output";
  cause: string;
  /** When a running pulse or max-on ends it. */
  until: string | null;
  pulsing: boolean;
  locked: boolean;
}
export interface RuleView {
  id: string;
  text: string;
  fired: number;
  last: string | null;
}

export interface RuleStatus extends RuleView {
  enabled: boolean;
  /** Until when it rests, and a sentence why; null while it does not. */
  rests_until: string | null;
  problem: string | null;
  /** When the first of its times of day comes; null = none within the next days, the clock is not set, or the rule is disabled. */
  next: string | null;
}

export interface SetResult {
  output: string;
  state: "ON" | "OFF";
  changed: boolean;
}

export interface Change {
  at: string;
  /** What happened: the state that was written, or that a command was refused. */
  state: "ON" | "OFF" | "REFUSED" | "FAILED" | "LOCKED" | "UNLOCKED" | "SET";
  cause: string;
  detail: string | null;
  /** `rule`, `mqtt`, `cli`, `tui`, `contract`, `start` or `failsafe`. */
  kind: string;
  /** Who or what it was. */
  source: string;
  /** The id of the command, as its sender chose it. */
  id: string | null;
  /** From the first step to the last. */
  chain: readonly Step[];
  /** The whole of it in words: `ON because porch was pressed and rule porch-lamp says toggle; ends by max_on`. */
  text: string;
  /** When it was to end by itself, as known at that moment. */
  until: string | null;
  /** From when on what was refused would have been served, when that was known. */
  allowed_at?: string;
}

/** One step of what led to a change. */
export interface Step {
  /** One of the kinds of a cause, or what set a rule going: `input`, `output`, `broker`, `peer` or `clock`. */
  kind: string;
  /** `porch click`, `rule porch-lamp`, `pulse ended`. */
  text: string;
  /** How long the gesture took, for one that is recognised after its press. */
  duration_ms?: number;
}

export interface ReloadResult {
  /** The file that the agent reads. */
  file: string;
  /** It holds now. Always false for `diff`. */
  applied: boolean;
  /** Why the file cannot be used: `file:line:column: what, and what to do`. */
  problems: string[];
  /** Changed settings that need a restart; with one of them nothing is applied. */
  restart: string[];
  /** All other changes, and what they do to a line. */
  changes: string[];
}

export interface ChipView {
  label: string;
  name: string;
  lines: { offset: number; name: string; header: number | null; holder: string; direction: "input" | "output"; id: string | null }[];
}

export interface ServiceView {
  unit: string;
  active: string;
  sub: string;
  since: string | null;
  cpu_ns: number | null;
  memory: number | null;
  restarts: number | null;
  /** Why there is no state: not loaded, no systemd. */
  problem: string | null;
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
