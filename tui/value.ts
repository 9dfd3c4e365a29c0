import { closedJson, documentLines, figureOf, jsonPieces, maxLines, type Pieces, type ValueLine } from "./document.ts";
import type { Message } from "./topic.ts";

/** What of a message is shown. */
type Payload = Pick<Message, "bytes" | "size">;

/** How a payload is shown: `auto` is indented JSON, else text, else CBOR or MessagePack, else hex; `diff` compares that with the one before. */
export type ValueMode = "auto" | "diff" | "hex" | "text" | "cbor" | "msgpack";

/** A binary format. */
export interface Decoder {
  readonly mode: "cbor" | "msgpack";
  readonly name: string;
  pieces(bytes: Uint8Array): Pieces;
}

export interface ReadOptions {
  mode: ValueMode;
  width: number;
  decoders: readonly Decoder[];
  previous?: Payload | undefined;
}

/** Longer payloads are not tried as a binary format. */
const maxDecoded = 16_384;
/** A list has many of them, and is drawn ten times a second. */
const maxPreviewed = 256;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The payload as text, or undefined when it is not UTF-8 or holds controls other than tab and line ends. */
export function textOf(message: Payload): string | undefined {
  try {
    // Only what was cut may end within a character.
    const bytes = message.bytes.length < message.size ? wholeUtf8(message.bytes) : message.bytes;
    const text = utf8.decode(Buffer.from(bytes, "latin1"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what makes it binary
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * One line for a list: the text without line ends, a short binary format as in the value pane, `hex …` for other bytes, `(empty)` for
 * nothing; at most `width` characters.
 */
export function preview(message: Payload, width: number, decoders: readonly Decoder[] = []): string {
  if (message.size === 0) return "(empty)";
  const start: Payload = { ...message, bytes: cutUtf8(message.bytes, width * 4) };
  const text = textOf(start);
  if (text !== undefined) return text.replace(/\s+/g, " ").slice(0, width);
  const document = message.size <= maxPreviewed ? recognised(message, decoders) : undefined;
  if (document !== undefined)
    return document.lines
      .map((line) => line.text.trim())
      .join(" ")
      .slice(0, width);
  return `hex ${Buffer.from(message.bytes.slice(0, width), "latin1").toString("hex")}`.slice(0, width);
}

/** The lines of a payload as text, for a pane of `width` columns. */
export function valueLines(message: Payload, mode: "auto" | "hex" | "diff", width: number, previous?: Payload): string[] {
  return readValue(message, { mode, width, decoders: [], previous }).lines.map(({ text }) => text);
}

/** What a payload is shown as, and its lines for a pane of `width` columns. A form that does not fit is as good as `auto`. */
export function readValue(message: Payload, { mode, width, decoders, previous }: ReadOptions): { form: string; lines: ValueLine[] } {
  if (message.size === 0) return { form: "empty", lines: [{ text: "(empty)", id: "$" }] };
  const { form, lines } = formOf(message, mode, decoders);
  const shown = wrapped(lines, mode === "diff" ? width - 2 : width);
  if (mode === "diff") {
    if (previous === undefined) return { form: `${form}, nothing before it`, lines: shown };
    return { form: `${form} diff`, lines: diff(wrapped(formOf(previous, "auto", decoders).lines, width - 2), shown) };
  }
  if (message.bytes.length < message.size) shown.push({ text: `... ${message.bytes.length} of ${message.size} bytes kept`, id: "rest" });
  return { form, lines: shown };
}

/** What `d` goes round for this payload: the others are those that fit it and that `auto` is not. */
export function formsOf(message: Payload, decoders: readonly Decoder[]): ValueMode[] {
  const others: ValueMode[] = [];
  const auto = formOf(message, "auto", decoders).form;
  if (auto.startsWith("JSON")) others.push("text");
  for (const decoder of decoders) if (auto !== decoder.name && decoded(message, decoder) !== undefined) others.push(decoder.mode);
  return ["auto", "diff", "hex", ...others];
}

function formOf(message: Payload, mode: ValueMode, decoders: readonly Decoder[]): { form: string; lines: ValueLine[] } {
  if (mode === "hex") return { form: "hex", lines: hex(message.bytes) };
  const text = textOf(message);
  if (text === undefined) {
    const wanted = decoders.find((decoder) => decoder.mode === mode);
    const lines = wanted && decoded(message, wanted);
    if (wanted !== undefined && lines !== undefined) return { form: wanted.name, lines };
    return recognised(message, decoders) ?? { form: "hex", lines: hex(message.bytes) };
  }
  const cut = message.bytes.length < message.size;
  const json = mode === "text" ? undefined : jsonLines(cut ? (closedJson(text) ?? "") : text);
  if (json !== undefined) return { form: cut ? "JSON, cut" : "JSON", lines: json };
  const lines = text.split(/\r?\n/, maxLines);
  if (lines.length === 1) return { form: "text", lines: [{ text, id: "$", figure: figureOf(text) }] };
  return { form: "text", lines: lines.map((line, at) => ({ text: line, id: `line ${at + 1}` })) };
}

/** Bytes that are a binary format. A lone number is too easily found in bytes that mean something else. */
function recognised(message: Payload, decoders: readonly Decoder[]): { form: string; lines: ValueLine[] } | undefined {
  for (const decoder of decoders) {
    const lines = decoded(message, decoder);
    if (lines !== undefined && lines.length > 1) return { form: decoder.name, lines };
  }
  return undefined;
}

/** Undefined when the text is not a JSON object or array. */
export function jsonLines(text: string): ValueLine[] | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return undefined;
  try {
    JSON.parse(trimmed);
    return documentLines(jsonPieces(trimmed), false);
  } catch {
    return undefined;
  }
}

/** Undefined when the whole payload is not one value of that format, or it is text or too long to be tried. */
function decoded(message: Payload, { pieces }: Decoder): ValueLine[] | undefined {
  if (message.bytes.length < message.size || message.size > maxDecoded || textOf(message) !== undefined) return undefined;
  try {
    return documentLines(pieces(new Uint8Array(Buffer.from(message.bytes, "latin1"))), true);
  } catch {
    return undefined;
  }
}

/** Bytes as hex with their ASCII beside, so many a line. */
export function hex(bytes: string, each = 8): ValueLine[] {
  const lines: ValueLine[] = [];
  for (let at = 0; at < bytes.length && lines.length < maxLines; at += each) {
    const part = bytes.slice(at, at + each);
    const codes = Array.from(part, (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    const from = at.toString(16).padStart(4, "0");
    lines.push({ text: `${from} ${codes.padEnd(each * 3)}${part.replace(/[^ -~]/g, ".")}`, id: from });
  }
  return lines;
}

/** Lines of both: `- ` only before, `+ ` only now. Longer payloads are not compared. */
function diff(before: ValueLine[], now: ValueLine[]): ValueLine[] {
  const [n, m] = [before.length, now.length];
  if (n * m > 40_000) return [{ text: "(too long to compare)", id: "diff" }, ...now];
  const same = (i: number, j: number) => before[i]?.text === now[j]?.text;
  const common = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = n - 1; i >= 0; i -= 1) {
    const row = common[i];
    for (let j = m - 1; row !== undefined && j >= 0; j -= 1) {
      row[j] = same(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: ValueLine[] = [];
  const put = (sign: string, { text, id, figure }: ValueLine) => lines.push({ text: `${sign} ${text}`, id, figure });
  for (let i = 0, j = 0; i < n || j < m; ) {
    if (i < n && j < m && same(i, j)) {
      put(" ", now[j] as ValueLine);
      i += 1;
      j += 1;
    } else if (i < n && (j >= m || at(i + 1, j) >= at(i, j + 1))) {
      const { text, id } = before[i] as ValueLine;
      put("-", { text, id: `before ${id}` });
      i += 1;
    } else {
      put("+", now[j] as ValueLine);
      j += 1;
    }
  }
  return lines;
}

/** Each on as many rows as it takes; the cursor finds the value in the first one. */
function wrapped(lines: readonly ValueLine[], width: number): ValueLine[] {
  const rows: ValueLine[] = [];
  for (const line of lines) {
    if (rows.length >= maxLines) break;
    for (const [at, text] of wrap(line.text, Math.max(8, width)).entries()) {
      rows.push(at === 0 ? { ...line, text } : { text, id: `${line.id} +${at}` });
    }
  }
  return rows.slice(0, maxLines);
}

function wrap(line: string, width: number): string[] {
  const ascii = /^[ -~]*$/.test(line);
  if (ascii && line.length <= width) return [line];
  // Outside ASCII a character may take two columns; half the width always fits.
  const points = Array.from(line.replaceAll("\t", "  "));
  const step = ascii ? width : points.length <= width / 2 ? points.length : Math.floor(width / 2);
  const parts: string[] = [];
  for (let at = 0; at < points.length && parts.length < maxLines; at += step) parts.push(points.slice(at, at + step).join(""));
  return parts.length === 0 ? [""] : parts;
}

/** The first bytes, without the start of a character that would be cut in two. */
function cutUtf8(bytes: string, length: number): string {
  if (bytes.length <= length) return bytes;
  let end = length;
  while (end > 0 && end > length - 4 && (bytes.charCodeAt(end) & 0xc0) === 0x80) end -= 1;
  return bytes.slice(0, end);
}

/** Without a character that has lost its end. */
function wholeUtf8(bytes: string): string {
  for (let last = bytes.length - 1; last >= Math.max(0, bytes.length - 3); last -= 1) {
    const code = bytes.charCodeAt(last);
    if ((code & 0xc0) === 0x80) continue;
    const needed = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : code >= 0xc0 ? 2 : 1;
    return last + needed > bytes.length ? bytes.slice(0, last) : bytes;
  }
  return bytes;
}
