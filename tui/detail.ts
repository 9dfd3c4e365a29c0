import type { ValueLine } from "./document.ts";
import { layout, type Scroll } from "./layout.ts";
import type { State } from "./model.ts";
import { selectedTopic } from "./moves.ts";
import { type Series, type SeriesMemory, seriesOf } from "./series.ts";
import { type Entry, Stream } from "./stream.ts";
import type { Message, TopicNode } from "./topic.ts";
import { type Decoder, formsOf, readValue, textOf, type ValueMode } from "./value.ts";

/** The right side of tab Topics: the value of one message, its chart, and the messages before it. */
export interface Detail {
  /** Binary formats; they are loaded after the first picture. */
  decoders: readonly Decoder[];
  mode: ValueMode;
  value: Scroll;
  /** `index` is where the selection was at the last picture. */
  history: Scroll & { index: number };
  /** The line of the value that the cursor stands on, and where that was when it was there last. */
  cursor: { id: string; line: number } | null;
  /** The line whose numbers are charted; it stays while the cursor stands on what is no number. */
  charted: string | null;
  /** The row of the history that is selected; null = the newest one, whichever that is. */
  selected: Message | null;
  /** A message that is shown instead of the newest one, and under which row of the tree. */
  picked: { under: TopicNode; node: TopicNode; message: Message } | null;
  stream: Stream;
  /** The lines that are shown: a frame comes ten times a second, a new value seldom. */
  shown:
    | (Reading & { message: Message; previous: Message | undefined; mode: ValueMode; width: number; decoders: readonly Decoder[] })
    | null;
  series: SeriesMemory | null;
}

export interface Reading {
  /** What the payload is shown as. */
  form: string;
  lines: ValueLine[];
}

export function createDetail(): Detail {
  return {
    decoders: [],
    mode: "auto",
    value: { top: 0 },
    history: { top: 0, index: 0 },
    cursor: null,
    charted: null,
    selected: null,
    picked: null,
    stream: new Stream(),
    shown: null,
    series: null,
  };
}

/** The message that the value pane shows: the picked one, else the newest of the topic. */
export function shownMessage(
  { topics }: State,
  node: TopicNode | undefined,
): { node: TopicNode; message: Message; old: boolean } | undefined {
  const { picked } = topics.detail;
  if (picked !== null && picked.under === node) return { node: picked.node, message: picked.message, old: true };
  const last = node === undefined ? null : topics.store.view(node).last;
  return node === undefined || last === null ? undefined : { node, message: last, old: false };
}

/** Its lines, for a pane of `width` columns. */
export function reading({ topics }: State, node: TopicNode, message: Message, width: number): Reading {
  const { detail, store } = topics;
  const { mode, decoders, shown } = detail;
  const { history } = store.view(node);
  const previous = mode === "diff" ? history.at(history.indexOf(message.number) - 1) : undefined;
  if (
    shown?.message.number === message.number &&
    shown.previous?.number === previous?.number &&
    shown.mode === mode &&
    shown.width === width &&
    shown.decoders === decoders
  )
    return shown;
  detail.shown = { message, previous, mode, width, decoders, ...readValue(message, { mode, width, decoders, previous }) };
  return detail.shown;
}

/** Where the cursor is among the lines; -1 before it was set. A line that is gone leaves it where it was. */
export function cursorIndex({ cursor }: Detail, lines: readonly ValueLine[]): number {
  if (cursor === null) return -1;
  const index = lines.findIndex(({ id }) => id === cursor.id);
  return index >= 0 ? index : Math.min(cursor.line, lines.length - 1);
}

/** The line whose numbers are charted: the last one that the cursor stood on, else the first number of the document. */
export function chartedLine({ charted }: Detail, lines: readonly ValueLine[]): ValueLine | undefined {
  return lines.find(({ id, figure }) => id === charted && figure !== undefined) ?? lines.find(({ figure }) => figure !== undefined);
}

/** What the charted line was in each message of the history; undefined unless it was a number at least twice. */
export function chartSeries({ topics }: State, node: TopicNode, line: ValueLine): Series | undefined {
  const { detail, store } = topics;
  const { series, decoders } = detail;
  if (series?.id !== line.id || series.decoders !== decoders) detail.series = { id: line.id, decoders, figures: new Map() };
  const found = seriesOf(store.view(node).history.messages(), detail.series as SeriesMemory, topics.lost);
  return found.values.length < 2 ? undefined : found;
}

/** The messages of a topic, or of a whole branch; the newest has the index 0. */
export interface Log {
  readonly branch: boolean;
  readonly length: number;
  at(index: number): Entry | undefined;
  indexOf(message: Message | null): number;
}

/** What the history pane lists for a row of the tree. */
export function logOf({ topics, frozen }: State, node: TopicNode | undefined): Log {
  const { stream } = topics.detail;
  stream.watch(node !== undefined && node.children.length > 0 ? node : null, topics.store, frozen !== null);
  if (stream.branch !== null)
    return { branch: true, length: stream.length, at: (index) => stream.at(index), indexOf: (message) => stream.indexOf(message) };
  const history = node === undefined ? undefined : topics.store.view(node).history;
  const length = history?.length ?? 0;
  return {
    branch: false,
    length,
    at(index) {
      const message = history?.at(length - 1 - index);
      return node === undefined || message === undefined ? undefined : { node, message };
    },
    indexOf(message) {
      const index = message === null ? -1 : (history?.indexOf(message.number) ?? -1);
      return index < 0 ? -1 : length - 1 - index;
    },
  };
}

/** Moves the cursor of the value pane, or the selection of the history pane. `target` says where to, of how many. */
export function moveDetail(state: State, target: (index: number, count: number) => number): void {
  const { detail, pane } = state.topics;
  const node = selectedTopic(state);
  if (pane === 1) {
    const lines = detail.shown?.lines ?? [];
    const line = Math.max(0, target(Math.max(0, cursorIndex(detail, lines)), lines.length));
    const found = lines[line];
    if (found === undefined) return;
    detail.cursor = { id: found.id, line };
    if (found.figure !== undefined) detail.charted = found.id;
    return;
  }
  const log = logOf(state, node);
  const was = Math.max(0, log.indexOf(detail.selected));
  const index = Math.max(0, target(was, log.length));
  // The picture moves with what came since the last one, and not with the selection.
  detail.history.top += was - detail.history.index;
  detail.history.index = index;
  // The newest one is followed.
  detail.selected = index === 0 ? null : (log.at(index)?.message ?? null);
}

/** Shows the selected message of the history in the value pane; where one pane fills the screen, that one comes. */
export function pick(state: State): boolean {
  const { detail } = state.topics;
  const under = selectedTopic(state);
  const log = logOf(state, under);
  const entry = log.at(Math.max(0, log.indexOf(detail.selected)));
  if (under === undefined || entry === undefined) return false;
  detail.picked = { under, node: entry.node, message: entry.message };
  detail.selected = entry.message;
  if (layout(state.cols, state.rows, state.zoom).single) state.topics.pane = 1;
  return true;
}

/** Back to the newest message; false when that is what is shown. */
export function unpick(state: State): boolean {
  const { detail } = state.topics;
  const node = selectedTopic(state);
  const was = (detail.picked !== null && detail.picked.under === node) || logOf(state, node).indexOf(detail.selected) > 0;
  detail.picked = null;
  detail.selected = null;
  return was;
}

/** The next form of the value that is shown; says which. */
export function nextForm(state: State): string {
  const { detail } = state.topics;
  const shown = shownMessage(state, selectedTopic(state));
  const forms: readonly ValueMode[] = shown === undefined ? ["auto", "diff", "hex"] : formsOf(shown.message, detail.decoders);
  detail.mode = forms[(forms.indexOf(detail.mode) + 1) % forms.length] ?? "auto";
  const form = shown === undefined ? "" : reading(state, shown.node, shown.message, unwrapped).form;
  return detail.mode === "auto" ? `as it is${form === "" ? "" : ` (${form})`}` : form || detail.mode;
}

/** What `y` copies: the text as it came, else what is shown of it. */
export function copied(state: State): string | undefined {
  const { detail } = state.topics;
  const shown = shownMessage(state, selectedTopic(state));
  if (shown === undefined) return undefined;
  const { message, node } = shown;
  const hex = Buffer.from(message.bytes, "latin1").toString("hex");
  if (detail.mode === "hex") return hex;
  const text = detail.mode === "diff" ? undefined : textOf(message);
  if (text !== undefined) return text;
  const { form, lines } = reading(state, node, message, unwrapped);
  return form === "hex" ? hex : lines.map((line) => line.text).join("\n");
}

const unwrapped = 8192;
