import { nextBrokerSort } from "./broker.ts";
import { copy } from "./copy.ts";
import { moveDetail, nextForm, unpick } from "./detail.ts";
import { dialogKey, openInject, openSwitch, pasted, typed } from "./dialogs.ts";
import { editor } from "./editor.ts";
import { type Effect, none } from "./effect.ts";
import { parseFilter } from "./filter.ts";
import { nextSort, refreshFilters } from "./fleet.ts";
import { freeze } from "./freeze.ts";
import { openInjectMessage } from "./inject.ts";
import { type Command, lookup } from "./keys.ts";
import { layout } from "./layout.ts";
import { armedFor, mayOperate, type State, tabs } from "./model.ts";
import { mouse } from "./mouse.ts";
import { filterText, move, selectedTopic, setFilter, stepper } from "./moves.ts";
import { refuse, say } from "./notice.ts";
import { fold, open } from "./open.ts";
import { sortNext } from "./order.ts";
import { coversPanes, pinPanes } from "./pin.ts";
import { togglePin } from "./pinned.ts";
import { openPublish } from "./publish.ts";
import { replayKey } from "./replay.ts";
import { openClear, stopClearing } from "./retained.ts";
import { rowsOf } from "./rows.ts";
import { focusedLog } from "./service-ask.ts";
import { servicesKey } from "./service-keys.ts";
import type { Theme } from "./theme.ts";
import { askWhy, go, neighbour } from "./visit.ts";
import { otherPin, showWhy } from "./why.ts";

const armFor = 60_000;

export function handleKey(state: State, key: string, text: string | undefined, now: number): readonly Effect[] {
  const scope = scopeOf(state);
  // From the first key on the selection is what the person saw, however many topics come in above it.
  state.topics.list.selected ??= state.topics.store.rows()[0]?.path ?? null;
  if (state.tab !== "topics") state[state.tab].list.selected ??= rowsOf(state, now)[0]?.id ?? null;
  if (state.overlay !== null && typed(state.overlay, text)) return retyped(state);
  if (/^(click|wheel)/.test(key)) return mouse(state, key, scope, now, (each) => handleKey(state, each, undefined, now));
  const entry = lookup(scope, key, state.readOnly, state.replay !== null);
  if (entry === undefined && state.overlay !== null) return dialogKey(state, key, undefined, now, run);
  if (entry === undefined) return lookup(scope, key, false) === undefined ? none : refuse(state, whyNot(state), now);
  return run(state, entry.command, now);
}

/** Pasted text never runs commands: a text field takes it, else it is ignored aloud. */
export function handlePaste(state: State, text: string, now: number): readonly Effect[] {
  if (state.overlay !== null && pasted(state.overlay, text)) return retyped(state);
  return refuse(state, "paste ignored: there is no text field here", now);
}

function retyped(state: State): readonly Effect[] {
  if (state.overlay?.kind === "filter") setFilter(state, state.overlay.field.text);
  return none;
}

export function scopeOf(state: State) {
  const { overlay } = state;
  if (overlay === null) return state.tab;
  if (overlay.kind === "publish" && overlay.name !== null) return "preset";
  if (overlay.kind === "publish" && overlay.list !== null) return "presets";
  return overlay.kind === "help" || overlay.kind === "palette" ? "menu" : overlay.kind;
}

/** Does one command of the key table; the palette comes here too. */
function run(state: State, command: Command, now: number): readonly Effect[] {
  if (state.overlay !== null && command !== "quit-now" && command !== "repaint" && command !== "suspend") {
    return dialogKey(state, "", command, now, run);
  }
  const tell = (text: string) => say(state, text, now);
  const tab = state[state.tab];
  if (state.replay !== null && (command === "refresh" || command === "pin" || (command === "open" && state.tab === "fleet")))
    return tell("this is a recording: nobody is asked, and nothing is written");
  switch (command) {
    case "quit-now":
      return [{ type: "quit", all: true }];
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
      return go(state, neighbour(state, 1), now);
    case "tab-previous":
      return go(state, neighbour(state, -1), now);
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
      if (state.tab === "topics" && tab.pane > 0) moveDetail(state, stepper(state, command));
      else move(state, command, now);
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
      if (focusedLog(state) === undefined) tab.pane = 0;
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
      if (stopClearing(state)) return [{ type: "retained", wish: { kind: "stop" } }];
      back(state);
      return none;
    case "quit":
      return quit(state);
    case "publish":
      return state.mqtt.up ? openPublish(state) : tell("not connected to a broker: nothing can be published now");
    case "clear-history": {
      const branch = selectedTopic(state);
      if (branch !== undefined) state.topics.store.forget(branch);
      state.topics.detail.stream.refresh();
      return tell(branch === undefined ? "nothing is selected" : `history below ${branch.path} cleared here; the broker keeps its own`);
    }
    case "value-mode":
      if (state.tab === "trace") {
        state.trace.mode = state.trace.mode === "auto" ? "hex" : "auto";
        return tell(`payload: ${state.trace.mode === "auto" ? "as it is" : "hex"}`);
      }
      return tell(`value: ${nextForm(state)}`);
    case "arm":
      if (!mayOperate(state)) return tell("this control socket may only look: outputs cannot be switched from here");
      state.armedUntil = armedFor(state, now) > 0 ? 0 : now + armFor;
      return tell(state.armedUntil === 0 ? "outputs are disarmed" : "outputs are armed for 60 s: Enter switches the selected one");
    case "switch":
      return openSwitch(state, now);
    case "inject":
      return state.tab === "trace" ? openInjectMessage(state, now) : openInject(state, now);
    case "wrap":
    case "timestamps":
    case "priority":
    case "pager":
    case "manager":
    case "service-actions":
      return servicesKey(state, command, now);
    case "follow":
      if (state.tab === "topics") {
        unpick(state);
        return none;
      }
      if (state.tab === "services") return servicesKey(state, command, now);
      state.trace.follow = true;
      tab.pane = 0;
      return none;
    case "replay-pause":
    case "replay-step":
    case "replay-skip":
    case "replay-faster":
    case "replay-slower":
      return replayKey(state, command);
    case "record":
      if (state.tab === "topics") return recordMessages(state, now);
      return [{ type: state.trace.recording === null ? "record-start" : "record-stop" }];
    case "sort":
      if (state.tab === "topics") return tell(`topics sorted by ${sortNext(state.topics.store)}`);
      return tell(`sorted by ${state.tab === "broker" ? nextBrokerSort(state.broker) : nextSort(state.fleet)}`);
    case "refresh":
      if (!state.mqtt.up) return tell("not connected to a broker: nothing can be asked now");
      tell("the broker was asked once more for what it keeps of the nodes");
      return refresh(state);
    case "checks":
      tab.pane = 1;
      return none;
    case "why":
      return showWhy(state, now);
    case "pin-next":
    case "pin-previous":
      return otherPin(state, command === "pin-next" ? 1 : -1, now);
    case "rules":
    case "edges":
    case "controllers":
    case "board":
      tab.pane = pinPanes[command];
      return askWhy(state, now);
    case "clear-retained":
      return openClear(state, now);
    case "pin":
      return togglePin(state, now);
    case "theme-default":
      return setTheme(state, "default", now);
    case "theme-high-contrast":
      return setTheme(state, "high-contrast", now);
    case "theme-mono":
      return setTheme(state, "mono", now);
    case "mouse":
      state.mouse = !state.mouse;
      tell(state.mouse ? "mouse on; with Shift your terminal still marks text" : "mouse off");
      return [{ type: "mouse", on: state.mouse }];
    default:
      // The others belong to dialogs, and the key table gives them no other scope.
      return none;
  }
}

function refresh({ fleet, topics }: State): readonly Effect[] {
  const filters = refreshFilters(fleet);
  const parsed = filters.map(parseFilter);
  topics.store.asked((topic) => parsed.some((filter) => filter.test(topic, () => "")));
  return [{ type: "refresh", filters }];
}

/** Why a key that changes something does nothing. */
function whyNot({ replay }: State): string {
  return replay === null
    ? "this terminal may only look (--read-only): that key changes something"
    : "this is a recording: nothing can be changed";
}

function recordMessages(state: State, now: number): readonly Effect[] {
  if (state.replay !== null) return say(state, "this is a recording already", now);
  return [{ type: "record-messages", on: state.recording === null }];
}

function back(state: State): void {
  const tab = state[state.tab];
  if (state.tab === "topics" && unpick(state)) return;
  if (state.zoom) state.zoom = false;
  else if (focusedLog(state)?.filter.text) setFilter(state, "");
  else if (tab.pane > 0) tab.pane = 0;
  else if (filterText(state) !== "") setFilter(state, "");
}

function quit(state: State): readonly Effect[] {
  const single = layout(state.cols, state.rows, state.zoom).single || coversPanes(state);
  if (!single || (!state.zoom && state[state.tab].pane === 0)) return [{ type: "quit" }];
  back(state);
  return none;
}

function setTheme(state: State, theme: Theme, now: number): readonly Effect[] {
  say(state, `theme ${theme}; "theme: ${theme}" in the settings file keeps it`, now);
  return [{ type: "theme", theme }];
}
