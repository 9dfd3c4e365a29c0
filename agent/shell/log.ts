import winston from "winston";
import Transport from "winston-transport";
import { printable } from "./printable.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";
export type LogFields = Readonly<Record<string, unknown>>;

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
  // Longest first: a secret may begin with another.
  const secrets = options.secrets.filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  const clean = (text: string) => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, "***");
    return printable(safe);
  };
  const transport: Transport = journal
    ? new JournalTransport(journal)
    : new winston.transports.Stream({ stream: options.stream ?? process.stderr, format: winston.format.printf(textLine) });
  const logger = winston.createLogger({ level: options.level, levels: { error: 0, warn: 1, info: 2, debug: 3 }, transports: [transport] });
  const tail: LogEntry[] = [];
  let listener: (entry: LogEntry) => void = () => {};
  let telling = false;
  const write = (level: LogLevel, local: boolean) => (message: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return;
    const [text, cleaned] = [clean(message), cleanFields(fields, clean)];
    logger.log({ level, message: text, fields: cleaned });
    const entry = { at: Date.now(), level, message: text.slice(0, charactersKept), fields: cutFields(cleaned) };
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
  const logOf = (local: boolean): Log => ({
    error: write("error", local),
    warn: write("warn", local),
    info: write("info", local),
    debug: write("debug", local),
  });
  return {
    ...logOf(false),
    local: logOf(true),
    tail,
    clean,
    setLevel(level) {
      logger.level = level;
    },
    tell(other) {
      listener = other;
    },
  };
}

function cutFields(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.slice(0, charactersKept)]));
}

class JournalTransport extends Transport {
  readonly #journal: JournalWriter;
  constructor(journal: JournalWriter) {
    super();
    this.#journal = journal;
  }
  override log(info: { level: LogLevel; message: string; fields: Record<string, string> }, next: () => void): void {
    const fields = Object.fromEntries(Object.entries(info.fields).map(([name, value]) => [`PINBUS_${name.toUpperCase()}`, value]));
    this.#journal({ message: info.message, priority: priorities[info.level], fields });
    next();
  }
}

function textLine(info: winston.Logform.TransformableInfo): string {
  const time = new Date().toISOString().slice(11, 23);
  const mark = info.level === "info" ? "" : `${info.level}: `;
  return `${time} ${mark}${String(info.message)}`;
}

function cleanFields(fields: LogFields | undefined, clean: (text: string) => string): Record<string, string> {
  const cleaned: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value !== undefined && value !== null && /^[A-Za-z_]\w*$/.test(name)) cleaned[name] = clean(String(value));
  }
  return cleaned;
}
