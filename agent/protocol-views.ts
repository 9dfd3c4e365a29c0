// What the control protocol shows of a running agent; `protocol.ts` hands it on.

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
  /** What of the configuration the environment and the arguments give: setting → variable or argument. */
  given?: Record<string, string>;
  driver: string;
  chips: string[];
  link: LinkView;
  /** Events that wait for the broker, how long the oldest has waited, and how many were lost since the start. */
  outbox: WaitingView & {
    /** The same of readings; absent when none are kept. */
    telemetry?: WaitingView;
  };
  /** Other devices whose liveness counts here, as they were last heard. */
  peers: PeerView[];
  /** Absent when an external server is configured. */
  broker?: {
    listeners: { protocol: string; address: string; port: number; problem: string | null }[];
    clients: number;
    /** The bridge to a central broker, and what waits for that; absent when none is configured. */
    bridge?: LinkView & WaitingView;
  };
  /** Counters and encoders by their id. */
  counters?: Record<string, CounterView>;
  /** Sensors by their id. */
  sensors?: Record<string, SensorView>;
  counts: { inputs: number; outputs: number; rules: number; edges: number; commands: number; refused: number };
}

export interface WaitingView {
  waiting: number;
  oldest_ms: number | null;
  dropped: number;
}

export interface LinkView {
  server: string;
  online: boolean;
  /** "5" or "3.1.1"; null until the first connection. */
  version: "5" | "3.1.1" | "3.1" | null;
  since: string | null;
  /** Why it is not online, or what the broker refuses while it is; null when all is well. */
  problem: string | null;
  reconnects: number;
  sent: number;
  received: number;
}

/** How a terminal reaches the agent's broker, and as whom: it is told on the operate socket only, shown nowhere and never logged. */
export interface BrokerLogin {
  /** With `mqtt`, `mqtts`, `ws` or `wss`, as seen from the agent's machine; null while the built-in broker listens nowhere. */
  url: string | null;
  username: string | null;
  password: string | null;
  /** PEM: who is trusted, and who we are. */
  ca: string | null;
  cert: string | null;
  key: string | null;
  /** The name that the broker's certificate must have, instead of the one in `url`. */
  servername: string | null;
  tls_min: "1.2" | "1.3";
  /** `any` = every certificate is believed; `own` = `ca` is the broker's own one, whatever its name. */
  trust: "ca" | "own" | "any";
}

export interface PeerView {
  id: string;
  state: "online" | "offline" | "stale" | "unknown";
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
  /** How long after its edge that gesture acts; null or absent when nothing waits for it. */
  gesture_ms?: number | null;
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
  /** Why its interlock would refuse an ON now; absent when it would not. */
  interlocked?: string;
}
export interface RuleView {
  id: string;
  text: string;
  fired: number;
  last: string | null;
  /** The three that follow are absent from an older agent. */
  enabled?: boolean;
  /** Until when it rests, and a sentence why; null while it does not. */
  rests_until?: string | null;
  problem?: string | null;
}

/** What the pins view leaves out of a pin, because only who looks at that pin wants it. */
export type PinDetail = InputDetail | OutputDetail;
export interface InputDetail {
  kind: "input";
  id: string;
  /** How long a level must hold, and whether the line itself sees to that. */
  debounce_ms: number;
  by_line: boolean;
  /** When each gesture acts that is bound to a rule or published. */
  gestures: GestureLatency[];
  edges: EdgeLogView;
}
export interface GestureLatency {
  gesture: string;
  /** The edge of the contact from which the time counts. */
  after: "closes" | "opens" | "turns";
  ms: number;
  why: string;
  every_ms: number | null;
}
export interface EdgeLogView {
  /** ISO time: edges are kept from the first time that somebody asks for them until nobody has for a while. */
  since: string;
  /** Newest first, bounded. */
  edges: EdgeView[];
}
export interface EdgeView {
  /** ISO time of the kernel. */
  at: string;
  /** How long after the edge before. */
  after_ms: number | null;
  /** Null for edges that were lost. */
  active: boolean | null;
  /** Null while it is not decided. */
  accepted: boolean | null;
  /** Why it was rejected, or what is special about it. */
  note: string | null;
}
export interface OutputDetail {
  kind: "output";
  id: string;
  /** The length of a pulse that names none. */
  pulse_ms: number;
  max_on_ms: number | null;
  min_on_ms: number;
  min_off_ms: number;
  on_broker_lost: { after_ms: number; do: "on" | "off" } | null;
  on_peer_offline: { peer: string; after_ms: number; do: "on" | "off" } | null;
  interlock: { group: string; partners: string[]; dead_time_ms: number; mode: "switch" | "refuse" } | null;
}

export interface RuleStatus extends Required<RuleView> {
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
  /** It belongs to the service manager of the agent's user. */
  user?: boolean;
  /** It is the agent itself. */
  own?: boolean;
  /** Its main process, while there is one. */
  pid?: number;
  /** How its main process ended: `exited with 1`. */
  exit?: string;
  /** systemd's word for how it failed: `exit-code`, `start-limit-hit`. */
  result?: string;
  /** ISO time at which systemd starts it again by itself. */
  restart_at?: string;
  /** What the configuration allows to do with it; absent when nothing. */
  control?: ServiceVerb[];
  /** The file that is shown beside its journal. */
  log_file?: string;
}

export type ServiceVerb = "start" | "stop" | "restart";

/** Lines of a log of a unit. */
export interface LogView {
  unit: string;
  from: "journal" | "file";
  /** Another number: the log is read from anew, and numbers say nothing about those before. */
  run: number;
  /** The number of the newest line; one that is missing below was lost. */
  last: number;
  lines: LogLine[];
  /** Why there is nothing, or not all of it. */
  problem: string | null;
}

export interface LogLine {
  number: number;
  /** ISO time, if the log tells one. */
  at?: string;
  /** Of the journal: 0 (emerg) to 7 (debug). */
  priority?: number;
  /** At most 4 kB. */
  text: string;
  /** No line of the log, but what happened to it. */
  note?: boolean;
}

/** The machine and the agent, as somebody sees them who looks. */
export interface HostView {
  /** ISO time of the snapshot; ages are counted from it. */
  at: string;
  /** What the machine is; a part that nobody knows is absent. */
  machine: { model?: string; os?: string };
  /**
   * As below `P/$SYS/`; besides, counters since the boot from which a reader makes rates (`host/cpu/busy` and `host/cpu/total` in ticks,
   * `host/disk/written` in bytes), `host/network/<interface>/address` and `memory/used`, what the agent itself takes. What this machine
   * does not have is absent, never 0.
   */
  values: Record<string, string>;
  health: Status["health"];
  problems: string[];
  /** What the agent depends on, each with a problem or null. */
  checks: { name: string; problem: string | null; detail: string | null }[];
  /** How long ago systemd was told that all parts make progress; null when it watches nothing. */
  watchdog_ms: number | null;
  sensors: Record<string, SensorView>;
}

/** One MQTT control packet between the agent and the broker. */
export interface TraceEntry {
  /** Counts all packets since the start. */
  number: number;
  /** ISO time. */
  at: string;
  direction: "sent" | "received";
  /** `PUBLISH`, `PUBACK`, `PINGREQ` … */
  type: string;
  /** Packet id. */
  id?: number;
  /** Of a PUBLISH; of a SUBSCRIBE and UNSUBSCRIBE their filters. Cut after 256 characters. */
  topic?: string;
  qos?: number;
  retain?: boolean;
  dup?: boolean;
  /** Bytes of the payload. */
  size?: number;
  /** Reason or return code; of a SUBACK the first refusal. */
  reason?: number;
  /** Of an answer: how long after its question it came. */
  rtt_ms?: number;
}

/** A report for whoever helps, without secrets and bounded. */
export interface Diagnosis {
  /** ISO time. */
  at: string;
  node_js: string;
  /** Kernel and architecture. */
  system: string;
  /** As below `P/$SYS/`. */
  host: Record<string, string>;
  status: Status;
  /** As a file, a line each, without what is as it is by default. */
  config: string[];
  /** The newest entries, oldest first. */
  log: { ts: string; level: string; message: string }[];
  /** What was too long for one report; empty when nothing was. */
  left_out: string[];
}
