import { age, clock, count, size } from "../format.ts";
import { layout, type Rect, scrollTo, splitRows, topicColumns } from "../layout.ts";
import { type State, type TopicsTab, viewNow } from "../model.ts";
import { topicIndex } from "../moves.ts";
import { type Message, stale, type TopicNode } from "../topic.ts";
import { preview, valueLines } from "../value.ts";
import { withoutBroker } from "./absent.ts";
import type { Canvas, Style } from "./canvas.ts";
import { drawPinList } from "./pins.ts";
import { mark, putRight, title } from "./text.ts";

export function drawTopics(state: State, canvas: Canvas, now: number): void {
  const { body, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane } = state.topics;
  const node = state.topics.store.rows()[topicIndex(state)];
  if (single) {
    if (pane === 0) drawTree(state, canvas, body, now);
    else if (pane === 1) drawValue(state, canvas, body, node, now);
    else drawHistory(state, canvas, body, node);
    return;
  }
  const [tree, right, pins] = topicColumns(body);
  drawTree(state, canvas, tree, now);
  const [value, history] = splitRows(right, Math.ceil(right.rows * 0.6));
  drawValue(state, canvas, value, node, now);
  drawHistory(state, canvas, history, node);
  separate(canvas, body, tree.cols);
  if (pins === null) return;
  drawPinList(state, canvas, pins, now);
  separate(canvas, body, pins.col - 1);
}

/** The line between two panes, joined to the titles at its sides. */
function separate(canvas: Canvas, body: Rect, col: number): void {
  canvas.rule(body.row, "", "title", col, 1);
  canvas.vline(col, body.row, body.row + body.rows - 1);
}

function drawTree(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { store, list, rate, pane } = state.topics;
  const rows = store.rows();
  const hidden = store.hidden > 0 ? ` - ${count(store.hidden)} topics not shown` : "";
  const inner = title(canvas, rect, `Topics ${count(store.topics)}${hidden} - ${count(rate)} msg/s`, pane === 0);
  if (rows.length === 0) {
    drawEmpty(state, canvas, inner);
    return;
  }
  const selected = topicIndex(state);
  const top = scrollTo(list, selected, rows.length, inner.rows);
  for (let line = 0; line < inner.rows; line += 1) {
    const node = rows[top + line];
    if (node === undefined) break;
    drawNode(state, canvas, inner, inner.row + line, node, top + line === selected, now);
  }
}

function drawEmpty(state: State, canvas: Canvas, rect: Rect): void {
  const none = state.topics.store.filter.text === "" ? "connected, no message yet" : "no topic matches the filter";
  const text = withoutBroker(state) ?? none;
  canvas.put(rect.row, text, "dim", rect.col, rect.cols);
}

/** One row: `v` open or `>` folded branch, name, then the branch's topics or the last value at the right. */
function drawNode(state: State, canvas: Canvas, rect: Rect, row: number, node: TopicNode, selected: boolean, now: number): void {
  const { store } = state.topics;
  const { last } = store.view(node);
  const branch = node.children.length > 0;
  const indent = Math.min(node.depth * 2, rect.cols - 12);
  const filtered = store.filter.text !== "";
  const fold = branch ? (node.open || filtered ? "v " : "> ") : "  ";
  const style = mark(canvas, row, rect, selected, "text");
  if (selected && indent > 0) canvas.put(row, ">", style, rect.col, 1);
  const counts = branch ? `(${count(node.topics)})` : "";
  const value = last === null ? "" : valueText(state, node, last, viewNow(state, now));
  const right = branch && !node.open ? counts : value || counts;
  const nameCol = rect.col + indent;
  const width = rect.cols - indent;
  // The name gets what it needs, the value the rest, and at least a third of the row each.
  const nameWidth = Math.min(width, Math.max(fold.length + node.name.length + 1, width - right.length - 1, Math.ceil(width / 3)));
  const most = Math.min(nameWidth, width - Math.min(right.length, Math.floor(rect.cols / 3)));
  canvas.put(row, fold + (node.name === "" ? '""' : node.name), style, nameCol, Math.max(0, most - 1));
  const room = width - most;
  const dim: Style = selected ? "selected" : last === null || branch ? "dim" : valueStyle(state, node, last, viewNow(state, now));
  if (room > 0 && right !== "") putRight(canvas, row, right.slice(0, room), dim, nameCol + most, room);
}

function valueText(state: State, node: TopicNode, last: Message, now: number): string {
  const old = isStale(state, node, last, now);
  const flag = last.retained === "yes" ? "R " : last.retained === "unknown" ? "R? " : "";
  if (old) return `${flag}${preview(last, 40)} ${age(now - last.at)} stale`;
  return `${flag}${preview(last, 80)}`;
}

function valueStyle(state: State, node: TopicNode, last: Message, now: number): Style {
  return isStale(state, node, last, now) ? "warn" : "text";
}

/** Also when the broker is gone: nobody would tell of a newer value. */
function isStale(state: State, node: TopicNode, last: Message, now: number): boolean {
  return !state.mqtt.up || stale(node, last, now);
}

function drawValue(state: State, canvas: Canvas, rect: Rect, node: TopicNode | undefined, now: number): void {
  const { store, mode, value, pane } = state.topics;
  const inner = title(canvas, rect, node?.path ?? "Value", pane === 1);
  if (node === undefined) return;
  const { last, history, count: received } = store.view(node);
  if (last === null) {
    canvas.put(inner.row, ` branch of ${count(node.topics)} topics, no value of its own`, "dim", inner.col, inner.cols);
    return;
  }
  const at = viewNow(state, now);
  const flag = last.retained === "yes" ? "R " : last.retained === "unknown" ? "R? " : "";
  const usual = node.interval > 0 ? `every ${pace(node.interval)}` : "once";
  const word = isStale(state, node, last, at) ? (state.mqtt.up ? " stale" : " stale, disconnected") : "";
  const facts = ` ${flag}q${last.qos}  ${size(last.size)}  ${usual}  n=${count(received)}`;
  canvas.put(inner.row, facts, "dim", inner.col, inner.cols);
  canvas.put(
    inner.row + 1,
    ` ${age(at - last.at)} ago${word}  ${mode === "auto" ? "" : mode}`,
    word === "" ? "dim" : "warn",
    inner.col,
    inner.cols,
  );
  const lines = linesOf(state.topics, last, history.at(-2), inner.cols - 2);
  const height = Math.max(0, inner.rows - 2);
  value.top = Math.max(0, Math.min(value.top, lines.length - height));
  for (const [offset, line] of lines.slice(value.top, value.top + height).entries()) {
    const style: Style = mode !== "diff" ? "text" : line.startsWith("+") ? "ok" : line.startsWith("-") ? "bad" : "text";
    canvas.put(inner.row + 2 + offset, ` ${line}`, style, inner.col, inner.cols);
  }
}

function linesOf(tab: TopicsTab, message: Message, previous: Message | undefined, width: number): string[] {
  const { mode, shown } = tab;
  if (shown?.message === message && shown.previous === previous && shown.mode === mode && shown.width === width) return shown.lines;
  tab.shown = { message, previous, mode, width, lines: valueLines(message, mode, width, previous) };
  return tab.shown.lines;
}

function drawHistory(state: State, canvas: Canvas, rect: Rect, node: TopicNode | undefined): void {
  const { store, history: scroll, pane } = state.topics;
  const history = node === undefined ? [] : store.view(node).history;
  const inner = title(canvas, rect, `History ${count(history.length)} kept`, pane === 2);
  scroll.top = Math.max(0, Math.min(scroll.top, history.length - inner.rows));
  for (let line = 0; line < inner.rows; line += 1) {
    const message = history[history.length - 1 - scroll.top - line];
    if (message === undefined) break;
    const flag = message.retained === "yes" ? "R " : message.retained === "unknown" ? "R?" : "  ";
    const text = ` ${clock(message.at)} ${flag} ${preview(message, Math.max(8, inner.cols - 17))}`;
    canvas.put(inner.row + line, text, "text", inner.col, inner.cols);
  }
}

function pace(interval: number): string {
  return interval < 10_000 ? `${(interval / 1000).toFixed(1)} s` : age(interval);
}
