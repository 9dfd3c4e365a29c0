import { execFile } from "node:child_process";

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
}

export interface ReadUnitsOptions {
  signal?: AbortSignal;
  /** The program to ask. */
  systemctl?: string;
  /** Longest wait for its answer. */
  timeout?: number;
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

function show(units: string[], options: ReadUnitsOptions): Promise<Answer> {
  const { signal, systemctl = "systemctl", timeout = 5000 } = options;
  const args = ["show", "--timestamp=unix", `--property=${properties.join(",")}`, "--", ...units];
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" };
  return new Promise((resolve) => {
    execFile(systemctl, args, { env, timeout, maxBuffer: 256 * 1024, ...(signal && { signal }) }, (error, stdout, stderr) => {
      const blocks = parseShow(stdout);
      // Blocks are matched by position, so a partial answer is no answer.
      if (blocks.length === units.length) resolve({ blocks });
      else resolve({ problem: problemOf(error, stderr, timeout) });
    });
  });
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

function problemOf(error: { code?: string | number | null; killed?: boolean } | null, stderr: string, timeout: number): string {
  if (error?.code === "ENOENT") return "there is no systemctl here";
  if (error?.code === "ABORT_ERR") return "the question was withdrawn";
  if (error?.killed === true) return `systemctl did not answer within ${timeout / 1000} s`;
  const said = stderr.trim().split("\n")[0] ?? "";
  if (/not been booted with systemd/.test(said)) return "systemd does not run here";
  return said === "" ? "systemctl gave no answer" : said;
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
  };
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
