import { attachKey } from "./attach.ts";
import { type Editor, edit, editor, insert } from "./editor.ts";
import { type Effect, none } from "./effect.ts";
import { injectKey, sendMessage } from "./inject.ts";
import { type Command, entriesOf, type KeyEntry, keyName } from "./keys.ts";
import { armedFor, mayOperate, type Publication, type State } from "./model.ts";
import { setFilter } from "./moves.ts";
import { refuse } from "./notice.ts";
import type { Overlay } from "./overlay.ts";
import { pinPanes, selectedRow } from "./pin.ts";
import { openPublish, pastePublish, publishField, publishKey, setPublishField } from "./publish.ts";
import { clearKey, clearTakes } from "./retained.ts";
import { actionKey } from "./service-keys.ts";
import { newest } from "./snapshot.ts";

/** Puts typed or pasted text into the text field of a dialog; false when there is none. */
export function typed(overlay: Overlay, text: string | undefined): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a control is a key, not text
  if (text === undefined || text === "" || /^[\u0000-\u001f\u007f]/.test(text)) return false;
  const field = fieldOf(overlay);
  if (field === undefined || (overlay.kind === "clear" && !clearTakes(text))) return false;
  setField(overlay, insert(field, text));
  return true;
}

/** The same for pasted text, whatever it begins with. */
export function pasted(overlay: Overlay, text: string): boolean {
  return overlay.kind === "publish" ? pastePublish(overlay, text) : typed(overlay, insert(editor(), text).text);
}

/** An entry of the menu; one for a preset opens the dialog with it. */
export interface MenuEntry extends KeyEntry {
  preset?: Publication;
}

/**
 * What help and palette list: the entries of the tab below whose words, scope or keys contain each word of the text, and in the palette
 * the presets.
 */
export function menuEntries(state: State, kind: "help" | "palette", text: string): MenuEntry[] {
  const words = text.toLowerCase().split(" ");
  const presets = kind === "help" || state.readOnly ? [] : state.kept.presets;
  const all: MenuEntry[] = [
    ...entriesOf(state.tab, state.readOnly, state.replay !== null),
    ...presets.map((preset): MenuEntry => ({ command: "publish", scope: "publish", keys: [], does: `Preset ${preset.name}`, preset })),
  ];
  return all.filter((entry) => {
    if (entry.keys.some((key) => keyName(key) === text)) return true;
    const told = `${entry.does} ${entry.scope}`.toLowerCase();
    return words.every((word) => told.includes(word));
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
  if (command === "cancel" && overlay.kind !== "publish" && overlay.kind !== "clear") {
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
      const entries = menuEntries(state, overlay.kind, overlay.field.text);
      overlay.index = Math.min(overlay.index, Math.max(0, entries.length - 1));
      if (command === "choice-down") overlay.index = Math.min(entries.length - 1, overlay.index + 1);
      if (command === "choice-up") overlay.index = Math.max(0, overlay.index - 1);
      if (command !== "accept") return none;
      state.overlay = null;
      const chosen = entries[overlay.index];
      if (chosen?.preset !== undefined)
        return state.mqtt.up ? openPublish(state, chosen.preset) : refuse(state, "not connected to a broker", now);
      return chosen === undefined ? none : run(state, chosen.command, now);
    }
    case "publish":
      return publishKey(state, overlay, command, now);
    case "clear":
      return clearKey(state, overlay, command, now);
    case "switch":
      return switchKey(state, overlay, command, now);
    case "service":
      return actionKey(state, overlay, command, now);
    case "attach":
      return attachKey(state, overlay, command);
    case "inject":
      return injectKey(state, overlay.input, command);
    case "inject-message":
      return sendMessage(state, overlay.field.text, now);
  }
}

/** The only way to change an output from here: armed, by a dialog that says what will be. */
export function openSwitch(state: State, now: number): readonly Effect[] {
  const say = (text: string) => refuse(state, text, now);
  const pin = selectedRow(state);
  if (pin === undefined) return none;
  if (pin.kind === "sensor") {
    state.pins.pane = pinPanes.why;
    state.pins.whyScroll.top = 0;
    return none;
  }
  if (pin.kind !== "output")
    return say(`${pin.id} is an input: it cannot be switched${state.pins.data?.data.simulated ? ", i presses it" : ""}`);
  if (!state.agent.up) return say("the agent is not reachable: nothing can be switched now");
  if (!mayOperate(state)) return say("this control socket may only look: outputs cannot be switched from here");
  if (armedFor(state, now) === 0) return say("outputs are disarmed: ! arms them for 60 s");
  // A frozen screen shows what was.
  const last = newest(state.pins)?.data.pins.find(({ id }) => id === pin.id) ?? pin;
  state.overlay = { kind: "switch", output: pin.id, word: last.state === "OFF" ? "ON" : "OFF" };
  return none;
}

export function openInject(state: State, now: number): readonly Effect[] {
  const say = (text: string) => refuse(state, text, now);
  const pin = selectedRow(state);
  if (pin === undefined) return none;
  if (pin.kind === "sensor")
    return say(`${pin.id} is a sensor: \`pinbus sim sensor ${pin.id} VALUE\` tells the simulated one what to read`);
  if (!state.agent.up) return say("the agent is not reachable");
  if (state.pins.data?.data.simulated !== true) return say("edges can be injected on the simulated board only (gpio.driver: sim)");
  if (pin.kind !== "input") return say(`${pin.id} is an output: Enter switches it`);
  if (!mayOperate(state)) return say("this control socket may only look: nothing can be injected from here");
  state.overlay = { kind: "inject", input: pin.id };
  return none;
}

function switchKey(state: State, overlay: Overlay & { kind: "switch" }, command: Command, now: number): readonly Effect[] {
  if (command === "level-up" || command === "level-down") changeLevel(state, overlay, command === "level-up" ? 1 : -1);
  if (command !== "switch-yes" && command !== "switch-pulse") return none;
  state.overlay = null;
  if (armedFor(state, now) === 0) return refuse(state, "the 60 s are over: outputs are disarmed, nothing was sent", now);
  if (command === "switch-yes" && overlay.level !== undefined) return [{ type: "set-level", output: overlay.output, level: overlay.level }];
  return [{ type: "set", output: overlay.output, state: command === "switch-yes" ? overlay.word : "PULSE" }];
}

/** Ten steps from one limit to the other; below the lower one it is off. */
function changeLevel(state: State, overlay: Overlay & { kind: "switch" }, direction: 1 | -1): void {
  const pin = newest(state.pins)?.data.pins.find(({ id }) => id === overlay.output);
  if (pin?.kind !== "output" || pin.pwm === undefined) return;
  const { value, low, high } = pin.pwm;
  const before = overlay.level ?? value ?? 0;
  const step = (high - low) / 10;
  const next = before === 0 ? (direction > 0 ? Math.max(low, step) : 0) : before + direction * step;
  overlay.level = next < low || next <= 0 ? 0 : Math.min(high, Math.round(next));
}

function fieldOf(overlay: Overlay): Editor | undefined {
  switch (overlay.kind) {
    case "filter":
    case "help":
    case "palette":
    case "clear":
    case "inject-message":
    case "attach":
      return overlay.field;
    case "publish":
      return publishField(overlay);
    default:
      return undefined;
  }
}

function setField(overlay: Overlay, field: Editor): void {
  if (overlay.kind === "publish") setPublishField(overlay, field);
  else if (overlay.kind === "filter" || overlay.kind === "clear" || overlay.kind === "inject-message" || overlay.kind === "attach")
    overlay.field = field;
  else if (overlay.kind === "help" || overlay.kind === "palette") {
    overlay.field = field;
    overlay.index = 0;
  }
}
