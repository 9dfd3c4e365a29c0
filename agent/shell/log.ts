import winston from "winston";
import Transport from "winston-transport";
import { type LogEvent, logEvents } from "../core/log-events.ts";
import { printable } from "./printable.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";
/** Become own fields of a journal entry, PINBUS_… in capitals. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly event?: LogEvent | undefined };

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** One entry as it was written: without secrets and control characters, and cut if it is long. */
export interface LogEntry {
  /** ms since 1970. */
  at: number;
  level: LogLevel;
  message: string;
  fields: Readonly<Record<string, string>>;
}

export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
  /** The same log for whoever publishes: what it is told is never published, or it would never end. */
  readonly local: Log;
  /** The newest entries, oldest first. */
  readonly tail: readonly LogEntry[];
  /** A text without secrets and control characters. */
  clean(text: string): string;
  /** From now on these must not appear either. */
  hide(secrets: readonly string[]): void;
  /** Told of every entry that is written, those of `local` excepted. */
  tell(listener: (entry: LogEntry) => void): void;
}

const entriesKept = 200;
const charactersKept = 500;

/** One entry for journald: syslog priority and own fields. */
export type JournalWriter = (entry: { message: string; priority: number; fields: Record<string, string> }) => void;

export interface LogOptions {
  level: LogLevel;
  /** Texts that must never appear, whatever a library puts into its message. */
  secrets: readonly string[];
  /** Structured entries go here; without it, lines for people go to `stream`. */
  journal?: JournalWriter;
  stream?: NodeJS.WritableStream;
}

const priorities: Record<LogLevel, number> = { error: 3, warn: 4, info: 6, debug: 7 };

/** One line per decision; see `docs/logging.md` for the levels. */
export function createLog(options: LogOptions): AdjustableLog {
  const { journal } = options;
  let secrets: string[] = [];
  const hide = (more: readonly string[]) => {
    // Longest first: a secret may begin with another.
    secrets = [...new Set([...secrets, ...more])].filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  };
  hide(options.secrets);
  const clean = (text: string) => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, "***");
    return printable(safe);
  };
  const logger = winston.createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    // Each transport has its own; the default would make JSON of every entry for nobody.
    format: asItIs(),
    transports: [journal ? new JournalTransport(journal) : new LineTransport(options.stream ?? process.stderr)],
  });
  const tail: LogEntry[] = [];
  let listener: (entry: LogEntry) => void = () => {};
  let telling = false;
  const write = (level: LogLevel, local: boolean) => (message: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return;
    const [text, cleaned] = [clean(message), cleanFields(fields, clean)];
    const at = Date.now();
    logger.log({ level, message: text, fields: cleaned, at });
    const entry = { at, level, message: text.slice(0, charactersKept), fields: cutFields(cleaned) };
    tail.push(entry);
    if (tail.length > entriesKept) tail.shift();
    if (local || telling) return;
    telling = true;
    try {
      listener(entry);
    } finally {
      telling = false;
    }
  };
  const toLog = (local: boolean): Log => ({
    error: write("error", local),
    warn: write("warn", local),
    info: write("info", local),
    debug: write("debug", local),
  });
  return {
    ...toLog(false),
    local: toLog(true),
    tail,
    clean,
    hide,
    setLevel(level) {
      logger.level = level;
    },
    tell(other) {
      listener = other;
    },
  };
}

const asItIs = winston.format((info) => info);

function cutFields(fields: Record<string, string>): Record<string, string> {
  const cut: Record<string, string> = {};
  for (const name in fields) cut[name] = (fields[name] ?? "").slice(0, charactersKept);
  return cut;
}

class LineTransport extends Transport {
  readonly #stream: NodeJS.WritableStream;
  constructor(stream: NodeJS.WritableStream) {
    super();
    this.#stream = stream;
  }
  override log({ at, level, message }: LogEntry, next: () => void): void {
    const mark = level === "info" ? "" : `${level}: `;
    this.#stream.write(`${new Date(at).toISOString().slice(11, 23)} ${mark}${message}\n`);
    next();
  }
}

class JournalTransport extends Transport {
  readonly #journal: JournalWriter;
  constructor(journal: JournalWriter) {
    super();
    this.#journal = journal;
  }
  override log(info: LogEntry, next: () => void): void {
    const fields: Record<string, string> = {};
    for (const name in info.fields) fields[`PINBUS_${name.toUpperCase()}`] = info.fields[name] ?? "";
    const { event } = info.fields;
    if (event !== undefined && isLogEvent(event)) fields.MESSAGE_ID = logEvents[event].id;
    this.#journal({ message: info.message, priority: priorities[info.level], fields });
    next();
  }
}

function isLogEvent(name: string): name is LogEvent {
  return Object.hasOwn(logEvents, name);
}

function cleanFields(fields: LogFields | undefined, clean: (text: string) => string): Record<string, string> {
  const cleaned: Record<string, string> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined && value !== null && /^[A-Za-z_]\w*$/.test(name)) cleaned[name] = clean(String(value));
  }
  return cleaned;
}
