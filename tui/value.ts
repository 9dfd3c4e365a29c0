import type { Message } from "./topic.ts";

/** How a payload is shown: `auto` is indented JSON, else text, else hex. */
export type ValueMode = "auto" | "hex" | "diff";

/** Never more lines than this from one payload. */
const maxLines = 2000;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The payload as text, or undefined when it is not UTF-8 or holds controls other than tab and line ends. */
export function textOf(message: Message): string | undefined {
  try {
    const text = utf8.decode(Buffer.from(message.bytes, "latin1"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what makes it binary
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** One line for a list: the text without line ends, `hex …` for binary, `(empty)` for nothing; at most `width` characters. */
export function preview(message: Message, width: number): string {
  if (message.size === 0) return "(empty)";
  const start: Message = { ...message, bytes: cutUtf8(message.bytes, width * 4) };
  const text = textOf(start);
  if (text !== undefined) return text.replace(/\s+/g, " ").slice(0, width);
  return `hex ${Buffer.from(message.bytes.slice(0, width), "latin1").toString("hex")}`.slice(0, width);
}

/** The lines of a payload for a pane of `width` columns. */
export function valueLines(message: Message, mode: ValueMode, width: number, previous?: Message): string[] {
  if (message.size === 0) return ["(empty)"];
  const lines = mode === "hex" ? hex(message.bytes) : plain(message, width);
  if (mode === "diff" && previous !== undefined) return diff(plain(previous, width - 2), plain(message, width - 2));
  if (message.bytes.length < message.size) lines.push(`... ${message.bytes.length} of ${message.size} bytes kept`);
  return lines;
}

function plain(message: Message, width: number): string[] {
  const text = textOf(message);
  if (text === undefined) return hex(message.bytes);
  const lines = indentJson(text) ?? text.split(/\r?\n/, maxLines);
  return lines.flatMap((line) => wrap(line, Math.max(8, width))).slice(0, maxLines);
}

/**
 * JSON on lines of its own, token by token: parsing and printing again would change numbers (`1.0`, 20 digits) and merge
 * repeated keys. Undefined when the text is not a JSON object or array.
 */
export function indentJson(text: string): string[] | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return undefined;
  try {
    JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  const lines: string[] = [];
  let line = "";
  let depth = 0;
  const flush = () => {
    if (line.trim() !== "") lines.push(line);
    line = "  ".repeat(Math.min(depth, 20));
  };
  for (const [token] of trimmed.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (lines.length > maxLines) break;
    if (token === "{" || token === "[") {
      line += token;
      depth += 1;
      flush();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const empty = line.trim() === "" && lines.at(-1)?.endsWith(token === "}" ? "{" : "[");
      if (empty) line = lines.pop() ?? "";
      else flush();
      line += token;
    } else if (token === ",") {
      line += token;
      flush();
    } else line += token === ":" ? ": " : token;
  }
  if (line.trim() !== "") lines.push(line);
  return lines;
}

function hex(bytes: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length && lines.length < maxLines; at += 8) {
    const part = bytes.slice(at, at + 8);
    const codes = Array.from(part, (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    lines.push(`${at.toString(16).padStart(4, "0")} ${codes.padEnd(24)}${part.replace(/[^ -~]/g, ".")}`);
  }
  return lines;
}

/** Lines of both: `- ` only before, `+ ` only now. Longer payloads are not compared. */
function diff(before: string[], now: string[]): string[] {
  const [n, m] = [before.length, now.length];
  if (n * m > 40_000) return ["(too long to compare)", ...now];
  const common = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = n - 1; i >= 0; i -= 1) {
    const row = common[i];
    for (let j = m - 1; row !== undefined && j >= 0; j -= 1) {
      row[j] = before[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  for (let i = 0, j = 0; i < n || j < m; ) {
    if (i < n && j < m && before[i] === now[j]) {
      lines.push(`  ${now[j]}`);
      i += 1;
      j += 1;
    } else if (i < n && (j >= m || at(i + 1, j) >= at(i, j + 1))) lines.push(`- ${before[i++]}`);
    else lines.push(`+ ${now[j++]}`);
  }
  return lines;
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
