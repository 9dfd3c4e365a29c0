import { age, count } from "../format.ts";
import { maxCountedHidden } from "../hidden.ts";
import { inWindow, layout, type Rect, showsAll, splitRows, topicColumns, topicRows } from "../layout.ts";
import { type State, viewNow } from "../model.ts";
import { selectedTopic, topicIndex } from "../moves.ts";
import type { Sort } from "../order.ts";
import { placeOf } from "../pinned.ts";
import type { Message, TopicNode } from "../topic.ts";
import { preview } from "../value.ts";
import { withoutBroker } from "./absent.ts";
import { drawLastPackets, drawWarnings } from "./below.ts";
import type { Canvas, Style } from "./canvas.ts";
import { drawHistory } from "./history.ts";
import { drawSide } from "./side.ts";
import { isStale } from "./stale.ts";
import { mark, putRight, putSentence, separate, title } from "./text.ts";
import { drawValue, valueRows } from "./value.ts";

export function drawTopics(state: State, canvas: Canvas, now: number): void {
  const { body: whole, single } = layout(canvas.cols, canvas.rows, state.zoom);
  const { pane } = state.topics;
  const node = selectedTopic(state);
  if (single) {
    if (pane === 0) drawTree(state, canvas, whole, now);
    else if (pane === 1) drawValue(state, canvas, whole, node, now);
    else drawHistory(state, canvas, whole, node);
    return;
  }
  const [body, packets, journal] = topicRows(whole, state.agent.wanted);
  const [tree, right, pins] = topicColumns(body);
  drawTree(state, canvas, tree, now);
  const [value, history] = splitRows(right, valueRows(state, right, node));
  drawValue(state, canvas, value, node, now);
  drawHistory(state, canvas, history, node);
  separate(canvas, body, tree.cols);
  if (pins === null) return;
  drawSide(state, canvas, pins, now, showsAll(whole));
  separate(canvas, body, pins.col - 1);
  drawLastPackets(state, canvas, packets, now);
  drawWarnings(state, canvas, journal, now);
}

function drawTree(state: State, canvas: Canvas, rect: Rect, now: number): void {
  const { store, list, rate, pane } = state.topics;
  const rows = store.rows();
  const hidden = store.hidden > 0 ? `, ${count(store.hidden)}${store.hidden < maxCountedHidden ? "" : "+"} not shown` : "";
  const sorted = store.sort === "name" ? "" : ` - by ${store.sort}`;
  const file = state.recording === null ? "" : ` - REC ${count(state.recording.messages)}`;
  const inner = title(canvas, rect, `Topics ${count(store.topics)}${hidden}${file}${sorted} - ${count(rate)} msg/s`, pane === 0);
  if (rows.length === 0) {
    drawEmpty(state, canvas, inner);
    return;
  }
  const selected = topicIndex(state);
  for (const { item, row, chosen } of inWindow(list, rows, selected, inner)) drawNode(state, canvas, inner, row, item, chosen, now);
}

function drawEmpty(state: State, canvas: Canvas, rect: Rect): void {
  const none = state.topics.store.filter.text === "" ? "connected, no message yet" : "no topic matches the filter";
  const text = withoutBroker(state) ?? none;
  putSentence(canvas, rect, text, "dim");
}

/** One row: `v` open or `>` folded branch, name, then the branch's topics or the last value at the right. */
function drawNode(state: State, canvas: Canvas, rect: Rect, row: number, node: TopicNode, selected: boolean, now: number): void {
  const { store } = state.topics;
  const { last } = store.view(node);
  const branch = node.children.length > 0;
  const { name, depth } = placeOf(node);
  const indent = Math.min(depth * 2, rect.cols - 12);
  const filtered = store.filter.text !== "";
  const fold = branch ? (node.open || filtered ? "v " : "> ") : "  ";
  const style = mark(canvas, row, rect, selected, "text");
  if (selected && indent > 0) canvas.put(row, ">", style, rect.col, 1);
  const counts = branch ? `(${count(node.topics)})` : "";
  const value = last === null ? "" : valueText(state, node, last, viewNow(state, now));
  const right = sortText(store.sort, node, viewNow(state, now)) + (branch && !node.open ? counts : value || counts);
  const nameCol = rect.col + indent;
  const width = rect.cols - indent;
  // The name gets what it needs, the value the rest, and at least a third of the row each.
  const nameWidth = Math.min(width, Math.max(fold.length + name.length + 1, width - right.length - 1, Math.ceil(width / 3)));
  const most = Math.min(nameWidth, width - Math.min(right.length, Math.floor(rect.cols / 3)));
  canvas.put(row, fold + (name === "" ? '""' : name), style, nameCol, Math.max(0, most - 1));
  const room = width - most;
  const dim: Style = selected ? "selected" : last === null || branch ? "dim" : valueStyle(state, node, last, viewNow(state, now));
  if (room > 0 && right !== "") putRight(canvas, row, right.slice(0, room), dim, nameCol + most, room);
}

/** What the rows are sorted by. */
function sortText(sort: Sort, { rate, newest }: TopicNode, now: number): string {
  if (sort === "name") return "";
  return sort === "rate" ? `${rate < 9.95 ? rate.toFixed(1) : count(rate)}/s ` : `${age(now - newest)} `;
}

function valueText(state: State, node: TopicNode, last: Message, now: number): string {
  const old = isStale(state, node, last, now);
  const flag = last.retained === "yes" ? "R " : last.retained === "unknown" ? "R? " : "";
  const { decoders } = state.topics.detail;
  if (old) return `${flag}${preview(last, 40, decoders)} ${age(now - last.at)} stale`;
  return `${flag}${preview(last, 80, decoders)}`;
}

function valueStyle(state: State, node: TopicNode, last: Message, now: number): Style {
  return isStale(state, node, last, now) ? "warn" : "text";
}
