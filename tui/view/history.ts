import { type Log, logOf } from "../detail.ts";
import { clock, count, time } from "../format.ts";
import { type Rect, scrollTo } from "../layout.ts";
import type { State } from "../model.ts";
import type { Entry } from "../stream.ts";
import type { Message, TopicNode } from "../topic.ts";
import { type Decoder, preview } from "../value.ts";
import type { Canvas, Style } from "./canvas.ts";
import { mark, tail, title } from "./text.ts";

/** From here on there is a column for everything. */
const wide = 54;

/** The messages of a topic, or of all topics of a branch, the newest first. */
export function drawHistory(state: State, canvas: Canvas, rect: Rect, node: TopicNode | undefined): void {
  const { detail, pane } = state.topics;
  const { history: scroll } = detail;
  const log = logOf(state, node);
  const inner = title(canvas, rect, titleOf(state, log), pane === 2);
  const columns = inner.cols >= wide;
  const most = columns ? Math.min(30, Math.floor(inner.cols / 3)) : Math.floor((inner.cols - timeCols) * 0.6);
  const topic = log.branch ? Math.max(0, most) : 0;
  if (columns) drawHead(canvas, inner, topic);
  const rows = columns ? { ...inner, row: inner.row + 1, rows: inner.rows - 1 } : inner;
  const found = log.indexOf(detail.selected);
  const index = Math.max(0, found);
  // What is read stays where it is while new ones come in above it.
  scroll.top += index - scroll.index;
  scroll.index = index;
  scrollTo(scroll, index, log.length, Math.max(1, rows.rows));
  for (let line = 0; line < rows.rows; line += 1) {
    const entry = log.at(scroll.top + line);
    if (entry === undefined) break;
    const chosen = scroll.top + line === index && (pane === 2 || found >= 0);
    const row = { ...rows, row: rows.row + line, rows: 1 };
    const style = mark(canvas, row.row, row, chosen, "text");
    drawEntry(canvas, row, entry, { style, flag: chosen ? ">" : " ", topic, columns, node, decoders: detail.decoders });
  }
}

function titleOf({ topics, frozen }: State, log: Log): string {
  const { stream, selected } = topics.detail;
  if (!log.branch) return `History ${count(log.length)} kept`;
  const held = stream.held > 0 ? ` - ${count(stream.held)} held` : "";
  const follows = frozen !== null ? "FROZEN" : log.indexOf(selected) > 0 ? "F follows" : "FOLLOW";
  return `Stream ${count(log.length)} kept${held} - ${follows}`;
}

function drawHead(canvas: Canvas, rect: Rect, topic: number): void {
  canvas.put(rect.row, " TIME         R  Q   SIZE  ", "dim", rect.col, rect.cols);
  if (topic > 0) canvas.put(rect.row, "TOPIC", "dim", rect.col + payloadCol, topic);
  canvas.put(rect.row, "PAYLOAD", "dim", rect.col + payloadCol + topic, Math.max(0, rect.cols - payloadCol - topic));
}

const payloadCol = 27;
/** The time alone, where there is little room. */
const timeCols = 10;

interface Look {
  style: Style;
  flag: string;
  /** How many columns the topic has; 0 = none. */
  topic: number;
  columns: boolean;
  /** The branch: what all topics begin with is left out. */
  node: TopicNode | undefined;
  decoders: readonly Decoder[];
}

function drawEntry(canvas: Canvas, { row, col, cols }: Rect, { node: of, message }: Entry, look: Look): void {
  const { style, flag, topic, columns, node, decoders } = look;
  const facts = columns
    ? `${flag}${clock(message.at)} ${flagText(message).padEnd(2)} ${message.qos} ${sizeText(message).padStart(6)}`
    : `${flag}${topic > 0 ? time(message.at) : clock(message.at)} ${topic > 0 ? "" : flagText(message).padEnd(2)}`;
  canvas.put(row, facts, style, col, cols);
  const from = columns ? payloadCol : topic > 0 ? timeCols : 17;
  const name = node === undefined || of === node ? of.name : of.path.slice(node.path.length + 1);
  // They begin alike.
  if (topic > 0) canvas.put(row, tail(name, topic - 1), style, col + from, topic - 1);
  const room = cols - from - topic;
  if (room > 0) canvas.put(row, preview(message, room, decoders), style, col + from + topic, room);
}

function sizeText({ size }: Message): string {
  return size < 1_000_000 ? String(size) : `${Math.round(size / 1000)}k`;
}

/** `R` retained, `R?` not knowable. */
export function flagText({ retained }: Message): string {
  return retained === "yes" ? "R" : retained === "unknown" ? "R?" : "";
}
