import { isMap, isNode, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { isMoved } from "./moved-tree.ts";
import { parseYaml, type Spot } from "./yaml.ts";

/** A key that got another name or another place: `mqtt.host` → `mqtt.server`; `*` stands for each id. */
export interface Move {
  from: string;
  to: string;
}

export type Moved = { ok: true; text: string } | (Spot & { ok: false; message: string; fix: string });

/** One key of the file that has to move. */
interface Found {
  key: Scalar;
  pair: Pair;
  parent: YAMLMap;
  at: readonly string[];
  to: readonly string[];
}

/**
 * Moves a key wherever it stands. The text is changed in those places alone: what the package yaml would write anew loses its spaces, and
 * comments in sections that are otherwise empty change their places. What comes of it is read again: a text that would mean something else
 * then, or lose a word, is refused.
 */
export function moveKeys(text: string, move: Move): Moved {
  const [from, to] = [move.from.split("."), move.to.split(".")];
  const moved = moveEach(text, from, to);
  if (!moved.ok || moved.text === text) return moved;
  const [before, after] = [parseYaml(text), parseYaml(moved.text)];
  if (before.tree && after.tree && after.faults.length === 0 && isMoved(before.tree, after.tree, from, to)) return moved;
  const root = rootOf(text);
  const [first] = root === undefined ? [] : find(root, from, to);
  return first === undefined ? moved : refused(text, first, ...byHand);
}

const byHand = ["and cannot be moved for you here", "move it by hand"] as const;

function moveEach(text: string, from: readonly string[], to: readonly string[]): Moved {
  const root = rootOf(text);
  const found = root === undefined ? [] : find(root, from, to);
  const [first] = found;
  if (root === undefined || first === undefined) return { ok: true, text };
  const taken = found.find((one) => keyAt(root, one.to) !== undefined);
  if (taken !== undefined) return refused(text, taken, "and both are here", "remove one of them");
  if (first.at.slice(0, -1).join(".") === first.to.slice(0, -1).join(".")) {
    // From the last to the first, so that no place moves before its turn.
    const renamed = found.reduceRight((now, { key, to: path }) => splice(now, start(key), end(key), path.at(-1) ?? ""), text);
    return { ok: true, text: renamed };
  }
  const moved = transplant(text, root, first);
  if (moved === undefined) return refused(text, first, ...byHand);
  // The places of the others have changed.
  return moveEach(moved, from, to);
}

/** Writes the version where it stands; else in front of the first key and its comment. */
export function setVersion(text: string, version: number): string {
  const root = rootOf(text);
  const value = root && keyAt(root, ["version"])?.value;
  if (isScalar(value)) return splice(text, start(value), end(value), String(version));
  const at = root?.range?.[0] ?? 0;
  if (root?.flow) return splice(text, at + 1, at + 1, ` version: ${version},`);
  const line = withComment(text, lineStart(text, at));
  const indent = /^ */.exec(text.slice(line))?.[0] ?? "";
  return splice(text, line, line, `${indent}version: ${version}\n${text[line] === "#" ? "\n" : ""}`);
}

function rootOf(text: string): YAMLMap | undefined {
  const { contents } = parseDocument(text, { version: "1.2", schema: "core", merge: false });
  return isMap(contents) ? (contents as YAMLMap) : undefined;
}

function find(map: YAMLMap, from: readonly string[], to: readonly string[], at: readonly string[] = []): Found[] {
  const [head, ...rest] = from;
  return map.items.flatMap((pair): Found[] => {
    const { key, value } = pair;
    if (!isScalar(key) || (head !== "*" && key.value !== head)) return [];
    const id = String(key.value);
    if (rest.length === 0) return [{ key, pair, parent: map, at: [...at, id], to }];
    if (!isMap(value)) return [];
    return find(value as YAMLMap, rest, head === "*" ? to.with(to.indexOf("*"), id) : to, [...at, id]);
  });
}

function keyAt(map: YAMLMap, [head, ...rest]: readonly string[]): Pair | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === head);
  if (rest.length === 0 || pair === undefined) return pair;
  return isMap(pair.value) ? keyAt(pair.value as YAMLMap, rest) : undefined;
}

/**
 * Cuts the lines of a key with its comment and puts them into another section; undefined when either is in braces, when the new one is deep and not
 * there, or when other words would be cut with them.
 */
function transplant(text: string, root: YAMLMap, { key, pair, parent, at, to }: Found): string | undefined {
  const section = to.length === 1 ? undefined : keyAt(root, to.slice(0, -1));
  if (parent.flow || root.flow || (isMap(section?.value) && section.value.flow)) return undefined;
  if (to.length > 2 && section === undefined) return undefined;
  const line = lineStart(text, start(key));
  const own = withComment(text, line);
  const until = lineEnd(text, pair);
  const renamed = splice(text.slice(own, until), start(key) - own, end(key) - own, to.at(-1) ?? "");
  const put = place(text, root, to, section);
  const margin = start(key) - line;
  const parts = renamed.split("\n");
  if (parts.some((part) => part.slice(0, margin).trim() !== "")) return undefined;
  const lines = parts.map((part) => (part.trim() === "" ? "" : put.indent + part.slice(margin)));
  // A section that has nothing else goes with its key.
  const emptied = parent.items.length === 1 && at.length > 1 ? keyAt(root, at.slice(0, -1))?.key : undefined;
  if (isScalar(emptied) && text.slice(end(emptied), own).trim() !== ":") return undefined;
  const cut = isScalar(emptied) ? lineStart(text, start(emptied)) : own;
  // The last line of the file may have no end; in front of another one it needs it.
  const tail = put.offset < text.length && lines.at(-1) !== "" ? "\n" : "";
  const edits = [
    { from: cut, to: until, text: "" },
    { from: put.offset, to: put.offset, text: `${put.head}${lines.join("\n")}${tail}` },
  ];
  return edits.sort((a, b) => b.from - a.from).reduce((now, edit) => splice(now, edit.from, edit.to, edit.text), text);
}

/** Where a key goes: behind the last one of its section, or into a new section at the end. */
function place(
  text: string,
  root: YAMLMap,
  to: readonly string[],
  section: Pair | undefined,
): { offset: number; indent: string; head: string } {
  const map = to.length === 1 ? root : isMap(section?.value) ? (section.value as YAMLMap) : undefined;
  const first = map?.items[0]?.key;
  const last = map?.items.at(-1);
  if (isScalar(first) && last !== undefined) {
    const indent = " ".repeat(start(first) - lineStart(text, start(first)));
    return ending(text, lineEnd(text, last), { indent, head: "" });
  }
  if (section !== undefined && isScalar(section.key)) return ending(text, lineEnd(text, section), { indent: "  ", head: "" });
  return ending(text, text.length, { indent: "  ", head: `${to[0]}:\n` });
}

/** Behind a line that has no end yet one is made. */
function ending(text: string, offset: number, put: { indent: string; head: string }) {
  return { ...put, offset, head: offset > 0 && text[offset - 1] !== "\n" ? `\n${put.head}` : put.head };
}

function refused(text: string, { key, at, to }: Found, why: string, fix: string): Moved {
  const before = text.slice(0, start(key)).split("\n");
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  return { ok: false, ...place, message: `${at.join(".")} is called ${to.join(".")} now, ${why}`, fix };
}

function start({ range }: Scalar): number {
  return range?.[0] ?? 0;
}

function end({ range }: Scalar): number {
  return range?.[1] ?? 0;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** The end of the last line of a pair, its newline included. */
function lineEnd(text: string, { key, value }: Pair): number {
  const from = isScalar(key) ? end(key) : 0;
  const valueEnd = isNode(value) ? (value.range?.[1] ?? from) : from;
  const words = from + text.slice(from, valueEnd).trimEnd().length;
  const newline = text.indexOf("\n", words);
  return newline < 0 ? text.length : newline + 1;
}

/** The start of the comment that stands right above a line, indented as it is. */
function withComment(text: string, line: number): number {
  const indent = /^ */.exec(text.slice(line))?.[0] ?? "";
  let first = line;
  while (first > 0) {
    const above = lineStart(text, first - 1);
    if (!text.startsWith(`${indent}#`, above)) break;
    first = above;
  }
  return first;
}

function splice(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}
