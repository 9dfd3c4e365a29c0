import type { Stats } from "node:fs";
import type { ServiceSettings } from "../config/services.ts";
import { journalArgs, parseRecord, warningArgs } from "../systemd/journal-record.ts";
import { systemctlEnv } from "../systemd/manager.ts";
import type { LogLine } from "./protocol.ts";
import { type BoundedLine, LineBudget } from "./shell/bounded-lines.ts";
import { FileTail } from "./shell/file-tail.ts";
import { LineProcess } from "./shell/line-process.ts";

const firstLines = 200;
const firstWarnings = 50;
const maxRate = 1000;
const maxTextBytes = 4096;
/** Longer than any entry of `journalctl -o json` without --all. */
const maxRecordBytes = 64 * 1024;

/** How one kind of log is read. */
export interface LogReader {
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

/** The journal of one unit, `user` = of the user's own manager. */
export function journalReader(unit: string, user: boolean, now: () => number, program?: string): LogReader {
  return entryReader(journalArgs(unit, user, firstLines), () => undefined, now, program);
}

/** What all of them warn of, by one process. */
export function warningReader(services: readonly ServiceSettings[], now: () => number, program?: string): LogReader {
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
): LogReader {
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

/** A log file; nothing is shown of one that `isSecret`. */
export function fileReader(path: string, now: () => number, isSecret: (file: Stats) => Promise<boolean>): LogReader {
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
