import { everything, type Filter, parseFilter } from "./filter.ts";
import type { Command } from "./keys.ts";
import { layout, type Scroll, topicRows } from "./layout.ts";
import type { State, TabId } from "./model.ts";
import { pinScroll } from "./pin.ts";
import { rowsOf, selectedIndex } from "./rows.ts";
import { focusedLog } from "./service-ask.ts";
import { scrolled } from "./service-log.ts";
import type { TopicNode } from "./topic.ts";
import { selectedPacket } from "./trace.ts";

/** Where the selection of the tree is now: a row that shows it, or the branch it is folded into, or the first row; -1 in an empty tree. */
export function topicIndex(state: State): number {
  const { store, list } = state.topics;
  const rows = store.rows();
  if (rows.length === 0) return -1;
  for (let node: TopicNode | null | undefined = store.node(list.selected ?? ""); node; node = node.parent) {
    const row = store.rowOf(node.path);
    if (row >= 0) return row;
  }
  return 0;
}

export function selectedTopic(state: State): TopicNode | undefined {
  return state.topics.store.rows()[topicIndex(state)];
}

/** Moves the selection of a list, or the window of a pane that only scrolls. */
export function move(state: State, command: Command, now: number): void {
  const tab = state[state.tab];
  const page = Math.max(1, pageRows(state) - 1);
  if (tab.pane > 0) {
    const log = focusedLog(state);
    const before = log?.scroll.top ?? 0;
    scroll(paneScroll(state), command, log?.page ?? page);
    if (log !== undefined) scrolled(log, before, command === "bottom");
    return;
  }
  if (state.tab === "topics") {
    const { store, list } = state.topics;
    const rows = store.rows();
    const index = target(topicIndex(state), rows.length, command, page, (row) => matches(state, rows[row]));
    list.selected = rows[index]?.path ?? list.selected;
    return;
  }
  const { list } = state[state.tab];
  if (state.tab === "trace") list.selected = String(selectedPacket(state.trace)?.number ?? "");
  const rows = rowsOf(state, now);
  list.selected = rows[target(selectedIndex(list, rows), rows.length, command, page, () => true)]?.id ?? list.selected;
  // It ends with any move but the one to the newest.
  if (state.tab === "trace") state.trace.follow = command === "bottom";
}

/** Where a command leads in a list that is no tab's own: from one row to another, of so many. */
export function stepper(state: State, command: Command): (index: number, count: number) => number {
  const page = Math.max(1, pageRows(state) >> 1);
  return (index, count) => target(index, count, command, page, () => true);
}

/** How high the body is, of which a pane has most. */
function pageRows({ tab, cols, rows, zoom, agent }: State): number {
  const { body, single } = layout(cols, rows, zoom);
  return tab === "topics" && !single ? topicRows(body, agent.wanted)[0].rows : body.rows;
}

function matches(state: State, node: TopicNode | undefined): boolean {
  return node !== undefined && node.count > 0 && state.topics.store.lets(node);
}

function target(index: number, count: number, command: Command, page: number, match: (row: number) => boolean): number {
  if (command === "match-next" || command === "match-previous") {
    const step = command === "match-next" ? 1 : -1;
    for (let tried = 1, row = index + step; tried <= count; tried += 1, row += step) {
      const wrapped = (row + count) % count;
      if (match(wrapped)) return wrapped;
    }
    return index;
  }
  return Math.max(0, Math.min(count - 1, command === "top" ? 0 : command === "bottom" ? count - 1 : index + delta(command, page)));
}

function scroll(of: Scroll, command: Command, page: number): void {
  if (command === "top") of.top = 0;
  // The view knows how many lines there are and brings it back.
  else if (command === "bottom") of.top = Number.MAX_SAFE_INTEGER;
  else of.top = Math.max(0, of.top + delta(command, page));
}

function delta(command: Command, page: number): number {
  const half = Math.max(1, page >> 1);
  const steps: Partial<Record<Command, number>> = {
    down: 1,
    up: -1,
    "half-down": half,
    "half-up": -half,
    "page-down": page,
    "page-up": -page,
    "match-next": 1,
    "match-previous": -1,
  };
  return steps[command] ?? 0;
}

function paneScroll(state: State): Scroll {
  switch (state.tab) {
    case "topics":
      return state.topics.detail.value;
    case "pins":
      return pinScroll(state.pins);
    case "broker":
      return state.broker.links;
    case "host":
      return state.host.checks;
    case "services":
      return focusedLog(state)?.scroll ?? state.services.detail;
    case "trace":
      return state.trace.pane === 1 ? state.trace.outbox : state.trace.packet;
    case "fleet":
      return state.fleet.detail;
  }
}

/** The filter of the tab that is shown, as typed. */
export function filterText(state: State): string {
  return filterOf(state).text;
}

/** The filter of what has the focus. */
export function filterOf(state: State): Filter {
  if (state.tab === "topics") return state.topics.store.filter;
  return (focusedLog(state) ?? state[state.tab]).filter;
}

export function setFilter(state: State, text: string): void {
  setFilterOf(state, state.tab, text);
}

export function setFilterOf(state: State, tab: TabId, text: string): void {
  const filter = text === "" ? everything : parseFilter(text);
  if (tab === "topics") {
    state.topics.store.filter = filter;
    state.topics.store.touch();
  } else ((tab === state.tab ? focusedLog(state) : undefined) ?? state[tab]).filter = filter;
}
