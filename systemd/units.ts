import { constants } from "node:os";
import { runSystemctl } from "./systemctl.ts";

/** What systemd says about one unit. */
export interface UnitState {
  /** As asked for. */
  unit: string;
  /** active, inactive, failed, activating, deactivating, reloading; "unknown" when there is a problem. */
  active: string;
  /** running, dead, exited, … */
  sub: string;
  /** Since when it is in this state, ISO 8601 UTC with whole seconds. */
  since: string | null;
  /** CPU time in nanoseconds; null when it is not accounted. */
  cpu_ns: number | null;
  /** Bytes; null when it is not accounted. */
  memory: number | null;
  /** How often systemd restarted it by itself; null for units that cannot be restarted. */
  restarts: number | null;
  /** Why there is no state: not loaded, no systemd. */
  problem: string | null;
  /** Its main process. */
  pid?: number;
  /** How its main process ended: `exited with 1`, `killed by SIGKILL`. */
  exit?: string;
  /** systemd's word for how it failed: `exit-code`, `start-limit-hit`, `watchdog`. */
  result?: string;
  /** When systemd starts it again by itself, ISO 8601 UTC. */
  restart_at?: string;
}

export interface ReadUnitsOptions {
  signal?: AbortSignal;
  /** The program to ask. */
  systemctl?: string;
  /** Longest wait for its answer. */
  timeout?: number;
  /** Ask the service manager of this user instead of the system's. */
  user?: boolean;
}

const properties = [
  "LoadState",
  "LoadError",
  "ActiveState",
  "SubState",
  "ActiveEnterTimestamp",
  "ActiveExitTimestamp",
  "InactiveEnterTimestamp",
  "InactiveExitTimestamp",
  "CPUUsageNSec",
  "MemoryCurrent",
  "NRestarts",
  "MainPID",
  "ExecMainCode",
  "ExecMainStatus",
  "Result",
  "StateChangeTimestamp",
  "RestartUSec",
  "RestartUSecNext",
];
const maxUnits = 64;
const unitName = /^[\w:.\\@-]{1,255}$/;

/** Which time says since when, by state, as `systemctl status` does it. */
const sinceProperty: Readonly<Record<string, string>> = {
  active: "ActiveEnterTimestamp",
  reloading: "ActiveEnterTimestamp",
  inactive: "InactiveEnterTimestamp",
  failed: "InactiveEnterTimestamp",
  activating: "InactiveExitTimestamp",
  deactivating: "ActiveExitTimestamp",
};

/**
 * The states of up to 64 units, in the order asked for, through one spawned `systemctl show` (252 and later). Never
 * rejects: what cannot be known is a `problem`.
 */
export async function readUnits(units: readonly string[], options: ReadUnitsOptions = {}): Promise<UnitState[]> {
  const asked = units.slice(0, maxUnits).filter((unit) => unitName.test(unit) && !unit.startsWith("-"));
  const answer = asked.length === 0 ? { blocks: [] } : await show(asked, options);
  return units.map((unit) => {
    const index = asked.indexOf(unit);
    if (index < 0) return unknown(unit, asked.length < maxUnits ? "not a unit name" : `only ${maxUnits} units are watched`);
    if ("problem" in answer) return unknown(unit, answer.problem);
    const block = answer.blocks[index];
    return block === undefined ? unknown(unit, "systemctl did not answer for it") : stateOf(unit, block);
  });
}

type Answer = { blocks: Map<string, string>[] } | { problem: string };

async function show(units: string[], options: ReadUnitsOptions): Promise<Answer> {
  const { timeout = 5000, user = false } = options;
  const args = ["show", "--timestamp=unix", `--property=${properties.join(",")}`, "--", ...units];
  const { stdout, why } = await runSystemctl(
    args,
    { ...options, timeout, maxBytes: 256 * 1024 },
    { late: `systemctl did not answer within ${timeout / 1000} s`, withdrawn: "the question was withdrawn" },
  );
  const blocks = parseShow(stdout);
  // Blocks are matched by position, so a partial answer is no answer.
  return blocks.length === units.length ? { blocks } : { problem: problemOf(why, user) };
}

/** The blocks of `systemctl show`, one per unit, as properties. */
export function parseShow(text: string): Map<string, string>[] {
  if (text.trim() === "") return [];
  return text
    .trimEnd()
    .split("\n\n")
    .map((block) => {
      const lines = block.split("\n").filter((line) => line.includes("="));
      return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    });
}

function problemOf(why: string, user: boolean): string {
  if (/not been booted with systemd/.test(why)) return "systemd does not run here";
  if (/connect to bus/.test(why) && user) return "no service manager of this user runs here";
  return why === "" ? "systemctl gave no answer" : why;
}

function stateOf(unit: string, block: Map<string, string>): UnitState {
  const load = block.get("LoadState") ?? "";
  if (load === "not-found") return unknown(unit, "no such unit is installed");
  if (load !== "loaded")
    return unknown(unit, load === "masked" ? "the unit is masked" : `the unit is not loaded: ${loadError(block) || load}`);
  const active = block.get("ActiveState") ?? "unknown";
  return {
    unit,
    active,
    sub: block.get("SubState") ?? "",
    since: isoTime(block.get(sinceProperty[active] ?? "")),
    cpu_ns: count(block.get("CPUUsageNSec")),
    memory: count(block.get("MemoryCurrent")),
    restarts: count(block.get("NRestarts")),
    problem: null,
    ...processOf(block),
  };
}

/** What there is to say of the main process: what is not there is absent. */
function processOf(block: Map<string, string>): Pick<UnitState, "pid" | "exit" | "result" | "restart_at"> {
  const pid = count(block.get("MainPID")) ?? 0;
  const status = count(block.get("ExecMainStatus")) ?? 0;
  const result = block.get("Result") ?? "success";
  const exit = pid > 0 ? undefined : exitText(block.get("ExecMainCode"), status);
  const next = block.get("SubState")?.startsWith("auto-restart") ? restartAt(block) : undefined;
  return {
    ...(pid > 0 && { pid }),
    ...(exit !== undefined && { exit }),
    ...(result !== "success" && result !== "" && { result }),
    ...(next !== undefined && { restart_at: next }),
  };
}

/** CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2); 0 = it never ended. */
function exitText(code: string | undefined, status: number): string | undefined {
  if (code === "1") return `exited with ${status}`;
  if (code !== "2" && code !== "3") return undefined;
  const name = Object.entries(constants.signals).find(([, number]) => number === status)?.[0] ?? `signal ${status}`;
  return `killed by ${name}${code === "3" ? ", with a core dump" : ""}`;
}

function restartAt(block: Map<string, string>): string | undefined {
  const since = isoTime(block.get("StateChangeTimestamp"));
  // RestartUSecNext since 254, where the delay may grow with each restart.
  const delay = parseTimespan(block.get("RestartUSecNext") ?? block.get("RestartUSec") ?? "");
  return since === null || delay === undefined ? undefined : new Date(Date.parse(since) + delay).toISOString();
}

const spans: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** systemd's `1min 30s` or `100ms` → milliseconds; undefined for `infinity` and what is no time. */
export function parseTimespan(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?[a-z]+ ?)+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, span = ""] of text.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) {
    const factor = Object.hasOwn(spans, span) ? spans[span] : undefined;
    if (factor === undefined) return undefined;
    sum += Number(number) * factor;
  }
  return Math.round(sum);
}

/** `org.freedesktop.systemd1.BadUnitSetting "Unit x has a bad unit file setting."` → the sentence. */
function loadError(block: Map<string, string>): string {
  return /"(.*)"/.exec(block.get("LoadError") ?? "")?.[1] ?? "";
}

/** `@1700000000` → ISO; empty or n/a → null. */
function isoTime(text: string | undefined): string | null {
  const seconds = /^@(\d+)/.exec(text ?? "")?.[1];
  return seconds === undefined || seconds === "0" ? null : new Date(Number(seconds) * 1000).toISOString();
}

/** `[not set]`, `[no data]` and 2⁶⁴-1 mean that systemd does not count it. */
function count(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) && text !== "18446744073709551615" ? Number(text) : null;
}

function unknown(unit: string, problem: string): UnitState {
  return { unit, active: "unknown", sub: "", since: null, cpu_ns: null, memory: null, restarts: null, problem };
}
