import { chartedLine, chartSeries, cursorIndex, reading, shownMessage } from "../detail.ts";
import type { ValueLine } from "../document.ts";
import { age, clock, count, size } from "../format.ts";
import { type Rect, scrollTo, splitRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import type { Message, TopicNode } from "../topic.ts";
import type { Canvas, Style } from "./canvas.ts";
import { drawChart } from "./chart.ts";
import { flagText } from "./history.ts";
import { isStale } from "./stale.ts";
import { mark, tail, title, titleRoom } from "./text.ts";

const charted = "<- charted";
/** Title and facts of a branch that has no value. */
const emptyRows = 3;
/** From so many rows of the value pane on the chart is one with axes. */
const tallValue = 20;
const chartRows = { line: 2, tall: 7 };
/** What the chart leaves to the value. */
const leastRows = 6;

/** How many rows of the right side belong to the value, the chart included. */
export function valueRows(state: State, right: Rect, node: TopicNode | undefined): number {
  return shownMessage(state, node) === undefined ? emptyRows : Math.ceil(right.rows * 0.6);
}

/** The value pane: facts, the payload in the form that fits, and the chart of one number in it. */
export function drawValue(state: State, canvas: Canvas, rect: Rect, selected: TopicNode | undefined, now: number): void {
  const focused = state.topics.pane === 1;
  const shown = shownMessage(state, selected);
  const inner = title(canvas, rect, tail((shown?.node ?? selected)?.path ?? "Value", titleRoom(rect.cols)), focused);
  if (shown === undefined) {
    const topics = selected?.topics ?? 0;
    const text = ` ${count(topics)} ${topics === 1 ? "topic" : "topics"} below, no value here`;
    if (selected !== undefined) canvas.put(inner.row, text, "dim", inner.col, inner.cols);
    return;
  }
  const { node, message, old } = shown;
  const { form, lines } = reading(state, node, message, Math.max(1, inner.cols - 2));
  drawFacts(state, canvas, inner, { node, message, old, form, now: viewNow(state, now) });
  const line = chartedLine(state.topics.detail, lines);
  const series = line === undefined ? undefined : chartSeries(state, node, line);
  const wanted = rect.rows >= tallValue ? chartRows.tall : chartRows.line;
  const chart = series !== undefined && rect.rows >= leastRows + wanted - 1 ? wanted : 0;
  const [body, below] = splitRows({ ...inner, row: inner.row + 2, rows: Math.max(0, inner.rows - 2) }, inner.rows - 2 - chart);
  drawLines(state, canvas, body, { lines, focused, line: series === undefined ? undefined : line });
  if (chart > 0 && series !== undefined && line !== undefined) drawChart(canvas, below, line.id, series);
}

interface Facts {
  node: TopicNode;
  message: Message;
  old: boolean;
  form: string;
  now: number;
}

function drawFacts(state: State, canvas: Canvas, { row, col, cols }: Rect, { node, message, old, form, now }: Facts): void {
  const { count: received, interval, jitter, kept } = state.topics.store.view(node);
  const varies = cols >= 50 && received > 3 ? ` (jitter ${pace(jitter)})` : "";
  const usual = interval > 0 ? `every ${pace(interval)}${varies}` : "once";
  const tail = old ? `of ${clock(message.at)}` : `${usual}  n=${count(received)}`;
  const flag = flagText(message);
  canvas.put(row, ` ${flag}${flag === "" ? "" : " "}q${message.qos}  ${size(message.size)}  ${tail}`, "dim", col, cols);
  const word = isStale(state, node, message, now) ? (state.mqtt.up ? " stale" : " stale, disconnected") : "";
  const note = old ? " OLD, Esc: newest" : word;
  const earlier = kept && note === "" ? " or earlier" : "";
  canvas.put(row + 1, ` ${age(now - message.at)} ago${earlier}${note}  ${form}`, note === "" ? "dim" : "warn", col, cols);
}

interface Lines {
  lines: readonly ValueLine[];
  focused: boolean;
  /** The one that is charted. */
  line: ValueLine | undefined;
}

function drawLines(state: State, canvas: Canvas, rect: Rect, { lines, focused, line: chosen }: Lines): void {
  const { detail } = state.topics;
  const cursor = focused ? Math.max(0, cursorIndex(detail, lines)) : -1;
  const top = scrollTo(detail.value, cursor, lines.length, Math.max(1, rect.rows));
  for (const [offset, line] of lines.slice(top, top + rect.rows).entries()) {
    const row = rect.row + offset;
    const at = top + offset === cursor;
    const otherwise: Style =
      detail.mode !== "diff" ? "text" : line.text.startsWith("+") ? "ok" : line.text.startsWith("-") ? "bad" : "text";
    const style = mark(canvas, row, rect, at, otherwise);
    canvas.put(row, `${at ? ">" : " "}${line.text}`, style, rect.col, rect.cols);
    const room = rect.cols - line.text.length - 1;
    if (line === chosen && room > charted.length + 1)
      canvas.put(row, charted, at ? style : "dim", rect.col + rect.cols - charted.length - 1, charted.length);
  }
}

function pace(interval: number): string {
  if (interval < 100) return `${Math.round(interval)} ms`;
  return interval < 10_000 ? `${(interval / 1000).toFixed(1)} s` : age(interval);
}
