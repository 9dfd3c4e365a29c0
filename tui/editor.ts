/** A one-line text field as a value: the cursor counts code points, so an emoji is one step. */
export interface Editor {
  readonly text: string;
  readonly cursor: number;
}

/** What a field holds at most, in code points; a longer paste is cut. */
export const maxEditorLength = 4096;

export function editor(text = ""): Editor {
  const points = Array.from(text).slice(0, maxEditorLength);
  return { text: points.join(""), cursor: points.length };
}

/** Puts text at the cursor. Line ends and other controls become one space: a field has one line. */
export function insert(field: Editor, text: string): Editor {
  const points = Array.from(field.text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is replaced here
  const added = Array.from(text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")).slice(0, maxEditorLength - points.length);
  points.splice(field.cursor, 0, ...added);
  return { text: points.join(""), cursor: field.cursor + added.length };
}

/** The field after an editing key, or undefined when the key does not edit. */
export function edit(field: Editor, key: string): Editor | undefined {
  const points = Array.from(field.text);
  const { cursor } = field;
  const cut = (from: number, to: number): Editor => {
    points.splice(from, to - from);
    return { text: points.join(""), cursor: from };
  };
  switch (key) {
    case "left":
    case "C-b":
      return { text: field.text, cursor: Math.max(0, cursor - 1) };
    case "right":
    case "C-f":
      return { text: field.text, cursor: Math.min(points.length, cursor + 1) };
    case "home":
    case "C-a":
      return { text: field.text, cursor: 0 };
    case "end":
    case "C-e":
      return { text: field.text, cursor: points.length };
    case "backspace":
    case "C-h":
      return cut(Math.max(0, cursor - 1), cursor);
    case "delete":
    case "C-d":
      return cut(cursor, Math.min(points.length, cursor + 1));
    case "C-u":
      return cut(0, cursor);
    case "C-k":
      return cut(cursor, points.length);
    case "C-w":
      return cut(wordStart(points, cursor), cursor);
    default:
      return undefined;
  }
}

/** The text with a mark at the cursor, cut so that the cursor is visible in `width` columns. */
export function shown(field: Editor, width: number): string {
  const points = Array.from(field.text);
  const marked = [...points.slice(0, field.cursor), "_", ...points.slice(field.cursor)];
  const from = Math.max(0, field.cursor - Math.max(1, width) + 1);
  return marked.slice(from, from + width).join("");
}

function wordStart(points: string[], cursor: number): number {
  let at = cursor;
  while (at > 0 && points[at - 1] === " ") at -= 1;
  while (at > 0 && points[at - 1] !== " ") at -= 1;
  return at;
}
