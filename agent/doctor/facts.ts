import type { Config } from "../../config/schema.ts";
import type { Machine } from "../shell/inventory.ts";
import type { Fact } from "./finding.ts";
import type { Sentence } from "./sentence.ts";

/** What `pinbus doctor` found out about this machine. Gathered by `gather/`, judged by `check/`. */
export interface Facts {
  /** ms since 1970. */
  now: number;
  /** Version of Node.js, and the oldest that will do. */
  node: { version: string; oldest: string };
  kernel: string;
  /** Its board, its system and what is built in. */
  machine: Fact<Machine>;
  caller: Caller;
  config: Fact<ConfigFacts>;
  /** What is wrong in the file, as `pinbus check` says it. */
  configErrors: readonly Mendable[];
  accounts: Fact<Accounts>;
  chips: Fact<ChipFacts>;
  /** The firmware's configuration. */
  boot: Fact<BootFile>;
  /** Lines that the kernel's pin controller has given to a device. */
  pinmux: Fact<readonly { gpio: number; owner: string }[]>;
  programs: Fact<readonly Program[]>;
  /** Bits of `vcgencmd get_throttled`. */
  supply: Fact<number>;
  clock: Fact<ClockFacts>;
  disk: Fact<DiskFacts>;
  journal: Fact<"persistent" | "volatile" | "none">;
  files: Fact<readonly FileFacts[]>;
  certificates: Fact<readonly CertificateFacts[]>;
  sockets: Fact<readonly SocketFacts[]>;
  unit: Fact<UnitFacts>;
  /** What the running agent says of itself. */
  agent: Fact<{ health: "ok" | "degraded" | "failing"; problems: readonly Sentence[] }>;
  /** One for each server. */
  brokers: Fact<readonly BrokerFacts[]>;
}

/** Something wrong, and a command if there is one. */
export interface Mendable {
  what: Sentence;
  mend: readonly Sentence[];
}

export interface Caller {
  user: string;
  root: boolean;
  /** Of this process, by name. */
  groups: readonly string[];
}

export interface ConfigFacts {
  file: string;
  /** The one that the service reads. */
  standard: boolean;
  config: Config;
  /** Itself, and what it names besides logs. */
  files: readonly string[];
  /** What is doubtful in the file, as `pinbus check` says it. */
  warnings: readonly Sentence[];
}

export interface Accounts {
  /** Members of each group that exists, by its name. */
  groups: ReadonlyMap<string, readonly string[]>;
  /** Whether there is a user `pinbus`. */
  daemon: boolean;
}

export interface ChipFacts {
  driver: string;
  /** Who was asked. */
  from: "agent" | "kernel";
  chips: readonly { label: string; lines: readonly LineFacts[] }[];
}

export interface LineFacts {
  offset: number;
  name: string;
  /** "" = nobody. */
  holder: string;
  /** Of the running agent. */
  own: boolean;
}

export interface BootFile {
  path: string;
  text: string;
}

export interface Program {
  name: string;
  pid: number;
}

export interface ClockFacts {
  synchronized: boolean;
  /** A service that does it is enabled. */
  service: boolean | null;
}

export interface DiskFacts {
  /** `state_dir`, or its nearest folder that exists. */
  path: string;
  /** `state_dir` itself is there. */
  exists: boolean;
  bytes: { total: number; free: number };
  files: { total: number; free: number };
  /** As in /proc/mounts; null when it was not found there. */
  mount: { device: string; point: string; options: readonly string[] } | null;
  /** Bytes written to the whole disk since the boot, and how long that is. */
  written: { bytes: number; uptimeS: number } | null;
}

export interface FileFacts {
  /** The setting that names it, or what it is. */
  role: string;
  path: string;
  /**
   * `secret` = nobody else may read it, but the service; `credential` = the same, but systemd reads it for the service; `open` = may be read,
   * but not written, by others.
   */
  kind: "secret" | "credential" | "open";
  /** Permission bits and the sticky bit; null when there is no such file. */
  mode: number | null;
  owner: string;
  group: string;
}

export interface CertificateFacts {
  /** The setting that names the file, or `the broker`. */
  role: string;
  path: string;
  /** ms since 1970. */
  from: number;
  to: number;
}

export interface SocketFacts {
  setting: "control.socket" | "control.view";
  path: string;
  /** Null when there is none. */
  group: string | null;
  mode: number;
  /** What became of a connection; `denied` = this user may not. */
  answer: "answers" | "denied" | "refused" | "silent" | "absent";
}

export interface UnitFacts {
  /** `LoadState`, `ActiveState` and others of `systemctl show`. */
  properties: ReadonlyMap<string, string>;
  /** Texts of the unit and its drop-ins, in the order in which systemd reads them; empty when there is no unit. */
  texts: readonly string[];
}

export type BrokerStep = "name" | "tcp" | "tls" | "websocket" | "connack" | "suback" | "publish" | "read-back";

export interface BrokerFacts {
  /** For people, without credentials. */
  server: string;
  steps: readonly { step: BrokerStep; ms: number }[];
  /** Where it ended; null when all went well. */
  failed: { step: BrokerStep; why: Sentence } | null;
  /** Topic filters of the agent that the broker refuses. */
  refused: readonly string[];
  /** Of the broker's own certificate; null without TLS. */
  certificate: { to: number } | null;
  version: string | null;
}
