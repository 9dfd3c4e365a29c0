import { pinLabel, pinNumbers, placesOf } from "../../agent/protocol.ts";
import { type BoardPin, headerRows, otherLines } from "../board.ts";
import type { Rect } from "../layout.ts";
import { scrollTo } from "../layout.ts";
import type { State } from "../model.ts";
import { pinPanes, selectedPin } from "../pin.ts";
import type { Canvas, Style } from "./canvas.ts";
import { pinStyle, stateWord } from "./pin-state.ts";
import { putRight, title } from "./text.ts";

/** The header as one looks at the board with its pins up: what each pin is, what is configured on it, and how that stands. */
export function drawBoard(state: State, canvas: Canvas, rect: Rect): void {
  const { data, more, pane } = state.pins;
  const pins = data?.data.pins ?? [];
  const used = pins.filter(({ header }) => header !== null).length;
  const chip = more.chips?.find(({ lines }) => lines.some(({ header }) => header !== null))?.label;
  const where = chip === undefined ? "" : ` - ${used} of 40 header pins used - ${chip}`;
  const heading = `Board${data?.data.simulated ? " SIMULATED" : ""}${where}`;
  const inner = title(canvas, rect, heading, pane === pinPanes.board);
  if (more.chips === null) {
    canvas.put(
      inner.row,
      state.agent.up ? " asking for the lines of the board" : " the board is not known: no agent",
      "dim",
      inner.col,
      inner.cols,
    );
    return;
  }
  const rows = headerRows(more.chips, pins);
  const others = otherLines(more.chips, pins, rows !== null);
  const header = rows ?? [];
  const height = header.length + others.length;
  const chosen = selectedPin(state)?.id;
  const top = scrollTo(more.board, -1, height, inner.rows);
  for (let offset = 0; offset < Math.min(inner.rows, height - top); offset += 1) {
    const row = { ...inner, row: inner.row + offset, rows: 1 };
    const pair = header[top + offset];
    if (pair !== undefined) drawPair(state, canvas, row, pair, chosen);
    else {
      const other = others[top + offset - header.length];
      if (other !== undefined) drawOther(state, canvas, row, other, chosen);
    }
  }
  if (height === 0) canvas.put(inner.row, " this board tells of no lines that are named or used", "dim", inner.col, inner.cols);
}

function drawPair(state: State, canvas: Canvas, rect: Rect, [odd, even]: [BoardPin, BoardPin], chosen: string | undefined): void {
  const at = placesOf(rect.cols);
  canvas.put(rect.row, pinNumbers(odd, even), "text", rect.col + at.middle, at.width);
  putRight(canvas, rect.row, pinLabel(odd, at.label), labelStyle(odd), rect.col + at.odd.label, at.label);
  canvas.put(rect.row, pinLabel(even, at.label), labelStyle(even), rect.col + at.even.label, at.label);
  putRight(canvas, rect.row, whatOf(odd, at.what, chosen), styleOf(state, odd), rect.col + at.odd.what, at.what);
  canvas.put(rect.row, whatOf(even, at.what, chosen), styleOf(state, even), rect.col + at.even.what, at.what);
}

function drawOther(
  state: State,
  canvas: Canvas,
  rect: Rect,
  { chip, pin }: { chip: string; pin: BoardPin },
  chosen: string | undefined,
): void {
  const what = whatOf(pin, 28, chosen);
  canvas.put(rect.row, `  ${pin.label}`, labelStyle(pin), rect.col, 18);
  canvas.put(rect.row, what, styleOf(state, pin), rect.col + 19, Math.min(28, Math.max(0, rect.cols - 19)));
  if (rect.cols > 60) canvas.put(rect.row, chip, "dim", rect.col + 48, rect.cols - 48);
}

function labelStyle({ kind, used }: BoardPin): Style {
  return used !== undefined ? "bold" : kind === "power" ? "warn" : kind === "ground" ? "dim" : "text";
}

/** A name is cut before the state is. */
function whatOf({ used, holder }: BoardPin, room: number, chosen: string | undefined): string {
  if (used === undefined) return holder === "" ? "" : `held by ${holder}`.slice(0, room);
  const level = room < 16 ? stateWord(used) : `${stateWord(used)} ${used.kind === "output" ? "out" : "in"}`;
  const mark = used.problem !== null ? "! " : used.id === chosen ? "> " : "";
  return `${mark}${used.id.slice(0, Math.max(3, room - level.length - 1 - mark.length))} ${level}`;
}

function styleOf(state: State, { used }: BoardPin): Style {
  return used === undefined ? "dim" : pinStyle(state, used);
}
