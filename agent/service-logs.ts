import type { Stats } from "node:fs";
import { type ServiceSettings, serviceOf } from "../config/services.ts";
import { journalArgs, parseRecord, warningArgs } from "../systemd/journal-record.ts";
import { systemctlEnv } from "../systemd/manager.ts";
import { isAmong } from "./own-files.ts";
import type { LogLine, LogView, Methods } from "./protocol.ts";
import { type BoundedLine, LineBudget } from "./shell/bounded-lines.ts";
import type { Clock } from "./shell/clock.ts";
import { Refused } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import { FileTail } from "./shell/file-tail.ts";
import { LineProcess } from "./shell/line-process.ts";
import { LogRing } from "./shell/log-ring.ts";
import { listedService } from "./unknown-id.ts";

export interface ServiceLogsOptions {
  current(): Current;
  clock: Pick<Clock, "now">;
  /** The program that reads the journal. */
  journalctl?: string;
  /** Files and folders of which nothing is shown, whatever a log file is linked to. */
  ownFiles?(): readonly string[];
  /** How long one reads on when nobody asks any more, ms. */
  idle?: number;
}

/** The logs of the units of the configuration, each read while somebody looks at it, a journal by a process of its own. */
export interface ServiceLogs {
  read(params: Methods["service-log"]["params"]): Promise<LogView>;
  stop(): void;
}

/** A question is answered at the latest after this time: before the patience of a client is over. */
const longestWait = 2000;
/** What comes together is told together. */
const gather = 50;
/** One that nobody has asked about for so long makes room for another. */
const makesRoom = 1000;
const maxLogs = 4;
const retryAfter = 5000;
const firstLines = 200;
const firstWarnings = 50;
const maxRate = 1000;
const maxTextBytes = 4096;
/** Longer than any entry of `journalctl -o json` without --all. */
const maxRecordBytes = 64 * 1024;

export function createServiceLogs(options: ServiceLogsOptions): ServiceLogs {
  const { current, clock, ownFiles = () => [], idle = 5000 } = options;
  const open = new Map<string, FollowedLog>();
  const now = () => clock.now();
  let run = Date.now();
  let stopped = false;

  const close = (key: string) => {
    open.get(key)?.stop();
    open.delete(key);
  };

  const followed = (reader: Reader): FollowedLog => {
    const { key } = reader;
    const there = open.get(key);
    if (there !== undefined) return there;
    if (open.size >= maxLogs) {
      const [oldest] = [...open].filter(([, log]) => log.idleFor() > makesRoom).sort(([, a], [, b]) => b.idleFor() - a.idleFor());
      if (oldest === undefined) throw new Refused("busy", `${maxLogs} logs are being read already; try again in some seconds`);
      close(oldest[0]);
    }
    const log = new FollowedLog(reader, { now, idle, newRun: () => ++run, ended: () => close(key) });
    open.set(key, log);
    return log;
  };

  return {
    async read({ unit, from, run: known = 0, after = 0 }) {
      if (from !== "journal" && from !== "file" && from !== "warnings")
        throw new Refused("malformed", '"from" must be journal, file or warnings');
      if (!Number.isSafeInteger(known) || !Number.isSafeInteger(after))
        throw new Refused("malformed", "run and after must be whole numbers");
      if (stopped) throw new Refused("failed", "the agent is stopping");
      if (from === "warnings") {
        const units = current().config.services.map(serviceOf);
        if (units.length === 0) throw new Refused("unsupported", "no unit is configured under services:");
        const log = followed(warningReader(units, now, options.journalctl));
        return { unit: "", from, ...(await log.read(known, after)) };
      }
      const { manager, log_file: file } = listedService(current().config.services, unit);
      if (from === "file" && file === null) throw new Refused("unsupported", `no log_file of ${unit} is configured`);
      const isUser = manager === "user";
      const log = followed(
        file !== null && from === "file"
          ? fileReader(file, now, (found) => isAmong(ownFiles(), found))
          : journalReader(unit, isUser, now, options.journalctl),
      );
      return { unit, from, ...(await log.read(known, after)) };
    },
    stop() {
      stopped = true;
      for (const key of [...open.keys()]) close(key);
    },
  };
}

/** How one kind of log is read. */
interface Reader {
  /** By what is read: after a reload another file is another log. */
  key: string;
  open(on: ReaderEvents): { start(): void; stop(): void };
}

interface ReaderEvents {
  lines(lines: readonly Omit<LogLine, "number">[]): void;
  skipped(count: number): void;
  /** A sentence; null when there is no problem any more. */
  problem(text: string | null): void;
  /** It reads no more. */
  ended(why: string): void;
}

function journalReader(unit: string, user: boolean, now: () => number, program?: string): Reader {
  return entryReader(journalArgs(unit, user, firstLines), () => undefined, now, program);
}

/** One process for all of them. */
function warningReader(services: readonly ServiceSettings[], now: () => number, program?: string): Reader {
  const units = services.map(({ unit, manager }) => ({ unit, user: manager === "user" }));
  const listed = new Set(units.map(({ unit }) => unit));
  return entryReader(warningArgs(units, firstWarnings), (named) => named.find((unit) => listed.has(unit)), now, program);
}

/** `unitOf` = which of the units that an entry names it is about. */
function entryReader(
  args: string[],
  unitOf: (named: readonly string[]) => string | undefined,
  now: () => number,
  program = "journalctl",
): Reader {
  return {
    key: args.join(" "),
    open: (on) =>
      new LineProcess({
        program,
        args,
        env: systemctlEnv(),
        maxBytes: maxRecordBytes,
        budget: new LineBudget(maxRate, now),
        onLines: (lines) => on.lines(lines.flatMap((line) => entryLines(line, unitOf))),
        onSkipped: on.skipped,
        onSaid: (said) => {
          if (/not seeing messages from|insufficient permissions/.test(said))
            on.problem("the agent may not read the journal: its user must be in the group systemd-journal");
          else if (/no journal files were (found|opened)/i.test(said)) on.problem("there is no journal here");
        },
        onEnd: on.ended,
      }),
  };
}

function entryLines({ bytes, cut }: BoundedLine, unitOf: (named: readonly string[]) => string | undefined): Omit<LogLine, "number">[] {
  const record = parseRecord(bytes.toString("utf8"));
  if (record === undefined) return cut ? [{ text: "(an entry that is too long to be shown)" }] : [];
  const { at, priority, lines } = record;
  const unit = unitOf(record.units);
  const known = { ...(at !== null && { at }), ...(priority !== null && { priority }), ...(unit !== undefined && { unit }) };
  return lines.map((text) => ({ ...known, text: text.slice(0, maxTextBytes) }));
}

const news = {
  replaced: "(a new file has taken its place)",
  emptied: "(the file was emptied; it goes on from its beginning)",
  behind: "(more came than could be shown; it goes on near its end)",
} as const;

function fileReader(path: string, now: () => number, isSecret: (file: Stats) => Promise<boolean>): Reader {
  const problems: Readonly<Record<string, string>> = {
    EACCES: `the agent may not read ${path}: its user needs the group of that file and of its folder`,
    ENOENT: `${path} is not there; it is shown as soon as it is`,
    ELOOP: `${path} is a symbolic link, which is not followed: name the file to which it leads`,
    "no file": `${path} is not a file`,
    secret: `${path} is a file of pinbus itself, of which nothing is shown`,
  };
  return {
    key: path,
    open: (on) =>
      new FileTail({
        path,
        lines: firstLines,
        maxBytes: maxTextBytes,
        budget: new LineBudget(maxRate, now),
        isSecret,
        onLines: (lines) => on.lines(lines.map(fileLine)),
        onSkipped: on.skipped,
        onNews: (what) => on.lines([{ text: news[what], note: true }]),
        onProblem: (code) => on.problem(code === null ? null : (problems[code] ?? `${path} cannot be read (${code})`)),
      }),
  };
}

function fileLine({ bytes }: BoundedLine): Omit<LogLine, "number"> {
  const text = bytes.toString("utf8").replace(/\r$/, "");
  // mosquitto's own way to write the time.
  const [, seconds] = /^(\d{9,10}): /.exec(text) ?? [];
  if (seconds === undefined) return { text };
  return { at: new Date(Number(seconds) * 1000).toISOString(), text: text.slice(seconds.length + 2) };
}

interface FollowedOptions {
  now(): number;
  idle: number;
  newRun(): number;
  /** Nobody has asked for it for a while. */
  ended(): void;
}

class FollowedLog {
  readonly #reader: Reader;
  readonly #options: FollowedOptions;
  #ring = new LogRing();
  #reading: ReturnType<Reader["open"]> | undefined;
  #run: number;
  #problem: string | null = null;
  /** Why it ended, and when. */
  #over: { why: string; at: number } | null = null;
  #waiting = new Set<() => void>();
  #asked: number;
  #idle: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(reader: Reader, options: FollowedOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#run = options.newRun();
    this.#asked = options.now();
  }

  /** How long nobody has waited for it, ms. */
  idleFor(): number {
    return this.#waiting.size > 0 ? 0 : this.#options.now() - this.#asked;
  }

  /** What came after a line of a run, at once or as soon as there is something. */
  async read(run: number, after: number): Promise<Omit<LogView, "unit" | "from">> {
    clearTimeout(this.#idle);
    this.#asked = this.#options.now();
    this.#start();
    const news = () => this.#ring.last > (run === this.#run ? after : 0);
    const told = run === this.#run;
    if (!news() && (told || this.#said() === null)) await this.#change();
    this.#asked = this.#options.now();
    if (this.#waiting.size === 0 && !this.#stopped) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(this.#options.ended, this.#options.idle);
    }
    const lines = this.#ring.since(run === this.#run ? after : 0);
    return { run: this.#run, last: this.#ring.last, lines, problem: this.#said() };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#idle);
    this.#reading?.stop();
    this.#reading = undefined;
    this.#changed();
  }

  #said(): string | null {
    return this.#over?.why ?? this.#problem;
  }

  #start(): void {
    if (this.#reading !== undefined || (this.#over !== null && this.#options.now() - this.#over.at < retryAfter)) return;
    if (this.#ring.last > 0) {
      // It begins with the last lines once more.
      this.#ring = new LogRing();
      this.#run = this.#options.newRun();
    }
    this.#over = null;
    this.#problem = null;
    this.#reading = this.#reader.open({
      lines: (lines) => {
        for (const line of lines) this.#ring.push(line);
        this.#changed();
      },
      skipped: (count) => this.#ring.skip(count),
      problem: (text) => {
        if (text === this.#problem) return;
        this.#problem = text;
        this.#changed();
      },
      ended: (why) => {
        this.#reading = undefined;
        this.#over = { why: this.#problem ?? why, at: this.#options.now() };
        this.#changed();
      },
    });
    this.#reading.start();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const wake = () => {
        clearTimeout(timer);
        timer = setTimeout(done, gather);
        this.#waiting.delete(wake);
      };
      let timer = setTimeout(done, longestWait);
      this.#waiting.add(wake);
    });
  }

  #changed(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
