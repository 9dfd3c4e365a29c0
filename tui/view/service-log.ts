import type { LogLine } from "../../agent/protocol.ts";
import { count, instant, moment } from "../format.ts";
import type { Rect } from "../layout.ts";
import type { State } from "../model.ts";
import { selectedUnit } from "../service-ask.ts";
import { priorities } from "../service-keys.ts";
import { type LogSource, logPanes, type ServiceLog, type ServiceLogs, visibleLines } from "../service-log.ts";
import { staleAgent, withoutAgent } from "./absent.ts";
import type { Canvas, Style } from "./canvas.ts";
import { left, putSentence, title } from "./text.ts";

/** One of the logs of the selected unit. */
export function drawLog(state: State, canvas: Canvas, rect: Rect, source: LogSource, now: number): void {
  const { services, agent } = state;
  const { logs } = services;
  const log = logs[source];
  let inner = title(canvas, rect, titleOf(state, source, now), services.pane === logPanes[source]);
  const lines = visibleLines(log, source === "journal" ? logs.priority : 7);
  if (agent.up && log.problem !== null && log.unit !== null) {
    const taken = putSentence(canvas, inner, `! ${log.problem}`, "bad");
    inner = { ...inner, row: inner.row + taken, rows: inner.rows - taken };
  } else if (lines.length === 0) {
    putSentence(canvas, inner, emptiness(state, source), "dim");
    log.scroll.top = 0;
    return;
  }
  const rowsOf = (line: LogLine) => logRows(line, source, logs, inner.cols, now);
  const { first, skip } = window(log, lines, inner.rows, (line) => rowsOf(line).length);
  log.scroll.top = first;
  let row = inner.row - skip;
  log.page = 0;
  for (const line of lines.slice(first, first + inner.rows)) {
    const texts = rowsOf(line);
    for (const text of texts) {
      if (row >= inner.row && row < inner.row + inner.rows) canvas.put(row, text, styleOf(line, source), inner.col, inner.cols);
      row += 1;
    }
    if (row <= inner.row + inner.rows) log.page += 1;
  }
  log.page = Math.max(1, log.page);
}

/** The first line to be shown, and how many of its rows are above the window: never below the place from which the end is seen. */
function window({ follow, scroll }: ServiceLog, lines: readonly LogLine[], height: number, rowsOf: (line: LogLine) => number) {
  let first = lines.length;
  let used = 0;
  while (first > 0 && used < height) {
    first -= 1;
    used += rowsOf(lines[first] as LogLine);
  }
  const skip = Math.max(0, used - height);
  return follow || scroll.top >= first + (skip > 0 ? 1 : 0) ? { first, skip } : { first: Math.max(0, scroll.top), skip: 0 };
}

function titleOf(state: State, source: LogSource, now: number): string {
  const { logs } = state.services;
  const log = logs[source];
  const unit = selectedUnit(state);
  const parts = [source === "journal" ? `Journal ${log.unit ?? ""}`.trim() : `Log file ${unit?.log_file ?? ""}`.trim()];
  const lost = log.heard ? staleAgent(state, now) : null;
  if (lost !== null) parts.push(lost);
  if (log.unit === null) return parts[0] ?? "";
  parts.push(log.follow ? "FOLLOW" : "F follows");
  if (source === "journal") parts.push(`prio<=${priorities[logs.priority] ?? "debug"}`);
  const all = log.held ?? log.lines;
  parts.push(`${count(all.length)} lines${log.dropped > 0 ? ` (${count(log.dropped)} older dropped)` : ""}`);
  if (log.filter.text !== "") parts.push(`/${log.filter.text}`);
  return parts.join(" - ");
}

function emptiness(state: State, source: LogSource): string {
  const { logs } = state.services;
  const log = logs[source];
  const unit = selectedUnit(state);
  const absent = withoutAgent(state);
  if (absent !== null) return absent;
  if (unit === undefined) return "no unit is selected";
  if (source === "file" && unit.log_file === undefined) return `no log_file of ${unit.unit} is configured`;
  if (!log.heard) return "asking the agent";
  if (log.lines.length > 0) return log.filter.text === "" ? "no entry is as important as that: P shows more" : "no line matches the filter";
  return source === "journal" ? "the journal has no entry of it" : "the file has no line yet";
}

/** A line as it stands on the screen; wrapped, the rows after the first are indented. */
function logRows({ at, priority, text, note }: LogLine, source: LogSource, logs: ServiceLogs, cols: number, now: number): string[] {
  const shown = text.replaceAll("\t", "    ");
  if (note === true) return [` ${shown}`];
  const word = source === "journal" ? left(priorities[priority ?? -1] ?? "", 6) : "";
  const when = instant(at ?? null);
  const prefix = `${logs.time && !Number.isNaN(when) ? `${moment(when, now)} ` : ""}${word}`;
  if (!logs.wrap) return [prefix + shown];
  const indent = " ".repeat(Math.min(prefix.length, cols >> 1));
  return wrap(shown, Math.max(8, cols - prefix.length)).map((row, index) => (index === 0 ? prefix : indent) + row);
}

/** Rows of at most `width` columns. From U+1100 on a character may be two columns wide, and counts as that. */
function wrap(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  let used = 0;
  for (const point of text) {
    const columns = (point.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    if (used + columns > width) {
      rows.push(row);
      row = "";
      used = 0;
    }
    row += point;
    used += columns;
  }
  return [...rows, row];
}

function styleOf({ priority = 6, note }: LogLine, source: LogSource): Style {
  if (note === true) return "warn";
  if (source === "file" || (priority > 4 && priority < 7)) return "text";
  return priority <= 3 ? "bad" : priority === 4 ? "warn" : "dim";
}
