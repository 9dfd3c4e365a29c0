import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { quoteText } from "./problem.ts";

/** YAML as the loader sees it: every value knows its place. An alias shares the tree of its anchor, so nothing is ever copied. */
export type Tree = Spot & (ScalarTree | { kind: "map"; flow: boolean; entries: Entry[] } | { kind: "list"; items: Tree[] });
interface ScalarTree {
  kind: "scalar";
  value: string | number | boolean | null;
  /** The text as it stands in the file: `0123` where the value is 123. */
  source: string;
}
export interface Entry extends Spot {
  key: string;
  value: Tree;
}
/** Counts from 1. */
export interface Spot {
  line: number;
  column: number;
}
export interface Fault extends Spot {
  message: string;
  fix: string;
}

const maxDepth = 32;
/** A line has up to fifty: a thousand inputs, outputs and rules each have room. The bound keeps a reload of a wrong file short. */
const maxTokens = 200_000;
const maxAliases = 32;
const maxFaults = 20;

/** One document; the tree is undefined when the text is not YAML or is empty. */
export interface Parsed {
  tree: Tree | undefined;
  faults: Fault[];
}

/** Parses one YAML 1.2 document (core schema). */
export function parseYaml(text: string): Parsed {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  const spot = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };

  const tokens = tokenize(text);
  if ("at" in tokens) return { tree: undefined, faults: [{ ...spot(tokens.at), message: tokens.message, fix: tokens.fix }] };
  // The library compares each key with each other; `growTree` finds duplicates in one pass and says where the first one stands.
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const [document, second] = [...composer.compose(tokens.cst, true, text.length)];
  if (document === undefined) return { tree: undefined, faults: [] };
  const errors: YAMLError[] = [...document.errors, ...document.warnings];
  if (errors.length > 0 && tokens.unclosed !== undefined) {
    const fault = { ...spot(tokens.unclosed), message: "a quote or a bracket is opened here and not closed", fix: "close it" };
    return { tree: undefined, faults: [fault] };
  }
  if (errors.length > 0)
    return { tree: undefined, faults: firstPerLine(errors.map((error) => ({ ...spot(error.pos[0]), ...explain(error) }))) };
  if (second !== undefined) {
    const start = spot(documentStart(tokens.cst) ?? second.range[0]);
    return { tree: undefined, faults: [{ ...start, message: "a second document starts here", fix: "keep one document in the file" }] };
  }
  return growTree(document, spot);
}

/**
 * Nesting is bounded before anything recursive sees it: a million brackets must not end in a stack overflow. What was opened
 * and never closed is remembered here, because the parser notices it only at the end of the file.
 */
function tokenize(text: string): { cst: CST.Token[]; unclosed: number | undefined } | { at: number; message: string; fix: string } {
  const parser = new Parser();
  const cst: CST.Token[] = [];
  const open: number[] = [];
  let before = "";
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (before !== CST.SCALAR) noteOpen(open, lexeme, parser.offset);
    before = lexeme;
    cst.push(...parser.next(lexeme));
    count += 1;
    if (parser.stack.length > maxDepth + 1)
      return { at: parser.offset, message: `more than ${maxDepth} levels`, fix: "write it with fewer" };
    if (count > maxTokens) return { at: parser.offset, message: "the file has too many words", fix: "shorten it" };
  }
  cst.push(...parser.end());
  return { cst, unclosed: open[0] };
}

function noteOpen(open: number[], lexeme: string, offset: number): void {
  const first = lexeme[0] ?? "";
  if (lexeme === "[" || lexeme === "{") open.push(offset);
  else if (lexeme === "]" || lexeme === "}") open.pop();
  else if ((first === '"' || first === "'") && (lexeme.length === 1 || !lexeme.endsWith(first))) open.push(offset);
}

function documentStart(tokens: CST.Token[]): number | undefined {
  const second = tokens.filter((token) => token.type === "document")[1];
  return second?.type === "document" ? second.offset : undefined;
}

/** Nothing of the text is repeated: what breaks the syntax may be a password without quotes. */
function explain(error: YAMLError): { message: string; fix: string } {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return { message: "a tab stands in the indentation", fix: "write spaces" };
    case "MULTIPLE_DOCS":
      return { message: "a second document starts here", fix: "keep one document in the file" };
    case "BAD_INDENT":
    case "UNEXPECTED_TOKEN":
      return { message: "this does not fit in here", fix: "check the indentation and put text with special characters in quotes" };
    case "BAD_ALIAS":
      return { message: "an alias names no anchor in front of it", fix: "put text that starts with * or & in quotes" };
    case "TAG_RESOLVE_FAILED":
      return { message: "a tag is not known", fix: "put text that starts with ! in quotes" };
    case "MISSING_CHAR":
      return { message: "a colon, a quote or a bracket is missing", fix: "write `key: value` and close what was opened" };
    case "BAD_SCALAR_START":
      return { message: "text cannot start with this character", fix: "put it in quotes" };
    case "BLOCK_AS_IMPLICIT_KEY":
      return { message: "a second colon stands in the line", fix: "put text with a colon in quotes" };
    default:
      return { message: "this is not YAML", fix: "check the quotes, colons and the indentation around it" };
  }
}

function firstPerLine(faults: Fault[]): Fault[] {
  const seen = new Set<number>();
  return faults.filter((fault) => !seen.has(fault.line) && seen.add(fault.line)).slice(0, maxFaults);
}

function growTree(document: Document.Parsed, spot: (offset: number) => Spot): { tree: Tree | undefined; faults: Fault[] } {
  const faults: Fault[] = [];
  const anchors = new Map<string, Tree>();
  /** Names of anchors that were met; in `anchors` they are only once complete. */
  const opened = new Set<string>();
  let aliases = 0;
  let broken: Fault | undefined;

  const scalar = (place: Spot, value: unknown, source: string): Tree => {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
    return { ...place, kind: "scalar", value: plain, source };
  };
  const grow = (node: ParsedNode | null, place: Spot): Tree => {
    const at = node === null ? place : spot(node.range[0]);
    const anchor = node === null || isAlias(node) ? undefined : node.anchor;
    if (anchor !== undefined) opened.add(anchor);
    const tree = build(node, at);
    if (anchor !== undefined) anchors.set(anchor, tree);
    return tree;
  };
  const build = (node: ParsedNode | null, at: Spot): Tree => {
    if (isScalar(node)) return scalar(at, node.value, node.source);
    if (isMap(node)) return { ...at, kind: "map", flow: node.flow === true, entries: entriesOf(node, at) };
    if (isSeq(node)) return { ...at, kind: "list", items: node.items.map((item) => grow(item, at)) };
    if (!isAlias(node)) return scalar(at, null, "");
    aliases += 1;
    const target = anchors.get(node.source);
    if (target !== undefined && aliases <= maxAliases) return target;
    broken ??= { ...at, ...explainAlias(aliases, opened.has(node.source)) };
    return scalar(at, null, "");
  };
  const entriesOf = (map: YAMLMap.Parsed, at: Spot): Entry[] => {
    const first = new Map<string, Spot>();
    return map.items.flatMap(({ key, value }): Entry[] => {
      const place = key === null ? at : spot(key.range[0]);
      const tree = grow(value, place);
      if (!isScalar(key) || key.value === null) {
        faults.push({ ...place, message: "a key is not a word", fix: "write `key: value`" });
        return [];
      }
      const name = typeof key.value === "string" ? key.value : key.source;
      const before = first.get(name);
      if (before) {
        faults.push({ ...place, message: `${quoteText(name)} stands twice, first in line ${before.line}`, fix: "remove one of them" });
        return [];
      }
      first.set(name, place);
      return [{ ...place, key: name, value: tree }];
    });
  };

  const tree = document.contents === null ? undefined : grow(document.contents, { line: 1, column: 1 });
  // An alias that stands for nothing makes nonsense of the rest: one problem says it.
  if (broken !== undefined) return { tree: undefined, faults: [broken] };
  return { tree, faults: faults.slice(0, maxFaults) };
}

function explainAlias(count: number, opened: boolean): { message: string; fix: string } {
  if (count > maxAliases) return { message: `more than ${maxAliases} aliases`, fix: "write the values out" };
  if (opened) return { message: "an alias stands inside its own anchor", fix: "write the value out" };
  return { message: "an alias names no anchor in front of it", fix: "put text that starts with * in quotes" };
}

/** The plain value of a small tree, for formats that read a map (`{chip, offset}`). */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.slice(0, maxPlain).map(scalarOf);
  // A null prototype, so that a key named `__proto__` stays a key.
  const plain: Record<string, unknown> = Object.create(null);
  for (const { key, value } of tree.entries)
    plain[key] = value.kind === "list" ? value.items.slice(0, maxPlain).map(pairOf) : scalarOf(value);
  return plain;
}

/** No format reads longer lists. */
const maxPlain = 33;

/** An item of a list in a map may be a short list itself, but nothing deeper. */
function pairOf(tree: Tree): unknown {
  return tree.kind === "list" ? tree.items.slice(0, 3).map(scalarOf) : scalarOf(tree);
}

function scalarOf(tree: Tree): unknown {
  return tree.kind === "scalar" ? tree.value : {};
}
