/**
 * Typed pieces of a convict schema. A leaf fixes format, type, default, text and secrecy in one place, because convict's
 * own types infer an enum as `number` and a nullable string as `null`; `ConfigOf` derives the type of the loaded result.
 */

/** What a format says about one raw value: the typed value, or what is wrong and what to do. */
export type Reading<T> = { ok: true; value: T } | { ok: false; what: string; fix: string };

/** How one kind of value is read from YAML, the environment or an argument, and written back. */
export interface Format<T> {
  /** convict knows the format by this name. */
  name: string;
  /** For the documentation: "a time such as 20ms". */
  shape: string;
  /** `source` is the text as it stands in the file, so that `password: 0123` keeps its zero. */
  read(value: unknown, source?: string): Reading<T>;
  /** The inverse of `read`. */
  write(value: T): string;
}

/** A setting. `default` is null for one that is required, optional or derived from something else. */
export interface Leaf<T> {
  readonly format: string;
  readonly default: T | null;
  readonly doc: string;
  readonly reads: Format<T>;
  readonly presence: "default" | "optional" | "required" | "derived";
  readonly nullable: boolean;
  readonly sensitive: boolean;
  /** It may be the hash of a password, which need not be hidden in a file of its own. */
  readonly hashes?: true;
  /** What stands for the default in the documentation. */
  readonly shown: string;
  /** It says something of the file itself: no variable and no argument gives it. */
  readonly fileOnly?: true;
  /** Set by `withNames` from the path. */
  readonly env?: string;
}

/** A map from an id to items of one shape, or to single values. */
export interface MapOf<I> {
  readonly format: "Object";
  readonly default: Record<string, never>;
  readonly doc: string;
  readonly container: "map";
  readonly items: I;
  /** How items are called, where that is not an id. */
  readonly names?: Format<string>;
}

/** A list of items of one shape, or of single values. */
export interface ListOf<I> {
  readonly format: "Array";
  readonly default: readonly unknown[];
  readonly doc: string;
  readonly container: "list";
  readonly items: I;
  readonly shown: string;
  readonly minimum: number;
  /** One item may stand there without the list around it. */
  readonly single: boolean;
  /** How the environment and arguments write one item, where it is more than a value. */
  readonly short?: { shape: string; read(text: string): Reading<unknown> };
  /** As of a leaf. */
  readonly fileOnly?: true;
  readonly env?: string;
}

export type SchemaNode = Leaf<unknown> | MapOf<SchemaGroup | Leaf<unknown>> | ListOf<SchemaNode> | SchemaGroup;
export interface SchemaGroup {
  readonly [key: string]: SchemaNode;
}

export type ConfigOf<S> = S extends { readonly reads: { write(value: infer T): string } }
  ? T
  : S extends MapOf<infer I>
    ? Record<string, ConfigOf<I>>
    : S extends ListOf<infer I>
      ? ConfigOf<I>[]
      : { -readonly [K in keyof S]: ConfigOf<S[K]> };

/** A setting with a default of its own. */
export function leaf<T>(reads: Format<T>, fallback: NoInfer<T>, doc: string): Leaf<T> {
  return make(reads, "default", fallback, doc, reads.write(fallback));
}

/** A setting that may be absent; `shown` says what its absence means. */
export function optional<T>(reads: Format<T>, doc: string, shown = "none"): Leaf<T | null> {
  return make<T | null>(nullable(reads), "optional", null, doc, shown);
}

/** Like `optional`, and never shown to anybody. The file gives it as text, `{file: …}`, `{env: …}` or `{credential: …}`. */
export function secret<T>(reads: Format<T>, doc: string): Leaf<T | null> {
  return { ...optional(reads, doc), sensitive: true };
}

/** One of several secrets, by name: a password like `secret`, or the hash of one. */
export function passwordOrHash(reads: Format<string>, doc: string): Leaf<string> {
  return { ...required(reads, doc), sensitive: true, hashes: true };
}

export function required<T>(reads: Format<T>, doc: string): Leaf<T> {
  return make(reads, "required", null, doc, "required");
}

/** A setting that the file alone has. */
export function inFileOnly<S extends Leaf<unknown> | ListOf<SchemaNode>>(setting: S): S {
  return { ...setting, fileOnly: true };
}

/** A setting whose default the loader computes; `shown` says from what. */
export function derived<T>(reads: Format<T>, doc: string, shown: string): Leaf<T> {
  return make(reads, "derived", null, doc, shown);
}

export function mapOf<I extends SchemaGroup | Leaf<unknown>>(items: I, doc: string, names?: Format<string>): MapOf<I> {
  return { format: "Object", default: {}, doc, container: "map", items, ...(names ? { names } : {}) };
}

export function listOf<I extends SchemaNode>(
  items: I,
  doc: string,
  fallback: { value: NoInfer<ConfigOf<I>>[]; shown: string } = { value: [], shown: "none" },
  minimum = 0,
): ListOf<I> {
  return { format: "Array", default: fallback.value, doc, container: "list", items, shown: fallback.shown, minimum, single: false };
}

/** A list of at least `minimum` items that may be written as the item alone while there is only one. */
export function oneOrMore<I extends SchemaNode>(
  items: I,
  doc: string,
  minimum: 0 | 1,
  shown = minimum === 0 ? "none" : "required",
): ListOf<I> {
  return { ...listOf(items, doc, { value: [], shown }, minimum), single: true };
}

function make<T>(reads: Format<T>, presence: Leaf<T>["presence"], fallback: T | null, doc: string, shown: string): Leaf<T> {
  const mayBeNull = presence === "optional" || presence === "derived";
  return { format: reads.name, default: fallback, doc, reads, presence, nullable: mayBeNull, sensitive: false, shown };
}

function nullable<T>(reads: Format<T>): Format<T | null> {
  return { ...reads, write: (value) => (value === null ? "" : reads.write(value)) };
}

export function isLeaf(node: SchemaNode): node is Leaf<unknown> {
  return "reads" in node && typeof node.presence === "string";
}
export function isMapOf(node: SchemaNode): node is MapOf<SchemaGroup | Leaf<unknown>> {
  return "container" in node && node.container === "map";
}
export function isListOf(node: SchemaNode): node is ListOf<SchemaNode> {
  return "container" in node && node.container === "list";
}

export function isShortList(node: SchemaNode): node is ShortList {
  return isListOf(node) && node.short !== undefined;
}

/** A list of groups that can be written in one line. */
export type ShortList = ListOf<SchemaGroup> & Required<Pick<ListOf<SchemaGroup>, "short">>;

/** A setting that the environment and arguments can give too. */
export interface Setting {
  path: string;
  node: Leaf<unknown> | ListOf<Leaf<unknown>> | ShortList;
  /** `PINBUS_MQTT_SERVER` */
  env: string;
  /** `mqtt-server`; absent for a secret, which must not stand in a process list. */
  arg?: string;
}

/** Every setting that has a fixed path and may stand elsewhere than in the file, in the order of the schema. */
export function settingsOf(group: SchemaGroup, prefix = ""): Setting[] {
  return Object.entries(group).flatMap(([key, node]): Setting[] => {
    const path = `${prefix}${key}`;
    if ((isLeaf(node) || isListOf(node)) && node.fileOnly) return [];
    if (isLeaf(node)) return [{ path, node, env: envOf(path), ...(node.sensitive ? {} : { arg: path.replaceAll(/[._]/g, "-") }) }];
    if (isListOf(node)) {
      const { items } = node;
      const names = { env: envOf(path), arg: path.replaceAll(/[._]/g, "-") };
      if (isLeaf(items)) return [{ path, node: { ...node, items }, ...names }];
      return isShortList(node) ? [{ path, node, ...names }] : [];
    }
    return isMapOf(node) ? [] : settingsOf(node, `${path}.`);
  });
}

/** The path in capitals, `_` between. */
function envOf(path: string): string {
  return `PINBUS_${path.replaceAll(".", "_").toUpperCase()}`;
}

/** The same schema with each setting's environment variable written on it, where convict looks for it. */
export function withNames<S extends SchemaGroup>(group: S): S {
  const named = new Map(settingsOf(group).map((setting) => [setting.path, setting.env]));
  const walk = (node: SchemaNode, path: string): SchemaNode => {
    const env = named.get(path);
    if (env !== undefined) return { ...node, env } as SchemaNode;
    if (isLeaf(node) || isMapOf(node) || isListOf(node)) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, path === "" ? key : `${path}.${key}`)]));
  };
  return walk(group, "") as S;
}
