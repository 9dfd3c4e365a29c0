import { menuEntries } from "../dialogs.ts";
import { shown } from "../editor.ts";
import { messageOf } from "../inject.ts";
import { keyName } from "../keys.ts";
import { scrollTo } from "../layout.ts";
import type { State } from "../model.ts";
import type { Overlay } from "../overlay.ts";
import { payloadFact } from "../publication.ts";
import { newest } from "../snapshot.ts";
import { attachLines } from "./attach.ts";
import { frame, innerCols } from "./box.ts";
import type { Canvas, Line } from "./canvas.ts";
import { drawPublish } from "./publish.ts";
import { drawClear } from "./retained.ts";
import { actionLines } from "./service-dialog.ts";
import { switchLines } from "./switch.ts";
import { left } from "./text.ts";

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
      frame(canvas, "Unit", 68, actionLines(state, overlay, now));
      break;
    case "inject":
      drawInject(state, canvas, overlay);
      break;
    case "inject-message":
      drawInjectMessage(canvas, overlay);
      break;
    case "attach":
      frame(canvas, "Attach over ssh", 68, attachLines(overlay, innerCols(canvas, 68)));
      break;
    default:
  }
}

function drawMenu(state: State, canvas: Canvas, overlay: Overlay & { kind: "help" | "palette" }): void {
  const entries = menuEntries(state, overlay.kind, overlay.field.text);
  const height = Math.max(3, canvas.rows - 6);
  const visible = Math.min(height - 1, Math.max(1, entries.length));
  const index = Math.min(overlay.index, entries.length - 1);
  const top = scrollTo(overlay, index, entries.length, visible);
  const lines: Line[] = [[`${overlay.kind === "help" ? "?" : ":"} ${shown(overlay.field, 60)}`, "bold"]];
  for (const [offset, entry] of entries.slice(top, top + visible).entries()) {
    const keys = entry.keys.map(keyName).join(" ");
    const chosen = top + offset === index;
    const scope = canvas.cols < 60 ? "" : left(entry.scope === "all" ? "" : entry.scope, 9);
    lines.push([`${chosen ? ">" : " "} ${left(keys, 14)} ${scope}${entry.does}`, chosen ? "selected" : "dialog"]);
  }
  if (entries.length === 0) lines.push(["  nothing matches", "dim"]);
  frame(canvas, overlay.kind === "help" ? "Help" : "Command", 72, lines);
}

function drawSwitch(state: State, canvas: Canvas, overlay: Overlay & { kind: "switch" }, now: number): void {
  const lines = switchLines(state, overlay, now);
  if (lines.length > 0) frame(canvas, "Switch output", 68, lines);
}

function drawInject(state: State, canvas: Canvas, overlay: Overlay & { kind: "inject" }): void {
  const pin = newest(state.pins)?.data.pins.find(({ id }) => id === overlay.input);
  frame(canvas, "Inject", 60, [
    [`${overlay.input}   ${pin?.line ?? ""}   simulated board`, "bold"],
    ["Rules act on it as on a real press, outputs included.", "dialog"],
    ["", "dialog"],
    [`[e] Edge to ${pin?.state === "ON" ? "inactive" : "active"}, which stays     [m] Message ...`, "key"],
    ["[y] Press 120 ms     [h] Hold 1 s     [Esc] Cancel", "key"],
  ]);
}

function drawInjectMessage(canvas: Canvas, overlay: Overlay & { kind: "inject-message" }): void {
  const message = messageOf(overlay.field.text);
  frame(canvas, "Inject a message", 68, [
    [`> ${shown(overlay.field, 60)}`, "bold"],
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
