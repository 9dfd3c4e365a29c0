import { completeItem } from "./complete.ts";
import { id, path as pathFormat } from "./formats.ts";
import { isLeaf, isListOf, isMapOf, type Leaf, type ListOf, type MapOf, type SchemaGroup, type SchemaNode, settingsOf } from "./leaf.ts";
import { type Place, type Problem, quoteText } from "./problem.ts";
import { readSecret, type SecretSource, secretFile, secretProblem } from "./secret.ts";
import { suggest } from "./suggest.ts";
import { type Entry, plainOf, type Spot, type Tree } from "./yaml.ts";

/** What a file says: typed values where they are right, a problem where they are not. */
export interface Walked {
  values: Record<string, unknown>;
  problems: Problem[];
  /** Path of every value in the file → its place. */
  places: Map<string, Place>;
  /** Ids that stand in the file, the faulty ones too: a rule that names one of them names something. */
  ids: Map<string, Set<string>>;
  /** Settings that stand in the file without giving a value. */
  unread: Set<string>;
}

export interface WalkOptions extends SecretSource {
  file: string;
  /** `leave` keeps secrets unread, for clients that need none and may read none. */
  secrets: "read" | "leave";
}

/** Reads a tree by the schema. */
export function walk(schema: SchemaGroup, root: Tree | undefined, options: WalkOptions): Walked {
  const walked: Walked = { values: {}, problems: [], places: new Map(), ids: new Map(), unread: new Set() };
  const walker = new Walker(schema, options, walked);
  if (root !== undefined) walked.values = walker.group(schema, root, "") ?? {};
  return walked;
}

/** Inputs, outputs, sensors or rules: more than any board has lines. */
const maxEntries = 1024;
const maxItems = 256;
const absent = Symbol("absent");

class Walker {
  readonly #schema: SchemaGroup;
  readonly #options: WalkOptions;
  readonly #walked: Walked;
  constructor(schema: SchemaGroup, options: WalkOptions, walked: Walked) {
    this.#schema = schema;
    this.#options = options;
    this.#walked = walked;
  }

  /** The values of a map with known keys; undefined when the tree is none. */
  group(group: SchemaGroup, tree: Tree, path: string): Record<string, unknown> | undefined {
    if (isEmpty(tree)) return {};
    if (tree.kind !== "map") {
      const what = path === "" ? "the configuration" : path;
      this.#report(tree, `${what} is not a map`, "write `key: value` lines, indented by the same number of spaces");
      return undefined;
    }
    const values: Record<string, unknown> = {};
    for (const entry of tree.entries) {
      const node = Object.hasOwn(group, entry.key) ? group[entry.key] : undefined;
      if (node === undefined) {
        this.#unknownKey(entry, tree.flow, group, path);
        continue;
      }
      const value = this.#value(node, entry.value, path === "" ? entry.key : `${path}.${entry.key}`);
      if (value !== absent) values[entry.key] = value;
    }
    return values;
  }

  #value(node: SchemaNode, tree: Tree, path: string): unknown {
    this.#walked.places.set(path, this.#place(tree));
    if (isLeaf(node)) {
      const value = node.sensitive ? this.#secret(node, tree, path) : this.#leaf(node, tree, path);
      if (value === absent) this.#walked.unread.add(path);
      return value;
    }
    if (isMapOf(node)) return this.#map(node, tree, path);
    if (isListOf(node)) return this.#list(node, tree, path);
    return this.group(node, tree, path) ?? absent;
  }

  #leaf(leaf: Leaf<unknown>, tree: Tree, path: string): unknown {
    if (isEmpty(tree)) {
      if (leaf.presence === "optional") return null;
      this.#report(tree, `${path} has no value`, leaf.presence === "required" ? "write one" : "write one or remove the line");
      return absent;
    }
    const source = tree.kind === "scalar" && typeof tree.value !== "string" ? tree.source : undefined;
    const reading = leaf.reads.read(plainOf(tree), source);
    if (reading.ok) return leaf.format === pathFormat.name ? this.#options.resolve(String(reading.value)) : reading.value;
    this.#report(tree, `${path}: ${reading.what}`, reading.fix);
    return absent;
  }

  #secret(leaf: Leaf<unknown>, tree: Tree, path: string): unknown {
    if (isEmpty(tree) && tree.kind === "scalar" && tree.source === "") return null;
    if (this.#options.secrets === "leave") {
      const file = secretFile(tree);
      if (file !== undefined) this.#options.resolve(file);
      return absent;
    }
    const { value, problem } = readSecret(tree, this.#options, leaf.hashes);
    if (problem) this.#walked.problems.push({ ...this.#place(tree), ...problem, message: `${path}: ${problem.message}` });
    if (value === undefined) return absent;
    const reading = leaf.reads.read(value);
    if (reading.ok) return reading.value;
    this.#walked.problems.push(secretProblem(this.#place(tree), path));
    return absent;
  }

  #map(node: MapOf<SchemaGroup | Leaf<unknown>>, tree: Tree, path: string): unknown {
    const ids = new Set<string>();
    this.#walked.ids.set(path, ids);
    if (isEmpty(tree)) return {};
    if (tree.kind !== "map") {
      const fix = isLeaf(node.items)
        ? "write one line for each, indented, with a blank behind the colon"
        : "write one `id:` line for each, indented, and its settings below it";
      this.#report(tree, `${path} is not a map`, fix);
      return absent;
    }
    for (const entry of tree.entries) ids.add(entry.key);
    if (tree.entries.length > maxEntries) {
      this.#report(tree, `${path} has more than ${maxEntries} items`, "write fewer");
      return absent;
    }
    const items: Record<string, unknown> = {};
    for (const entry of tree.entries) {
      const reading = (node.names ?? id).read(entry.key);
      if (!reading.ok) this.#report(entry, `${path}: ${reading.what}`, reading.fix);
      const item = isLeaf(node.items)
        ? this.#named(node.items, entry, path, reading.ok)
        : this.#item(node.items, entry.value, `${path}.${entry.key}`, entry);
      if (reading.ok && item !== undefined) items[entry.key] = item;
    }
    return items;
  }

  /** A single value of a map; undefined when it is not read. */
  #named(leaf: Leaf<unknown>, entry: Entry, path: string, isName: boolean): unknown {
    // As of an unknown key: what has no value may be a part of a password.
    if (isEmpty(entry.value))
      this.#report(entry, `a name without a value stands in ${path}`, "write `name: value`, and text with a comma in quotes");
    const value = isEmpty(entry.value) || !isName ? absent : this.#value(leaf, entry.value, `${path}.${entry.key}`);
    if (value !== absent) return value;
    this.#walked.unread.add(path);
    return undefined;
  }

  #list(node: ListOf<SchemaNode>, tree: Tree, path: string): unknown {
    if (isEmpty(tree) && node.minimum === 0) return [];
    if (node.single && isLeaf(node.items) && tree.kind !== "list") {
      const value = this.#value(node.items, tree, path);
      return value === absent ? [] : [value];
    }
    if (node.single && !isLeaf(node.items) && tree.kind === "map") {
      const item = this.#item(node.items as SchemaGroup, tree, path, tree);
      return item === undefined ? [] : [item];
    }
    if (node.single && node.short && !isLeaf(node.items) && tree.kind === "scalar") {
      const reading = node.short.read(String(tree.value));
      if (reading.ok) return [completeItem(node.items as SchemaGroup, reading.value as Record<string, unknown>)];
      this.#report(tree, `${path}: ${reading.what}`, reading.fix);
      this.#walked.unread.add(path);
      return absent;
    }
    if (tree.kind !== "list") {
      this.#report(tree, `${path} is not a list`, "write each item in a line of its own with `- ` in front");
      return absent;
    }
    if (tree.items.length > maxItems) {
      this.#report(tree, `${path} has more than ${maxItems} items`, "write fewer");
      return absent;
    }
    if (tree.items.length < node.minimum) this.#report(tree, `${path} is empty`, "write at least one item");
    return tree.items.flatMap((child, index) => {
      const place = `${path}[${index}]`;
      const { items } = node;
      if (isLeaf(items)) {
        const value = this.#value(items, child, place);
        if (value === absent) this.#walked.unread.add(path);
        return value === absent ? [] : [value];
      }
      if (isMapOf(items) || isListOf(items)) throw new TypeError(`a list of containers: ${path}`);
      return this.#item(items, child, place, child) ?? [];
    });
  }

  /** One item of a map or list with its defaults; undefined when something that it cannot be without is missing or wrong. */
  #item(group: SchemaGroup, tree: Tree, path: string, place: Spot): Record<string, unknown> | undefined {
    this.#walked.places.set(path, this.#place(place));
    const values = this.group(group, tree, path);
    if (values === undefined) return undefined;
    const sound = this.#required(group, values, tree, path, place);
    return sound ? completeItem(group, values) : undefined;
  }

  #required(group: SchemaGroup, values: Record<string, unknown>, tree: Tree, path: string, place: Spot): boolean {
    const keys = new Map(tree.kind === "map" ? tree.entries.map((entry) => [entry.key, entry.value]) : []);
    let sound = true;
    for (const [key, node] of Object.entries(group)) {
      if (isMapOf(node)) continue;
      const needed = isLeaf(node) ? node.presence === "required" : isListOf(node) ? node.minimum > 0 : true;
      if (!needed) continue;
      const child = keys.get(key);
      if (child === undefined) {
        this.#report(place, `${path} has no ${key}`, `add \`${key}:\``);
        sound = false;
      } else if (isLeaf(node) || isListOf(node)) {
        if (!(key in values)) sound = false;
      } else {
        const inner = isRecord(values[key]) ? values[key] : undefined;
        sound = inner !== undefined && this.#required(node, inner, child, `${path}.${key}`, child) && sound;
      }
    }
    return sound;
  }

  #unknownKey(entry: Entry, flow: boolean, group: SchemaGroup, path: string): void {
    const where = path === "" ? "" : ` in ${path}`;
    // `{password: a, b}` makes a key of the second half of a password: it must not be repeated.
    if (flow && isEmpty(entry.value)) {
      this.#report(entry, `a word without a value stands${where || " here"}`, "write `key: value`, and text with a comma in quotes");
      return;
    }
    if (entry.key === "<<") {
      this.#report(entry, "merge keys (<<) are not read", "write the settings out");
      return;
    }
    const known = Object.keys(group);
    const elsewhere = path === "" ? settingsOf(this.#schema).find((setting) => setting.path.endsWith(`.${entry.key}`)) : undefined;
    const close = suggest(entry.key, known);
    const section = elsewhere?.path.slice(0, elsewhere.path.lastIndexOf("."));
    const fix =
      section && close === undefined ? `write it below ${section}:` : close ? `did you mean ${close}?` : `known are ${known.join(", ")}`;
    // With a colon or a line break lost, a key is what was a password: only what looks like a setting's name is repeated.
    const key =
      close !== undefined || /^[a-z][a-z0-9_.-]*$/.test(entry.key) ? `the key ${quoteText(entry.key)}` : "the key that stands here";
    this.#report(entry, `${key} is not known${where}`, fix);
  }

  #place(spot: Spot): Place {
    return { file: this.#options.file, line: spot.line, column: spot.column };
  }

  #report(spot: Spot, message: string, fix: string): void {
    this.#walked.problems.push({ ...this.#place(spot), message, fix, severity: "error" });
  }
}

function isEmpty(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
