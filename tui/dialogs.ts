import { type Editor, edit, editor, insert } from "./editor.ts";
import { type Command, entriesOf, type KeyEntry, keyName } from "./keys.ts";
import { type Effect, mayOperate, type Overlay, type State, visiblePins } from "./model.ts";
import { setFilter, topicIndex } from "./moves.ts";
import { selectedIndex } from "./rows.ts";

const none: readonly Effect[] = [];
const shortPress = 120;
const longPress = 1000;
const maxSent = 20;

/** Puts typed or pasted text into the text field of a dialog; false when there is none. */
export function typed(overlay: Overlay, text: string | undefined): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a control is a key, not text
  if (text === undefined || text === "" || /^[\u0000-\u001f\u007f]/.test(text)) return false;
  const field = fieldOf(overlay);
  if (field === undefined) return false;
  setField(overlay, insert(field, text));
  return true;
}

/** What help and palette list: the entries of the tab below whose words or keys contain the text. */
export function menuEntries(state: State, text: string): KeyEntry[] {
  const wanted = text.toLowerCase();
  return entriesOf(state.tab, state.readOnly).filter((entry) => {
    return entry.does.toLowerCase().includes(wanted) || entry.keys.some((key) => keyName(key).toLowerCase() === wanted);
  });
}

/** A key (or a command) while a dialog is open. */
export function dialogKey(
  state: State,
  key: string,
  command: Command | undefined,
  now: number,
  run: (state: State, command: Command, now: number) => readonly Effect[],
): readonly Effect[] {
  const { overlay } = state;
  if (overlay === null) return none;
  if (command === undefined) {
    const field = fieldOf(overlay);
    const edited = field === undefined ? undefined : edit(field, key);
    if (edited !== undefined) setField(overlay, edited);
    if (overlay.kind === "filter" && edited !== undefined) setFilter(state, edited.text);
    return none;
  }
  if (command === "cancel") {
    state.overlay = null;
    if (overlay.kind === "filter") setFilter(state, "");
    return none;
  }
  switch (overlay.kind) {
    case "filter":
      state.overlay = null;
      return none;
    case "help":
    case "palette": {
      const entries = menuEntries(state, overlay.field.text);
      overlay.index = Math.min(overlay.index, Math.max(0, entries.length - 1));
      if (command === "choice-down") overlay.index = Math.min(entries.length - 1, overlay.index + 1);
      if (command === "choice-up") overlay.index = Math.max(0, overlay.index - 1);
      if (command !== "accept") return none;
      state.overlay = null;
      const chosen = entries[overlay.index];
      return chosen === undefined ? none : run(state, chosen.command, now);
    }
    case "publish":
      return publishKey(state, overlay, command, now);
    case "switch":
      return switchKey(state, overlay, command, now);
    case "inject":
      state.overlay = null;
      return [{ type: "press", input: overlay.input, forMs: command === "press-long" ? longPress : shortPress }];
  }
}

export function openPublish(state: State): readonly Effect[] {
  const node = state.topics.store.rows()[topicIndex(state)];
  state.overlay = { kind: "publish", topic: editor(node?.path ?? ""), payload: editor(), qos: 0, retain: false, field: 0, recalled: -1 };
  return none;
}

/** The only way to change an output from here: armed, by a dialog that says what will be. */
export function openSwitch(state: State, now: number): readonly Effect[] {
  const say = (text: string) => refuse(state, text, now);
  const pin = selectedPin(state);
  if (state.pins.pane > 0 || pin === undefined) return none;
  if (pin.kind !== "output")
    return say(`${pin.id} is an input: it cannot be switched${state.pins.data?.data.simulated ? ", i presses it" : ""}`);
  if (!state.agent.up) return say("the agent is not reachable: nothing can be switched now");
  if (!mayOperate(state)) return say("this control socket may only look: outputs cannot be switched from here");
  if (state.armedUntil <= now) return say("outputs are disarmed: ! arms them for 60 s");
  state.overlay = { kind: "switch", output: pin.id, word: pin.state === "OFF" ? "ON" : "OFF" };
  return none;
}

export function openInject(state: State, now: number): readonly Effect[] {
  const say = (text: string) => refuse(state, text, now);
  const pin = selectedPin(state);
  if (pin === undefined) return none;
  if (!state.agent.up) return say("the agent is not reachable");
  if (state.pins.data?.data.simulated !== true) return say("edges can be injected on the simulated board only (gpio.driver: sim)");
  if (pin.kind !== "input") return say(`${pin.id} is an output: Enter switches it`);
  if (!mayOperate(state)) return say("this control socket may only look: nothing can be injected from here");
  state.overlay = { kind: "inject", input: pin.id };
  return none;
}

/** Why this publication cannot be sent; null when it can. */
export function publishProblem(topic: string): string | null {
  if (topic === "") return "a topic is needed";
  if (/[+#]/.test(topic)) return "+ and # are for filters, not for a topic";
  if (topic.startsWith("$")) return "topics that begin with $ belong to the broker";
  return null;
}

function publishKey(state: State, overlay: Overlay & { kind: "publish" }, command: Command, now: number): readonly Effect[] {
  const history = state.published;
  switch (command) {
    case "field-next":
      overlay.field = (overlay.field + 1) % 4;
      return none;
    case "field-previous":
      overlay.field = (overlay.field + 3) % 4;
      return none;
    case "field-change":
      if (overlay.field === 2) overlay.qos = overlay.qos === 0 ? 1 : overlay.qos === 1 ? 2 : 0;
      if (overlay.field === 3) overlay.retain = !overlay.retain;
      return none;
    case "recall": {
      overlay.recalled = history.length === 0 ? -1 : (overlay.recalled + 1) % history.length;
      const old = history[overlay.recalled];
      if (old !== undefined)
        Object.assign(overlay, { topic: editor(old.topic), payload: editor(old.payload), qos: old.qos, retain: old.retain });
      return none;
    }
    case "send": {
      const problem = publishProblem(overlay.topic.text) ?? (state.mqtt.up ? null : "not connected to a broker");
      if (problem !== null) return refuse(state, problem, now);
      const publication = { topic: overlay.topic.text, payload: overlay.payload.text, qos: overlay.qos, retain: overlay.retain };
      state.published = [publication, ...history].slice(0, maxSent);
      state.overlay = null;
      return [{ type: "publish", publication }];
    }
    default:
      return none;
  }
}

function switchKey(state: State, overlay: Overlay & { kind: "switch" }, command: Command, now: number): readonly Effect[] {
  if (command !== "switch-yes" && command !== "switch-pulse") return none;
  state.overlay = null;
  if (state.armedUntil <= now) return refuse(state, "the 60 s are over: outputs are disarmed, nothing was sent", now);
  return [{ type: "set", output: overlay.output, state: command === "switch-yes" ? overlay.word : "PULSE" }];
}

function selectedPin(state: State) {
  const visible = visiblePins(state);
  return visible[selectedIndex(state.pins.list, visible)];
}

function refuse(state: State, text: string, now: number): readonly Effect[] {
  state.notice = { text, style: "warn", at: now };
  return none;
}

function fieldOf(overlay: Overlay): Editor | undefined {
  switch (overlay.kind) {
    case "filter":
    case "help":
    case "palette":
      return overlay.field;
    case "publish":
      return overlay.field === 0 ? overlay.topic : overlay.field === 1 ? overlay.payload : undefined;
    default:
      return undefined;
  }
}

function setField(overlay: Overlay, field: Editor): void {
  if (overlay.kind === "publish") {
    if (overlay.field === 0) overlay.topic = field;
    if (overlay.field === 1) overlay.payload = field;
  } else if (overlay.kind === "filter") overlay.field = field;
  else if (overlay.kind === "help" || overlay.kind === "palette") {
    overlay.field = field;
    overlay.index = 0;
  }
}
