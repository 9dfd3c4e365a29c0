import { openAttach } from "./attach.ts";
import { brokerRows } from "./broker.ts";
import { pick } from "./detail.ts";
import { type Effect, none } from "./effect.ts";
import type { State } from "./model.ts";
import { selectedTopic, setFilterOf } from "./moves.ts";
import { say } from "./notice.ts";
import { rowsOf, selectedIndex } from "./rows.ts";
import { go } from "./visit.ts";

/** Shows more of what is selected: unfolds it, goes to its pane or to another tab, or asks where to attach. */
export function open(state: State, now: number): readonly Effect[] {
  if (state.tab === "topics") {
    const node = selectedTopic(state);
    if (state.topics.pane === 2) return pick(state) ? none : say(state, "no message yet", now);
    if (state.topics.pane > 0 || node === undefined) return none;
    if (node.children.length > 0) state.topics.store.fold(node, !node.open);
    else state.topics.pane = 1;
  } else if (state.tab === "broker") {
    const { list } = state.broker;
    const rows = brokerRows(state.broker, now);
    const topic = rows[selectedIndex(list, rows)]?.topic;
    if (topic === undefined || !showTopic(state, topic)) return say(state, "the broker has not published that topic", now);
    return go(state, "topics", now);
  } else if (state.tab === "fleet") {
    const rows = rowsOf(state, now);
    const base = rows[selectedIndex(state.fleet.list, rows)]?.id;
    if (base === undefined) return none;
    return base === state.agent.hello?.base ? say(state, `${base} is the node of the tabs 2 to 6`, now) : openAttach(state, base);
  } else state[state.tab].pane = state.tab === "trace" ? 2 : 1;
  return none;
}

/** Selects a topic in the tree, and unfolds the way to it; false when there is none. */
function showTopic(state: State, topic: string): boolean {
  const { store, list } = state.topics;
  const node = store.node(topic);
  if (node === undefined) return false;
  for (let at = node.parent; at !== null; at = at.parent) store.fold(at, true);
  // A filter would hide it.
  if (store.rowOf(topic) < 0) setFilterOf(state, "topics", "");
  list.selected = topic;
  state.topics.pane = 0;
  return true;
}

/** Folds and unfolds the tree at the selected topic, and moves through it. */
export function fold(state: State, command: "fold" | "unfold" | "fold-toggle"): readonly Effect[] {
  const { store, list } = state.topics;
  const node = selectedTopic(state);
  if (node === undefined) return none;
  if (command === "fold-toggle") store.fold(node, !node.open);
  else if (command === "unfold") {
    if (node.open || node.children.length === 0) list.selected = node.children[0]?.path ?? node.path;
    store.fold(node, true);
  } else if (node.open && node.children.length > 0) store.fold(node, false);
  else if (node.parent !== null && node.parent !== store.root) list.selected = node.parent.path;
  return none;
}
