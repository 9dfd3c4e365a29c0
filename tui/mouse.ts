import { type Effect, none } from "./effect.ts";
import { entriesOf, keyName, type Scope } from "./keys.ts";
import { layout, type Rect, topicColumns, topicRows } from "./layout.ts";
import { type State, tabs } from "./model.ts";
import { topicIndex } from "./moves.ts";
import { rowsOf, selectedIndex } from "./rows.ts";
import { drawFrame } from "./view/frame.ts";
import { Probe } from "./view/probe.ts";
import { go } from "./visit.ts";

const wheelRows = 3;

/** A click or a turn of the wheel, as the shell names them: `click 12 5` (column and row), `wheel-up`. `press` is for the keys that they stand for. */
export function mouse(
  state: State,
  event: string,
  scope: Scope,
  now: number,
  press: (key: string) => readonly Effect[],
): readonly Effect[] {
  const [kind, col = 0, row = 0] = event.split(" ").map((part, at) => (at === 0 ? part : Number(part))) as [string, number?, number?];
  if (!state.mouse) return none;
  if (kind !== "click") {
    const turns = new Array<string>(state.overlay === null ? wheelRows : 1).fill(kind === "wheel-up" ? "up" : "down");
    return turns.flatMap(press);
  }
  const probe = probeOf(state, now);
  if (row === layout(state.cols, state.rows).hints) {
    const key = keyAt(probe, state, scope, row, col);
    return key === undefined ? none : press(key);
  }
  if (state.overlay !== null) return none;
  if (row > 0) select(state, probe, row, col, now);
  const tab = row === 0 ? tabAt(probe, col) : undefined;
  return tab === undefined ? none : go(state, tab, now);
}

function probeOf(state: State, now: number): Probe {
  const probe = new Probe(state.cols, state.rows);
  drawFrame(state, probe, now);
  return probe;
}

/** A tab begins with its number, one column after its bracket or blank. */
function tabAt(probe: Probe, col: number) {
  const style = probe.at(0, col)?.style;
  if (style !== "tab" && style !== "tab-active") return undefined;
  for (let at = col + 1; at >= 0; at -= 1) {
    const found = tabs.find(({ label }) => label.charAt(0) === probe.at(0, at)?.char);
    if (found !== undefined) return found.id;
  }
  return undefined;
}

function keyAt(probe: Probe, state: State, scope: Scope, row: number, col: number): string | undefined {
  let start = col;
  // The word of a hint belongs to the key in front of it.
  while (start >= 0 && probe.at(row, start)?.style === "dim") start -= 1;
  if (start < col && probe.at(row, start)?.char === " ") start -= 1;
  while (start > 0 && probe.at(row, start - 1)?.style === "key") start -= 1;
  let name = "";
  for (let at = start; probe.at(row, at)?.style === "key"; at += 1) name += probe.at(row, at)?.char;
  return entriesOf(scope, state.readOnly, state.replay !== null)
    .flatMap(({ keys }) => keys.slice(0, 1))
    .find((key) => keyName(key) === name);
}

/** Rows of a list follow each other: the one that is drawn as selected says where the others are. */
function select(state: State, probe: Probe, row: number, col: number, now: number): void {
  // The rows of other panes are no rows of the list.
  const { body, single } = layout(state.cols, state.rows, state.zoom);
  if (state.tab === "topics") {
    const [tree] = topicColumns(topicRows(body, state.agent.wanted)[0]);
    if (single ? state.topics.pane > 0 : !isIn(tree, row, col)) return;
  }
  const here = selectedRow(probe, col);
  if (here === undefined) return;
  const { list } = state[state.tab];
  const before = list.selected;
  const ids = state.tab === "topics" ? state.topics.store.rows().map(({ path }) => path) : rowsOf(state, now).map(({ id }) => id);
  const index = state.tab === "topics" ? topicIndex(state) : selectedIndex(list, rowsOf(state, now));
  const id = ids[index + row - here];
  if (id === undefined || index < 0) return;
  list.selected = id;
  if (selectedRow(probeOf(state, now), col) !== row) list.selected = before;
  else if (state.tab === "trace") state.trace.follow = false;
}

function isIn(rect: Rect, row: number, col: number): boolean {
  return row < rect.row + rect.rows && col < rect.cols;
}

function selectedRow(probe: Probe, col: number): number | undefined {
  for (let row = 1; row < probe.rows; row += 1) if (probe.at(row, col)?.style === "selected") return row;
  return undefined;
}
