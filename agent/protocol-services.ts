// What the control protocol shows of the units of the configuration; `protocol.ts` hands it on.

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

/** Lines of a log of a unit; `warnings` = of the journal of all units of the configuration, whatever is no less important than that. */
export interface LogView {
  /** Empty for `warnings`. */
  unit: string;
  from: "journal" | "file" | "warnings";
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
  /** Of `warnings`: which of the units it is about. */
  unit?: string;
  /** No line of the log, but what happened to it. */
  note?: boolean;
}
