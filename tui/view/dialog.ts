import { menuEntries, publishProblem } from "../dialogs.ts";
import { shown } from "../editor.ts";
import { age, instant, time } from "../format.ts";
import { keyName } from "../keys.ts";
import { centred, type Rect, scrollTo } from "../layout.ts";
import { agentNow, type Overlay, type State } from "../model.ts";
import type { Canvas, Style } from "./canvas.ts";
import { left } from "./text.ts";

type Line = readonly [text: string, style: Style];

export function drawDialog(state: State, canvas: Canvas, now: number): void {
  const { overlay } = state;
  switch (overlay?.kind) {
    case "help":
    case "palette":
      drawMenu(state, canvas, overlay);
      break;
    case "publish":
      drawPublish(canvas, overlay);
      break;
    case "switch":
      drawSwitch(state, canvas, overlay, now);
      break;
    case "inject":
      drawInject(state, canvas, overlay);
      break;
    default:
  }
}

/** Title, lines, and the frame around them; returns the inner rectangle. */
function frame(canvas: Canvas, heading: string, width: number, lines: readonly Line[]): Rect {
  const rect = centred(canvas.cols, canvas.rows - 1, width, lines.length + 2);
  const inner = { row: rect.row + 1, col: rect.col + 2, rows: rect.rows - 2, cols: rect.cols - 4 };
  const last = rect.row + rect.rows - 1;
  // What is below must not shine through, line art included.
  for (let row = rect.row; row <= last; row += 1) canvas.put(row, " ".repeat(rect.cols), "dialog", rect.col, rect.cols);
  for (const [offset, [text, style]] of lines.slice(0, inner.rows).entries()) {
    if (text !== "") canvas.put(inner.row + offset, text, style, inner.col, inner.cols);
  }
  canvas.rule(rect.row, heading, "dialog", rect.col, rect.cols);
  canvas.rule(last, "", "dialog", rect.col, rect.cols);
  canvas.vline(rect.col, rect.row, last);
  canvas.vline(rect.col + rect.cols - 1, rect.row, last);
  return inner;
}

function drawMenu(state: State, canvas: Canvas, overlay: Overlay & { kind: "help" | "palette" }): void {
  const entries = menuEntries(state, overlay.field.text);
  const height = Math.max(3, canvas.rows - 6);
  const visible = Math.min(height - 1, Math.max(1, entries.length));
  const index = Math.min(overlay.index, entries.length - 1);
  const top = scrollTo(overlay, index, entries.length, visible);
  const lines: Line[] = [[`${overlay.kind === "help" ? "?" : ":"} ${shown(overlay.field, 60)}`, "bold"]];
  for (const [offset, entry] of entries.slice(top, top + visible).entries()) {
    const keys = entry.keys.map(keyName).join(" ");
    const chosen = top + offset === index;
    lines.push([
      left(`${chosen ? ">" : " "} ${left(keys, 14)} ${entry.does}`, Math.max(0, Math.min(72, canvas.cols) - 4)),
      chosen ? "selected" : "dialog",
    ]);
  }
  if (entries.length === 0) lines.push(["  nothing matches", "dim"]);
  frame(canvas, overlay.kind === "help" ? "Help" : "Command", 72, lines);
}

function drawPublish(canvas: Canvas, overlay: Overlay & { kind: "publish" }): void {
  const width = Math.max(8, Math.min(68, canvas.cols) - 4 - 9);
  const at = (field: number) => (overlay.field === field ? ">" : " ");
  const text = (field: number) => {
    const value = field === 0 ? overlay.topic : overlay.payload;
    return overlay.field === field ? shown(value, width - 2) : value.text;
  };
  const qos = [0, 1, 2].map((each) => (each === overlay.qos ? `(${each})` : ` ${each} `)).join("");
  const problem = publishProblem(overlay.topic.text);
  frame(canvas, "Publish", 68, [
    [`${at(0)}Topic   ${text(0)}`, overlay.field === 0 ? "bold" : "dialog"],
    [`${at(1)}Payload ${text(1)}`, overlay.field === 1 ? "bold" : "dialog"],
    [`${at(2)}QoS     ${qos}`, overlay.field === 2 ? "bold" : "dialog"],
    [
      `${at(3)}Retain  [${overlay.retain ? "x" : " "}]${overlay.retain ? "  the broker keeps it for everybody" : ""}`,
      overlay.field === 3 ? "bold" : "dialog",
    ],
    [problem ?? payloadKind(overlay.payload.text), problem === null ? "dim" : "warn"],
    ["", "dialog"],
    ["Ctrl-S Send   Tab Next field   Ctrl-R History   Esc Cancel", "key"],
  ]);
}

function drawSwitch(state: State, canvas: Canvas, overlay: Overlay & { kind: "switch" }, now: number): void {
  const { data } = state.pins;
  const pin = data?.data.pins.find(({ id }) => id === overlay.output);
  if (data === null || pin?.kind !== "output") return;
  const at = agentNow(data, now);
  const since = pin.since === null ? "" : ` for ${age(at - instant(pin.since))}`;
  const ends = pin.until === null ? "" : `, ends by itself at ${time(instant(pin.until))}`;
  const armed = state.armedUntil > now ? `Armed: ${Math.ceil((state.armedUntil - now) / 1000)} s left` : "DISARMED: nothing will be sent";
  frame(canvas, "Switch output", 68, [
    [`${pin.id}   ${pin.line}${pin.header === null ? "" : ` (header pin ${pin.header})`}   ${pin.state} -> ${overlay.word}`, "bold"],
    [`Now ${pin.state}${since} by ${pin.cause}${ends}`, "dialog"],
    [pin.problem === null ? "" : `! ${pin.problem}`, "bad"],
    [armed, state.armedUntil > now ? "dialog" : "warn"],
    ["", "dialog"],
    [`[y] Switch ${overlay.word === "ON" ? "on" : "off"}     [t] Pulse     [Esc] Cancel`, "key"],
  ]);
}

function drawInject(state: State, canvas: Canvas, overlay: Overlay & { kind: "inject" }): void {
  const pin = state.pins.data?.data.pins.find(({ id }) => id === overlay.input);
  frame(canvas, "Inject a press", 60, [
    [`${overlay.input}   ${pin?.line ?? ""}   simulated board`, "bold"],
    ["Rules act on it as on a real press, outputs included.", "dialog"],
    ["", "dialog"],
    ["[y] Press 120 ms     [h] Hold 1 s     [Esc] Cancel", "key"],
  ]);
}

function payloadKind(text: string): string {
  if (text === "") return "empty payload: with Retain it clears what the broker keeps";
  try {
    JSON.parse(text);
    return "valid JSON";
  } catch {
    return /^\s*[[{"]/.test(text) ? "text (not valid JSON)" : "text";
  }
}
