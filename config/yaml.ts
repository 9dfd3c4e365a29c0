import {
  Composer,
  type CST,
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
const maxAliases = 32;
const maxFaults = 20;

/** Parses one YAML 1.2 document (core schema). The tree is undefined when the text is not YAML or is empty. */
export function parseYaml(text: string): { tree: Tree | undefined; faults: Fault[] } {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  const spot = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };

  const tokens = tokenize(text);
  if ("tooDeep" in tokens) {
    return { tree: undefined, faults: [{ ...spot(tokens.tooDeep), message: `more than ${maxDepth} levels`, fix: "write it with fewer" }] };
  }
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
  if (errors.length > 0)
    return { tree: undefined, faults: firstPerLine(errors.map((error) => ({ ...spot(error.pos[0]), ...explain(error) }))) };
  if (second !== undefined) {
    const start = spot(documentStart(tokens.cst) ?? second.range[0]);
    return { tree: undefined, faults: [{ ...start, message: "a second document starts here", fix: "keep one document in the file" }] };
  }
  return growTree(document, spot);
}

/** Nesting is bounded before anything recursive sees it: a million brackets must not end in a stack overflow. */
function tokenize(text: string): { cst: CST.Token[] } | { tooDeep: number } {
  const parser = new Parser();
  const cst: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    cst.push(...parser.next(lexeme));
    if (parser.stack.length > maxDepth + 1) return { tooDeep: parser.offset };
  }
  cst.push(...parser.end());
  return { cst };
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
  let aliases = 0;

  const scalar = (place: Spot, value: unknown, source: string): Tree => {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
    return { ...place, kind: "scalar", value: plain, source };
  };
  const grow = (node: ParsedNode | null, place: Spot): Tree => {
    const at = node === null ? place : spot(node.range[0]);
    const tree = build(node, at);
    if (node !== null && !isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, tree);
    return tree;
  };
  const build = (node: ParsedNode | null, at: Spot): Tree => {
    if (isScalar(node)) return scalar(at, node.value, node.source);
    if (isMap(node)) return { ...at, kind: "map", flow: node.flow === true, entries: entriesOf(node, at) };
    if (isSeq(node)) return { ...at, kind: "list", items: node.items.map((item) => grow(item, at)) };
    if (!isAlias(node)) return scalar(at, null, "");
    aliases += 1;
    if (aliases === maxAliases + 1) faults.push({ ...at, message: `more than ${maxAliases} aliases`, fix: "write the values out" });
    const target = anchors.get(node.source);
    if (target !== undefined) return target;
    faults.push({ ...at, message: "an alias stands inside its own anchor", fix: "write the value out" });
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
        faults.push({ ...place, message: `${quoteKey(name)} stands twice, first in line ${before.line}`, fix: "remove one of them" });
        return [];
      }
      first.set(name, place);
      return [{ ...place, key: name, value: tree }];
    });
  };

  const tree = document.contents === null ? undefined : grow(document.contents, { line: 1, column: 1 });
  // A bomb of aliases makes no sense of the rest: one problem says it.
  if (aliases > maxAliases) return { tree: undefined, faults: faults.filter((fault) => fault.message.startsWith("more than")) };
  return { tree, faults: faults.slice(0, maxFaults) };
}

/** A key for a message: in quotes, not longer than a line. */
export function quoteKey(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 59)}…` : key);
}

/** The plain value of a small tree, for formats that read a map (`{chip, offset}`). */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return [];
  // A null prototype, so that a key named `__proto__` stays a key.
  const plain: Record<string, unknown> = Object.create(null);
  for (const { key, value } of tree.entries) plain[key] = value.kind === "scalar" ? value.value : {};
  return plain;
}
