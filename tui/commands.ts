import { brokerFigures, brokerRows } from "./broker.ts";
import { dialogKey, openInject, openPublish, openSwitch, typed } from "./dialogs.ts";
import { editor, insert } from "./editor.ts";
import { nextSort, refreshFilters } from "./fleet.ts";
import { time } from "./format.ts";
import { type Command, lookup } from "./keys.ts";
import { layout } from "./layout.ts";
import { type Effect, mayOperate, type State, tabs } from "./model.ts";
import { filterText, move, setFilter, setFilterOf, topicIndex } from "./moves.ts";
import { rowsOf, selectedIndex } from "./rows.ts";
import type { TopicNode } from "./topic.ts";
import { textOf } from "./value.ts";
import { askWhy, go, neighbour } from "./visit.ts";

const none: readonly Effect[] = [];
const armFor = 60_000;

export function handleKey(state: State, key: string, text: string | undefined, now: number): readonly Effect[] {
  const scope = scopeOf(state);
  // From the first key on the selection is what the person saw, however many topics come in above it.
  state.topics.list.selected ??= state.topics.store.rows()[0]?.path ?? null;
  if (state.tab !== "topics") state[state.tab].list.selected ??= rowsOf(state, now)[0]?.id ?? null;
  if (state.overlay !== null && typed(state.overlay, text)) return retyped(state);
  const entry = lookup(scope, key, state.readOnly);
  if (entry === undefined) return state.overlay === null ? none : dialogKey(state, key, undefined, now, run);
  return run(state, entry.command, now);
}

function sayTo(state: State, text: string, now: number): readonly Effect[] {
  state.notice = { text, style: "text", at: now };
  return none;
}

/** Pasted text never runs commands: a text field takes it, else it is ignored aloud. */
export function handlePaste(state: State, text: string, now: number): readonly Effect[] {
  if (state.overlay !== null && typed(state.overlay, insert(editor(), text).text)) return retyped(state);
  state.notice = { text: "paste ignored: there is no text field here", style: "warn", at: now };
  return none;
}

function retyped(state: State): readonly Effect[] {
  if (state.overlay?.kind === "filter") setFilter(state, state.overlay.field.text);
  return none;
}

export function scopeOf(state: State) {
  const { overlay } = state;
  if (overlay === null) return state.tab;
  return overlay.kind === "help" || overlay.kind === "palette" ? "menu" : overlay.kind;
}

/** Does one command of the key table; the palette comes here too. */
export function run(state: State, command: Command, now: number): readonly Effect[] {
  if (state.overlay !== null && command !== "quit-now" && command !== "repaint" && command !== "suspend") {
    return dialogKey(state, "", command, now, run);
  }
  const say = (text: string) => sayTo(state, text, now);
  const tab = state[state.tab];
  switch (command) {
    case "quit-now":
      return [{ type: "quit" }];
    case "repaint":
      return [{ type: "repaint" }];
    case "suspend":
      return [{ type: "suspend" }];
    case "tab-topics":
      return go(state, "topics", now);
    case "tab-pins":
      return go(state, "pins", now);
    case "tab-broker":
      return go(state, "broker", now);
    case "tab-host":
      return go(state, "host", now);
    case "tab-services":
      return go(state, "services", now);
    case "tab-trace":
      return go(state, "trace", now);
    case "tab-fleet":
      return go(state, "fleet", now);
    case "tab-next":
      return go(state, neighbour(state.tab, 1), now);
    case "tab-previous":
      return go(state, neighbour(state.tab, -1), now);
    case "pane-next":
    case "pane-previous": {
      const { panes } = tabs.find(({ id }) => id === state.tab) ?? { panes: 1 };
      tab.pane = (tab.pane + (command === "pane-next" ? 1 : panes - 1)) % panes;
      return none;
    }
    case "down":
    case "up":
    case "top":
    case "bottom":
    case "half-down":
    case "half-up":
    case "page-down":
    case "page-up":
    case "match-next":
    case "match-previous":
      move(state, command, now);
      return askWhy(state, now);
    case "open":
      return open(state, now);
    case "fold":
    case "unfold":
    case "fold-toggle":
      return fold(state, command);
    case "fold-all":
    case "unfold-all":
      state.topics.store.foldAll(command === "unfold-all");
      return none;
    case "filter":
      state.overlay = { kind: "filter", field: editor(filterText(state)), before: filterText(state) };
      tab.pane = 0;
      return none;
    case "palette":
    case "help":
      state.overlay = { kind: command, field: editor(), index: 0, top: 0 };
      return none;
    case "freeze":
      return freeze(state, now);
    case "zoom":
      state.zoom = true;
      return none;
    case "unzoom":
      state.zoom = false;
      return none;
    case "copy":
      return copy(state, now);
    case "back":
      back(state);
      return none;
    case "quit":
      return quit(state);
    case "publish":
      return state.mqtt.up ? openPublish(state) : say("not connected to a broker: nothing can be published now");
    case "clear-history": {
      const branch = selectedTopic(state);
      if (branch !== undefined) state.topics.store.forget(branch);
      return say(branch === undefined ? "nothing is selected" : `history below ${branch.path} cleared here; the broker keeps its own`);
    }
    case "value-mode":
      if (state.tab === "trace") {
        state.trace.mode = state.trace.mode === "auto" ? "hex" : "auto";
        return say(`payload: ${state.trace.mode === "auto" ? "as it is" : "hex"}`);
      }
      state.topics.mode = state.topics.mode === "auto" ? "hex" : state.topics.mode === "hex" ? "diff" : "auto";
      return say(`value: ${state.topics.mode === "auto" ? "as it is" : state.topics.mode}`);
    case "arm":
      if (!mayOperate(state)) return say("this control socket may only look: outputs cannot be switched from here");
      state.armedUntil = state.armedUntil > now ? 0 : now + armFor;
      return say(state.armedUntil === 0 ? "outputs are disarmed" : "outputs are armed for 60 s: Enter switches the selected one");
    case "switch":
      return openSwitch(state, now);
    case "inject":
      return openInject(state, now);
    case "follow":
      state.trace.follow = true;
      tab.pane = 0;
      return none;
    case "record":
      return [{ type: state.trace.recording === null ? "record-start" : "record-stop" }];
    case "sort":
      return say(`sorted by ${nextSort(state.fleet)}`);
    case "refresh":
      if (!state.mqtt.up) return say("not connected to a broker: nothing can be asked now");
      say("the broker was asked once more for what it keeps of the nodes");
      return [{ type: "refresh", filters: refreshFilters(state.fleet) }];
    case "checks":
      tab.pane = 1;
      return none;
    case "why":
    case "rules":
      tab.pane = command === "why" ? 1 : 2;
      return askWhy(state, now);
    default:
      // The other commands belong to dialogs; the key table gives them no other scope.
      return none;
  }
}

export function selectedTopic(state: State): TopicNode | undefined {
  return state.topics.store.rows()[topicIndex(state)];
}

function open(state: State, now: number): readonly Effect[] {
  if (state.tab === "topics") {
    const node = selectedTopic(state);
    if (state.topics.pane > 0 || node === undefined) return none;
    if (node.children.length > 0) state.topics.store.fold(node, !node.open);
    else state.topics.pane = 1;
  } else if (state.tab === "broker") {
    const { list, filter } = state.broker;
    const rows = brokerRows(brokerFigures(state.broker), filter, now);
    const topic = rows[selectedIndex(list, rows)]?.topic;
    if (topic === undefined || !showTopic(state, topic)) return sayTo(state, "the broker has not published that topic", now);
    return go(state, "topics", now);
  } else if (state.tab === "fleet") {
    const rows = rowsOf(state, now);
    const base = rows[selectedIndex(state.fleet.list, rows)]?.id;
    if (base === undefined) return none;
    const own = base === state.agent.hello?.base;
    const last = base.slice(base.lastIndexOf("/") + 1);
    // Somebody may copy it into a shell.
    const name = /^[a-z0-9-]+$/.test(last) ? last : "machine";
    return sayTo(
      state,
      own ? `${base} is the node of the tabs 2 to 6` : `attaching from here is not there yet: pinbus tui --host user@${name}`,
      now,
    );
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

function fold(state: State, command: "fold" | "unfold" | "fold-toggle"): readonly Effect[] {
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

function freeze(state: State, now: number): readonly Effect[] {
  const { store } = state.topics;
  if (state.frozen === null) {
    state.frozen = { at: now, received: store.received };
    store.freeze(now);
    // What is frozen is what one wants to read there.
    state.notice = null;
    state.trace.held = state.trace.entries.slice();
    state.fleet.held = structuredClone(state.fleet.nodes);
    state.broker.held = structuredClone(state.broker.figures);
    return none;
  }
  state.frozen = null;
  store.thaw();
  state.broker.held = null;
  state.fleet.held = null;
  state.trace.held = null;
  for (const tab of [state.pins, state.host, state.services]) {
    if (tab.newer !== null) tab.data = tab.newer as never;
    tab.newer = null;
  }
  return askWhy(state, now);
}

function back(state: State): void {
  const tab = state[state.tab];
  if (state.zoom) state.zoom = false;
  else if (tab.pane > 0) tab.pane = 0;
  else if (filterText(state) !== "") setFilter(state, "");
}

function quit(state: State): readonly Effect[] {
  const { single } = layout(state.cols, state.rows, state.zoom);
  if (!single || (!state.zoom && state[state.tab].pane === 0)) return [{ type: "quit" }];
  back(state);
  return none;
}

function copy(state: State, now: number): readonly Effect[] {
  let text: string | undefined;
  if (state.tab === "topics") {
    const node = selectedTopic(state);
    const last = node === undefined ? null : state.topics.store.view(node).last;
    if (last !== null) text = textOf(last) ?? Buffer.from(last.bytes, "latin1").toString("hex");
  } else {
    const rows = rowsOf(state, now);
    text = rows[selectedIndex(state[state.tab].list, rows)]?.text;
  }
  state.notice = { text: text === undefined ? "nothing to copy" : `copied at ${time(now)}`, style: "text", at: now };
  return text === undefined ? none : [{ type: "copy", text }];
}
