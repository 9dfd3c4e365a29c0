import type { LogLine, LogView } from "../agent/protocol.ts";
import { everything, type Filter } from "./filter.ts";
import type { Scroll } from "./layout.ts";
import type { State } from "./model.ts";

/** A log of the selected unit, as it is followed here. */
export interface ServiceLog {
  unit: string | null;
  run: number;
  /** The number of the newest line that was told. */
  last: number;
  lines: LogLine[];
  chars: number;
  /** How many of the oldest were given up here. */
  dropped: number;
  /** What a frozen view shows. */
  held: LogLine[] | null;
  problem: string | null;
  /** The agent has said something of it. */
  heard: boolean;
  /** When the question was asked that is still open. */
  asked: number | null;
  follow: boolean;
  filter: Filter;
  /** The first line that is shown, among those that the filter lets through; the view sets it while it follows. */
  scroll: Scroll;
  /** How many lines the view has shown. */
  page: number;
}

/** The logs of the selected unit. */
export type LogSource = Exclude<LogView["from"], "warnings">;

export interface ServiceLogs {
  journal: ServiceLog;
  file: ServiceLog;
  /** Of all units, below the topics. */
  warnings: ServiceLog;
  /** The one that is shown where there is room for one only. */
  shown: LogSource;
  /** The least important entries of the journal that are shown, 0 to 7. */
  priority: number;
  wrap: boolean;
  time: boolean;
}

export const sources: readonly LogSource[] = ["journal", "file"];
const all: readonly LogView["from"][] = [...sources, "warnings"];
/** The panes of the tab that show logs. */
export const logPanes = { journal: 2, file: 3 } as const;
const maxLines = 5000;
const maxChars = 1024 * 1024;
const maxText = 4096;
/** An unanswered question ends the link before that. */
export const patience = 10_000;
const retryAfter = 5000;

export function createServiceLogs(): ServiceLogs {
  return { journal: newLog(null), file: newLog(null), warnings: newLog(""), shown: "journal", priority: 7, wrap: false, time: true };
}

export function newLog(unit: string | null): ServiceLog {
  return {
    unit,
    run: 0,
    last: 0,
    lines: [],
    chars: 0,
    dropped: 0,
    held: null,
    problem: null,
    heard: false,
    asked: null,
    follow: true,
    filter: everything,
    scroll: { top: 0 },
    page: 1,
  };
}

/** What the agent has answered; an answer about another unit than the selected one is left alone. */
export function logReceived({ services }: State, answer: LogView): void {
  const { logs } = services;
  const log = logs[answer.from];
  // The selection has gone on meanwhile.
  if (log.unit !== answer.unit) return;
  log.asked = null;
  log.problem = answer.problem;
  if (log.run !== answer.run) {
    // Another run begins with the last lines once more.
    Object.assign(log, { lines: [], chars: 0, dropped: 0, scroll: { top: 0 }, run: answer.run });
    log.last = (answer.lines[0]?.number ?? answer.last + 1) - 1;
  }
  log.heard = true;
  for (const line of answer.lines) {
    // Who goes away and comes back may get the same answer twice.
    if (line.number <= log.last) continue;
    const missed = line.number - log.last - 1;
    if (missed > 0) add(log, logs.priority, { number: line.number, text: gapText(missed), note: true });
    add(log, logs.priority, { ...line, text: line.text.slice(0, maxText) });
    log.last = line.number;
  }
  if (answer.last > log.last) {
    add(log, logs.priority, { number: answer.last, text: gapText(answer.last - log.last), note: true });
    log.last = answer.last;
  }
}

/** The agent refused the question: it is older, the unit is gone from its configuration, or too much is read already. */
export function logRefused(state: State, from: LogView["from"], unit: string, problem: string, now: number): void {
  const log = state.services.logs[from];
  if (log.unit !== unit) return;
  log.problem = problem;
  log.heard = true;
  // So it is asked again, and not at once.
  log.asked = now - patience + retryAfter;
}

/** Another connection to an agent: its runs may be others. */
export function newLogAgent({ services }: State): void {
  for (const source of all) services.logs[source].asked = null;
}

function gapText(lines: number): string {
  return `... ${lines} ${lines === 1 ? "line" : "lines"} came faster than they could be shown ...`;
}

function add(log: ServiceLog, priority: number, line: LogLine): void {
  log.lines.push(line);
  log.chars += line.text.length;
  while (log.lines.length > maxLines || log.chars > maxChars) {
    const gone = log.lines.shift();
    if (gone === undefined) break;
    log.chars -= gone.text.length;
    log.dropped += 1;
    // What is on the screen stays there.
    if (log.held === null && shows(log, priority, gone)) log.scroll.top = Math.max(0, log.scroll.top - 1);
  }
}

/** The lines that filter and priority let through, of now or of the freeze. */
export function visibleLines(log: ServiceLog, priority: number): readonly LogLine[] {
  const lines = log.held ?? log.lines;
  if (priority === 7 && (log.filter.text === "" || log.filter.problem !== null)) return lines;
  return lines.filter((line) => shows(log, priority, line));
}

function shows({ filter }: ServiceLog, most: number, { text, note = false, priority = 0 }: LogLine): boolean {
  return note || (priority <= most && filter.test(text, () => text));
}

/** After the window of a log was moved: up ends following, the end begins it again. */
export function scrolled(log: ServiceLog, before: number, end: boolean): void {
  if (end) log.follow = true;
  else if (log.scroll.top < before || log.scroll.top === 0) log.follow = false;
}

export function holdLogs({ services }: State): void {
  for (const source of all) {
    const log = services.logs[source];
    log.held = log.lines.slice();
  }
}

export function releaseLogs({ services }: State): void {
  for (const source of all) services.logs[source].held = null;
}

/** How many lines have come to the log that is shown since the view was frozen. */
export function newerLines({ services: { logs } }: State): number {
  const { held, last } = logs[logs.shown];
  return held === null ? 0 : last - (held.at(-1)?.number ?? last);
}
