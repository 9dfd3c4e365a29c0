import { type Editor, maxEditorLength } from "./editor.ts";

/** Puts text at the cursor and keeps its line ends and tabs; other controls become one space. */
export function insertLines(field: Editor, text: string): Editor {
  const points = Array.from(field.text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is replaced here
  const clean = text.replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g, " ");
  const added = Array.from(clean).slice(0, maxEditorLength - points.length);
  points.splice(field.cursor, 0, ...added);
  return { text: points.join(""), cursor: field.cursor + added.length };
}

/** The cursor a line further down (1) or up (-1), in the same column when that line has it; undefined when there is no such line. */
export function moveLine({ text, cursor }: Editor, step: 1 | -1): Editor | undefined {
  const lines = text.split("\n").map((line) => Array.from(line).length);
  let column = cursor;
  let at = 0;
  for (; column > (lines[at] ?? 0) && at < lines.length - 1; at += 1) column -= (lines[at] ?? 0) + 1;
  const length = lines[at + step];
  if (length === undefined) return undefined;
  const before = lines.slice(0, at + step).reduce((sum, each) => sum + each + 1, 0);
  return { text, cursor: before + Math.min(column, length) };
}

/**
 * The text on lines of `width` columns, with a mark at the cursor when it has the focus: `height` of them, among them the one with the
 * cursor.
 */
export function shownLines({ text, cursor }: Editor, width: number, height: number, focused: boolean): string[] {
  const points = Array.from(text);
  if (focused) points.splice(cursor, 0, "_");
  // Outside ASCII a character may take two columns.
  const step = Math.max(1, /^[\n -~]*$/.test(text) ? width : width >> 1);
  const lines: string[] = [];
  let line: string[] = [];
  let marked = 0;
  for (const [at, point] of points.entries()) {
    if (point === "\n" || line.length === step) {
      lines.push(line.join(""));
      line = [];
    }
    if (focused && at === cursor) marked = lines.length;
    if (point !== "\n") line.push(point === "\t" ? " " : point);
  }
  lines.push(line.join(""));
  const top = Math.max(0, marked - height + 1);
  return lines.slice(top, top + height);
}
