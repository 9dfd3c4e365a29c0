import { arch, release, type as systemType } from "node:os";
import type { Config } from "../config/schema.ts";
import { writeConfig } from "../config/write.ts";
import type { Diagnosis, Status } from "./protocol.ts";
import { readHost } from "./shell/host.ts";
import type { Inventory } from "./shell/inventory.ts";
import type { AdjustableLog } from "./shell/log.ts";

export interface DiagnosisSources {
  config(): Config;
  status(): Status;
  /** As in `P/info`; empty until it is known. */
  machine(): Readonly<Inventory>;
  log: Pick<AdjustableLog, "clean" | "tail">;
}

/** A report fits into one message, with room for what carries it. */
export const maxDiagnosisBytes = 60_000;
/** Of these, so much for the configuration; the log gets what is left. */
const configBytes = 20_000;
const statusBytes = 24_000;

/** What somebody needs who is asked for help: without secrets, and bounded. */
export async function diagnose({ config, status, machine, log }: DiagnosisSources): Promise<Diagnosis> {
  // Before it is written as well: there a secret with a quote in it would look different.
  const open = cleaned(config(), log.clean) as Config;
  const host = await readHost({ stateDir: config().state_dir });
  const report: Diagnosis = {
    at: new Date().toISOString(),
    node_js: process.version,
    system: `${systemType()} ${release()} ${arch()}`,
    machine: machine(),
    host,
    status: status(),
    config: writeConfig(open).split("\n"),
    log: log.tail.map(({ at, level, message }) => ({ ts: new Date(at).toISOString(), level, message })),
    left_out: [],
  };
  return fitted(cleaned(report, log.clean) as Diagnosis);
}

/** Leaves out, and names, what is too long for one message: sensors, counters and peers, the end of the configuration, old log entries. */
export function fitted(report: Diagnosis): Diagnosis {
  const fits: Diagnosis = { ...report, left_out: [] };
  if (sizeOf(fits.status) > statusBytes) {
    const { counters: _counters, sensors: _sensors, broker: _broker, ...status } = fits.status;
    fits.status = { ...status, problems: first(status.problems, 8000), chips: first(status.chips, 4000), peers: [] };
    fits.left_out.push("status: counters, sensors, peers");
  }
  fits.config = first(report.config, configBytes);
  if (fits.config.length < report.config.length) fits.left_out.push(`config: ${report.config.length - fits.config.length} lines`);
  const room = maxDiagnosisBytes - sizeOf({ ...fits, log: [] }) - 100;
  fits.log = first([...report.log].reverse(), room).reverse();
  if (fits.log.length < report.log.length) fits.left_out.push(`log: ${report.log.length - fits.log.length} entries`);
  return fits;
}

/** As many of them as there is room for. */
function first<T>(items: readonly T[], bytes: number): T[] {
  let size = 2;
  const end = items.findIndex((item) => {
    size += sizeOf(item) + 1;
    return size > bytes;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Every value that is text without secrets and control characters; names are ours, or ids. */
function cleaned(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleaned(item, clean));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleaned(item, clean)]));
}
