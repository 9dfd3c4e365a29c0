/** A line of a value: what the cursor stands on, and what may be charted. */
export interface ValueLine {
  readonly text: string;
  /** The path of the value in the document (`$.room.t`, `$[0]`): it names the line while values come and go. */
  readonly id: string;
  /** The value as a number; what is on or off is 1 or 0. */
  readonly figure?: number | undefined;
}

/** What a document is made of, in the order of its bytes. A map has `size` pairs; a size of Infinity is ended by an `end`. */
export type Piece =
  | { kind: "map" | "array"; size: number }
  /** Says what the next piece is. */
  | { kind: "tag"; text: string }
  | { kind: "leaf"; text: string; figure?: number | undefined }
  | { kind: "end" };

/** Gives the next piece, undefined at the end; throws when the bytes are malformed. */
export type Pieces = () => Piece | undefined;

interface Level {
  readonly kind: "map" | "array";
  readonly path: string;
  /** What ends it on the screen. */
  readonly close: string;
  left: number;
  count: number;
  /** A map has said a key and not yet its value. */
  keyed: boolean;
}

/** Never more lines than this from one payload. */
export const maxLines = 2000;
const maxDepth = 32;
const maxIndent = 20;
const maxTags = 8;
const maxKey = 200;
const maxPath = 1000;

/**
 * A document on indented lines. When `strict` it is read to its end and throws unless it is one whole value, nested less than 32
 * deep; otherwise it ends with the lines.
 */
export function documentLines(pieces: Pieces, strict: boolean): ValueLine[] {
  const lines: { text: string; id: string; figure?: number | undefined }[] = [];
  const levels: Level[] = [];
  let [before, after, path, tags, whole] = ["", "", "$", 0, false];
  const full = () => lines.length >= maxLines;
  const put = (text: string, id: string, figure?: number) => {
    if (!full()) lines.push({ text: "  ".repeat(Math.min(levels.length, maxIndent)) + text, id, figure });
  };
  const append = (text: string) => {
    const line = lines.at(-1);
    if (line !== undefined && !full()) line.text += text;
  };
  const close = ({ count, close: text, path: of }: Level) => {
    levels.pop();
    if (count === 0) append(text);
    else put(text, `${of} end`);
  };
  for (let piece = pieces(); piece !== undefined; piece = pieces()) {
    if (!strict && full()) return lines;
    const top = levels.at(-1);
    if (whole) throw new Error("more than one value");
    if (piece.kind === "end") {
      if (top === undefined || top.left !== Number.POSITIVE_INFINITY || top.keyed || before !== "") throw new Error("ends too early");
      close(top);
    } else if (top?.kind === "map" && !top.keyed) {
      const key = inline(pieces, piece, 0).slice(0, maxKey);
      top.keyed = true;
      before = `${key}: `;
      path = below(top.path, /^"[A-Za-z_][\w-]*"$/.test(key) ? `.${key.slice(1, -1)}` : `[${key}]`);
      continue;
    } else if (piece.kind === "tag") {
      tags += 1;
      if (tags > maxTags) throw new Error("too many tags");
      before += `${piece.text}(`;
      after += ")";
      continue;
    } else {
      if (top !== undefined) {
        if (top.count > 0) append(",");
        if (top.kind === "array") path = below(top.path, `[${top.count}]`);
        top.count += 1;
        top.left -= 1;
        top.keyed = false;
      }
      if (piece.kind === "leaf") put(before + piece.text + after, path, piece.figure);
      else {
        if (strict && levels.length >= maxDepth) throw new Error("nested too deep");
        put(before + (piece.kind === "map" ? "{" : "["), path);
        levels.push({
          kind: piece.kind,
          path,
          close: (piece.kind === "map" ? "}" : "]") + after,
          left: piece.size,
          count: 0,
          keyed: false,
        });
      }
      [before, after, tags] = ["", "", 0];
    }
    for (let last = levels.at(-1); last !== undefined && last.left === 0; last = levels.at(-1)) close(last);
    whole = levels.length === 0;
  }
  if (!whole) throw new Error("ends too early");
  return lines;
}

function below(path: string, step: string): string {
  return path.length > maxPath ? path : path + step;
}

/** A key of a map on one line, whatever it is. */
function inline(pieces: Pieces, piece: Piece | undefined, depth: number): string {
  if (piece === undefined || piece.kind === "end" || depth > maxTags) throw new Error("no key");
  if (piece.kind === "leaf") return piece.text;
  if (piece.kind === "tag") return `${piece.text}(${inline(pieces, pieces(), depth + 1)})`;
  const parts: string[] = [];
  for (let left = piece.size; left > 0; left -= 1) {
    const first = pieces();
    if (first?.kind === "end" && left === Number.POSITIVE_INFINITY) break;
    const text = inline(pieces, first, depth + 1);
    parts.push(piece.kind === "map" ? `${text}: ${inline(pieces, pieces(), depth + 1)}` : text);
  }
  return piece.kind === "map" ? `{${parts.join(", ")}}` : `[${parts.join(", ")}]`;
}

/**
 * The pieces of JSON, token by token: parsing and printing again would change numbers (`1.0`, 20 digits) and merge repeated
 * keys. The text has to be JSON.
 */
export function jsonPieces(text: string): Pieces {
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s{}[\],:"]+/g);
  return () => {
    const token = tokens.next().value?.[0];
    if (token === undefined) return undefined;
    if (token === "}" || token === "]") return { kind: "end" };
    if (token === "{" || token === "[") return { kind: token === "{" ? "map" : "array", size: Number.POSITIVE_INFINITY };
    return { kind: "leaf", text: token, figure: figureOf(token) };
  };
}

/** JSON that was cut: as much as is whole of it, with its brackets closed; undefined when there is nothing. */
export function closedJson(text: string): string | undefined {
  const end = unclosed(text).comma;
  return end <= 0 ? undefined : text.slice(0, end) + unclosed(text.slice(0, end)).brackets.reverse().join("");
}

/** The brackets that are missing at the end, and where the last comma is. */
function unclosed(text: string): { brackets: string[]; comma: number } {
  const brackets: string[] = [];
  let comma = -1;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}[\],]/gs)) {
    if (token === "{" || token === "[") brackets.push(token === "{" ? "}" : "]");
    else if (token === "}" || token === "]") brackets.pop();
    else if (token === ",") comma = index;
  }
  return { brackets, comma };
}

const longestFigure = 40;

/** A number as text, quoted or not, and on, off, true and false as 1 and 0; undefined for all else. */
export function figureOf(text: string): number | undefined {
  if (text.length > longestFigure) return undefined;
  const bare = text.trim().replace(/^"(.*)"$/, "$1");
  if (/^(on|true)$/i.test(bare)) return 1;
  if (/^(off|false)$/i.test(bare)) return 0;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare)) return undefined;
  const value = Number(bare);
  return Number.isFinite(value) ? value : undefined;
}
