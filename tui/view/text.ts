import type { Rect } from "../layout.ts";
import type { Canvas, Line, Style } from "./canvas.ts";

/** Exactly `width` characters; only for text of our own, one column a character. */
export function left(text: string, width: number): string {
  return text.length > width ? text.slice(0, Math.max(0, width)) : text.padEnd(width);
}

export function right(text: string, width: number): string {
  return text.length > width ? text.slice(0, Math.max(0, width)) : text.padStart(width);
}

/** Puts text so that it ends at the right edge of `width` columns. Outside ASCII the width is not known here: it then starts at the left. */
export function putRight(canvas: Canvas, row: number, text: string, style: Style, col: number, width: number): void {
  const pad = /^[ -~]*$/.test(text) ? Math.max(0, width - text.length) : 0;
  canvas.put(row, text, style, col + pad, width - pad);
}

/** A row of a table: the selected one is marked over its whole width. Returns the style for its text. */
export function mark(canvas: Canvas, row: number, rect: Rect, selected: boolean, otherwise: Style): Style {
  if (!selected) return otherwise;
  canvas.put(row, " ".repeat(rect.cols), "selected", rect.col, rect.cols);
  return "selected";
}

/** Lines of text in a rectangle, from `top` on; returns the `top` that was possible. */
export function putLines(canvas: Canvas, rect: Rect, lines: readonly Line[], top: number): number {
  const first = Math.max(0, Math.min(top, lines.length - rect.rows));
  for (const [offset, [text, style]] of lines.slice(first, first + Math.max(0, rect.rows)).entries()) {
    canvas.put(rect.row + offset, text, style, rect.col, rect.cols);
  }
  return first;
}

/** The title of a pane, in its first row; the focused pane is marked by brackets, not by colour alone. One that is cut ends with two dots. */
export function title(canvas: Canvas, rect: Rect, text: string, focused: boolean): Rect {
  const room = titleRoom(rect.cols) + (focused ? 0 : 2);
  const shown = text.length <= room ? text : `${text.slice(0, Math.max(0, room - 2))}..`;
  if (rect.rows > 0) canvas.rule(rect.row, focused ? `[${shown}]` : shown, focused ? "bold" : "title", rect.col, rect.cols);
  return { ...rect, row: rect.row + 1, rows: Math.max(0, rect.rows - 1) };
}

/** What a title may have in a pane of `cols` columns: a rule needs one column before it and two behind, brackets two. */
export function titleRoom(cols: number): number {
  return cols - 5;
}

/** The first of these that a title has room for, else the last. */
export function fittingTitle(cols: number, texts: readonly string[]): string {
  return texts.find((text) => text.length <= titleRoom(cols)) ?? texts.at(-1) ?? "";
}

/** The line between two panes, joined to the titles at its sides. */
export function separate(canvas: Canvas, { row, rows }: Rect, col: number): void {
  canvas.rule(row, "", "title", col, 1);
  canvas.vline(col, row, row + rows - 1);
}

/** Lines of one style. */
export function styled(lines: readonly string[], style: Style): Line[] {
  return lines.map((line) => [line, style]);
}

/** In front of the lines that follow the first. */
const followed = "   ";

/** Facts one after the other, as many in a line as fit; the lines that follow are indented. */
export function flow(facts: readonly string[], width: number, gap = "  ", indent = followed): string[] {
  const lines: string[] = [];
  let line = "";
  for (const fact of facts) {
    if (line !== "" && columns(line) + gap.length + columns(fact) > width) {
      lines.push(line);
      line = indent + fact;
    } else line = line === "" ? fact : line + gap + fact;
  }
  return line === "" ? lines : [...lines, line];
}

/** The words of a text on as many lines as it takes, none of them indented. */
export function words(text: string, width: number): string[] {
  return text.length <= width ? [text] : flow(text.split(" "), width, " ", "");
}

/** The end of a name that is too long: of a topic that says most. Cut, it begins with two dots. */
export function tail(text: string, width: number): string {
  return text.length <= width ? text : `..${text.slice(Math.min(text.length, text.length - width + 2))}`;
}

/** A sentence of somebody else, on as many lines as it takes; with `most` it ends there, with two dots. */
export function sentence(text: string, width: number, most = Number.POSITIVE_INFINITY): string[] {
  const [first = "", ...rest] = text
    .slice(0, maxSentence)
    .split(" ")
    .flatMap((word) => broken(word, width - followed.length));
  const lines = flow([` ${first}`, ...rest], width, " ");
  if (lines.length <= most) return lines;
  const last = broken(lines[most - 1] ?? "", width - 2)[0] ?? "";
  return [...lines.slice(0, most - 1), `${last}..`];
}

/** At most so many columns: what is not ASCII may take two, or none. */
export function columns(text: string): number {
  let wide = 0;
  for (const char of text) if (char > "~") wide += 2 - char.length;
  return text.length + wide;
}

/** A word that is too long for a line, in parts; no character is cut in two. */
function broken(word: string, width: number): string[] {
  if (columns(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const char of word) {
    if (part !== "" && columns(part) + columns(char) > width) {
      parts.push(part);
      part = "";
    }
    part += char;
  }
  return [...parts, part];
}

const maxSentence = 1000;

/** The same on the canvas, from the first row on; returns how many rows it took. */
export function putSentence(canvas: Canvas, rect: Rect, text: string, style: Style): number {
  const lines = sentence(text, rect.cols).slice(0, Math.max(0, rect.rows));
  putLines(canvas, rect, styled(lines, style), 0);
  return lines.length;
}
