import { centred, type Rect } from "../layout.ts";
import type { Canvas, Line } from "./canvas.ts";
import { flow, words } from "./text.ts";

/** How many columns the lines of a dialog have that would be `width` wide. */
export function innerCols(canvas: Canvas, width: number): number {
  return Math.max(0, Math.min(width, canvas.cols) - 4);
}

/** The same with what does not fit in a line on the next ones; where there are too few rows the last lines, its keys, stay. */
export function framed(canvas: Canvas, heading: string, width: number, lines: readonly Line[]): void {
  const cols = innerCols(canvas, width);
  const room = Math.max(1, canvas.rows - 3);
  let fitting = lines.flatMap((line) => fitted(line, cols));
  if (fitting.length > room) fitting = fitting.filter(([text]) => text !== "");
  const keys = fitting.slice(fitting.findLastIndex(([, style]) => style !== "key") + 1);
  if (fitting.length > room) fitting = [...fitting.slice(0, Math.max(0, room - keys.length)), ...keys];
  frame(canvas, heading, width, fitting);
}

function fitted([text, style]: Line, cols: number): Line[] {
  if (text.length <= cols) return [[text, style]];
  const parts = style === "key" ? flow(text.split(/ {2,}/), cols).map((part) => part.trimStart()) : words(text, cols);
  return parts.map((part) => [part, style]);
}

/** Title, lines, and the frame around them; returns the inner rectangle. */
export function frame(canvas: Canvas, heading: string, width: number, lines: readonly Line[]): Rect {
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
