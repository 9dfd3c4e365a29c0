// What the control protocol shows of a running agent as a whole; `protocol.ts` hands it on.
import type { CounterView, SensorView } from "./protocol-pins.ts";

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

/** What of a packet was on the wire. */
export interface PacketBytes {
  /** That of its `TraceEntry`. */
  number: number;
  /** All of its bytes, the fixed header included. */
  size: number;
  /** The first of them, at most 128; of a CONNECT and an AUTH none that could hold a secret. */
  hex: string;
}

/** A report for whoever helps, without secrets and bounded. */
export interface Diagnosis {
  /** ISO time. */
  at: string;
  node_js: string;
  /** Kernel and architecture. */
  system: string;
  /** As in `P/info`. */
  machine?: HostView["machine"];
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
