import { arch } from "node:os";
import type { Config } from "../../config/schema.ts";
import { rulesOf } from "../core/plan.ts";
import type { Status } from "../protocol.ts";
import type { HostValues } from "../shell/host.ts";
import type { Finding, Level } from "./finding.ts";
import { type OpenValue, openConfig } from "./open-config.ts";

export interface ReportSources {
  /** ms since 1970. */
  now: number;
  version: string;
  nodeVersion: string;
  kernel: string;
  model: string | null;
  os: string | null;
  findings: readonly Finding[];
  config: Config | undefined;
  /** Of the running agent. */
  status: Status | undefined;
  host: HostValues;
  /** Entries of the journal, as `journalctl -o json` writes them: a line each. */
  journal: string | undefined;
}

/** What somebody needs who is asked for help. Every field is named here; nothing is copied whole, so nothing has to be removed afterwards. */
export interface Report {
  /** Version of this format. */
  pinbus_report: 1;
  /** ISO time. */
  at: string;
  versions: Record<"pinbus" | "node" | "kernel" | "arch", string> & { model: string | null; os: string | null };
  findings: { check: string; level: Level; what: string; mend: string[] }[];
  /** Null when the configuration could not be read. */
  config: OpenValue | null;
  /** Null when no agent answered. */
  status: OpenValue | null;
  host: Record<string, string>;
  /** The newest entries, oldest first; null when the journal could not be read. */
  journal: JournalLine[] | null;
}

/** When, how important, which kind of event and which pin or rule; never its text. */
export interface JournalLine {
  at: string;
  priority: number;
  /** systemd's or pinbus's name for the kind of event; the message catalog explains it. */
  message_id?: string;
  input?: string;
  output?: string;
  rule?: string;
  unit_result?: string;
}

/** Figures of the machine that name nobody. */
const hostNames = [
  ...["load/1min", "load/5min", "load/15min", "uptime", "memory/total", "memory/used", "swap/total", "swap/used", "temperature"],
  ...["throttled", "under_voltage/now", "under_voltage/since_boot", "disk/total", "disk/used", "disk/free"],
].map((name) => `host/${name}`);

export function reportOf(sources: ReportSources): Report {
  const { now, version, nodeVersion, kernel, model, os, findings, config, status, host, journal } = sources;
  return {
    pinbus_report: 1,
    at: new Date(now).toISOString(),
    versions: { pinbus: version, node: nodeVersion, kernel, arch: arch(), model, os },
    findings: findings.map(({ check, level, what, mend = [] }) => ({
      check,
      level,
      what: what.abroad,
      mend: mend.map(({ abroad }) => abroad),
    })),
    config: config ? openConfig(config) : null,
    status: status ? openStatus(status) : null,
    host: Object.fromEntries(hostNames.flatMap((name) => (host[name] === undefined ? [] : [[name, host[name]]]))),
    journal: journal === undefined ? null : journalLines(journal, config),
  };
}

/** Numbers and fixed words of the status; problems are counted, since `findings` tells them in its own words. */
function openStatus({ version, started, uptime_s, health, problems, driver, link, outbox, broker, counts, peers }: Status): OpenValue {
  const { online, version: mqtt, reconnects, sent, received } = link;
  return {
    version,
    started,
    uptime_s,
    health,
    problems: problems.length,
    driver,
    link: { online, mqtt: mqtt ?? "none", reconnects, sent, received },
    outbox: { waiting: outbox.waiting, oldest_ms: outbox.oldest_ms ?? 0, dropped: outbox.dropped },
    broker: broker
      ? {
          clients: broker.clients,
          listeners: broker.listeners.map(({ protocol, port, problem }) => ({ protocol, port, listens: problem === null })),
        }
      : "external",
    peers: peers.map(({ id, state }) => ({ id, state })),
    counts: { ...counts },
  };
}

const maxLines = 300;

function journalLines(text: string, config: Config | undefined): JournalLine[] {
  const lines = text.split("\n").flatMap((line) => journalLine(line, config) ?? []);
  return lines.slice(-maxLines);
}

function journalLine(text: string, config: Config | undefined): JournalLine | undefined {
  const fields = parsed(text);
  const micros = Number(fields?.__REALTIME_TIMESTAMP);
  if (!fields || !Number.isFinite(micros)) return undefined;
  const word = (name: string, pattern: RegExp) => {
    const value = fields[name];
    return typeof value === "string" && pattern.test(value) ? value : undefined;
  };
  // Only ids that stand in the configuration: what an entry calls an output may come from a topic.
  const id = (name: string, items: object | undefined) => {
    const value = fields[name];
    return typeof value === "string" && items !== undefined && Object.hasOwn(items, value) ? value : undefined;
  };
  const message = word("MESSAGE_ID", /^[0-9a-f]{32}$/);
  const found = {
    message_id: message,
    input: id("PINBUS_INPUT", config?.inputs),
    output: id("PINBUS_OUTPUT", config && { ...config.outputs, ...config.pwm }),
    rule: id("PINBUS_RULE", config && rulesOf(config)),
    unit_result: word("UNIT_RESULT", /^[a-z-]{1,30}$/),
  };
  const known = Object.entries(found).filter(([, value]) => value !== undefined);
  const priority = Number(word("PRIORITY", /^[0-7]$/) ?? 6);
  return { at: new Date(micros / 1000).toISOString(), priority, ...Object.fromEntries(known) };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
