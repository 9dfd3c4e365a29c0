import { type MenuEntry, menuEntries } from "../dialogs.ts";
import { shown } from "../editor.ts";
import { messageOf } from "../inject.ts";
import { keyName } from "../keys.ts";
import { scrollTo } from "../layout.ts";
import type { State } from "../model.ts";
import type { Overlay } from "../overlay.ts";
import { payloadFact } from "../publication.ts";
import { newest } from "../snapshot.ts";
import { attachLines } from "./attach.ts";
import { frame, framed, innerCols } from "./box.ts";
import type { Canvas, Line } from "./canvas.ts";
import { drawPublish } from "./publish.ts";
import { drawClear } from "./retained.ts";
import { actionLines } from "./service-dialog.ts";
import { switchLines } from "./switch.ts";
import { left, words } from "./text.ts";

export function drawDialog(state: State, canvas: Canvas, now: number): void {
  const { overlay } = state;
  switch (overlay?.kind) {
    case "help":
    case "palette":
      drawMenu(state, canvas, overlay);
      break;
    case "publish":
      drawPublish(state, canvas, overlay);
      break;
    case "clear":
      drawClear(canvas, overlay);
      break;
    case "switch":
      drawSwitch(state, canvas, overlay, now);
      break;
    case "service":
      framed(canvas, "Unit", 68, actionLines(state, overlay, now));
      break;
    case "inject":
      drawInject(state, canvas, overlay);
      break;
    case "inject-message":
      drawInjectMessage(canvas, overlay);
      break;
    case "attach":
      framed(canvas, "Attach over ssh", 68, attachLines(overlay, innerCols(canvas, 68)));
      break;
    default:
  }
}

function drawMenu(state: State, canvas: Canvas, overlay: Overlay & { kind: "help" | "palette" }): void {
  const entries = menuEntries(state, overlay.kind, overlay.field.text);
  const width = Math.max(menuCols, Math.min(widestMenu, canvas.cols - 8));
  const inner = innerCols(canvas, width);
  const index = Math.min(overlay.index, entries.length - 1);
  const blocks = entries.map((entry, at) => entryLines(entry, at === index, inner));
  const lines = blocks.flat();
  const visible = Math.min(Math.max(2, canvas.rows - 7), Math.max(1, lines.length));
  const first = blocks.slice(0, Math.max(0, index)).reduce((sum, { length }) => sum + length, 0);
  scrollTo(overlay, first + (blocks[index]?.length ?? 1) - 1, lines.length, visible);
  const top = scrollTo(overlay, first, lines.length, visible);
  frame(canvas, overlay.kind === "help" ? "Help" : "Command", width, [
    [`${overlay.kind === "help" ? "?" : ":"} ${shown(overlay.field, inner - 2)}`, "bold"],
    ...(entries.length === 0 ? ([["  nothing matches", "dim"]] as const) : lines.slice(top, top + visible)),
  ]);
}

/** A menu at least so wide, where there is room for it, and at most. */
const menuCols = 72;
const widestMenu = 100;

/** Its keys, where they hold, and all of what they do: the lines that follow begin below the first one's sentence. */
function entryLines(entry: MenuEntry, chosen: boolean, cols: number): Line[] {
  const narrow = cols < 56;
  const keys = left(entry.keys.map(keyName).join(" "), narrow ? 9 : 14);
  const head = `${chosen ? ">" : " "} ${keys} ${narrow ? "" : left(entry.scope === "all" ? "" : entry.scope, 9)}`;
  const style = chosen ? "selected" : "dialog";
  return words(entry.does, Math.max(8, cols - head.length)).map((line, at) => [(at === 0 ? head : " ".repeat(head.length)) + line, style]);
}

function drawSwitch(state: State, canvas: Canvas, overlay: Overlay & { kind: "switch" }, now: number): void {
  const lines = switchLines(state, overlay, now);
  if (lines.length > 0) framed(canvas, "Switch output", 68, lines);
}

function drawInject(state: State, canvas: Canvas, overlay: Overlay & { kind: "inject" }): void {
  const pin = newest(state.pins)?.data.pins.find(({ id }) => id === overlay.input);
  framed(canvas, "Inject", 60, [
    [`${overlay.input}   ${pin?.line ?? ""}   simulated board`, "bold"],
    ["Rules act on it as on a real press, outputs included.", "dialog"],
    ["", "dialog"],
    [`[e] Edge to ${pin?.state === "ON" ? "inactive" : "active"}, which stays     [m] Message ...`, "key"],
    ["[y] Press 120 ms     [h] Hold 1 s     [Esc] Cancel", "key"],
  ]);
}

function drawInjectMessage(canvas: Canvas, overlay: Overlay & { kind: "inject-message" }): void {
  const message = messageOf(overlay.field.text);
  framed(canvas, "Inject a message", 68, [
    [`> ${shown(overlay.field, innerCols(canvas, 68) - 2)}`, "bold"],
    [
      message === null
        ? "TOPIC PAYLOAD: up to the first space it is the topic"
        : `to ${message.topic}: ${payloadFact({ payload: message.payload, retain: false }).text}`,
      "dim",
    ],
    ["Rules act on it as if published; the broker does not see it.", "dialog"],
    ["", "dialog"],
    ["Enter Inject     Esc Cancel", "key"],
  ]);
}
