import convict from "convict";
import { isLeaf, isListOf, isMapOf, type SchemaGroup, type SchemaNode } from "./leaf.ts";

const known = new Set<string>();

/** convict's formats are global: each is registered once, when a schema that uses it is first met. */
function register(node: SchemaNode): void {
  if (isLeaf(node)) {
    if (known.has(node.format)) return;
    known.add(node.format);
    const { read, write } = node.reads;
    convict.addFormat({
      name: node.format,
      validate(value: unknown) {
        // A time is a number by now, which its format reads only with a unit. The value is not repeated: it may be a secret.
        if (!read(value).ok && !read(write(value)).ok) throw new Error(`does not have the format "${node.format}"`);
      },
      coerce(value: unknown) {
        const reading = read(value);
        return reading.ok ? reading.value : value;
      },
    });
  } else if (isMapOf(node) || isListOf(node)) register(node.items);
  else for (const child of Object.values(node)) register(child);
}

export interface Layers {
  /** Weaker than the file: defaults that the machine decides. */
  derived?: Record<string, string>;
  env?: NodeJS.ProcessEnv;
  /** Stronger than the environment: path → text. */
  args?: Record<string, string>;
}

/**
 * Lets convict put the layers of a configuration on top of each other and add the defaults. Every value has been read before,
 * so a complaint of convict is a bug here, and is thrown. Maps from ids to items have one layer, the file, and stay as they are.
 */
export function complete(schema: SchemaGroup, values: Record<string, unknown>, layers: Layers = {}): Record<string, unknown> {
  const loaded = open(schema, layers.env ?? {});
  for (const [path, value] of Object.entries(layers.derived ?? {})) loaded.set(path, value);
  loaded.load(withoutMaps(schema, values));
  for (const [path, value] of Object.entries(layers.args ?? {})) loaded.set(path, value);
  loaded.validate({ allowed: "strict" });
  return withMaps(schema, loaded.getProperties(), values);
}

function withoutMaps(group: SchemaGroup, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const node = group[key];
      if (node !== undefined && isMapOf(node)) return [];
      return [[key, node !== undefined && isGroup(node) ? withoutMaps(node, value as Record<string, unknown>) : value]];
    }),
  );
}

/** In the order of the schema. */
function withMaps(group: SchemaGroup, loaded: Record<string, unknown>, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group).map(([key, node]) => {
      if (isMapOf(node)) return [key, values[key] ?? {}];
      if (!isGroup(node)) return [key, loaded[key]];
      const inner = (part: Record<string, unknown>) => (part[key] ?? {}) as Record<string, unknown>;
      return [key, withMaps(node, inner(loaded), inner(values))];
    }),
  );
}

/** One item of a map or list, to which convict adds no defaults: they are those of its own schema. */
export function completeItem(schema: SchemaGroup, values: Record<string, unknown>): Record<string, unknown> {
  return { ...defaultsOf(schema), ...completeGroups(schema, values) };
}

function defaultsOf(schema: SchemaGroup): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).map(([key, node]) => [key, defaultOf(node)]));
}

function defaultOf(node: SchemaNode): unknown {
  if (isGroup(node)) return defaultsOf(node);
  return typeof node.default === "object" && node.default !== null ? structuredClone(node.default) : node.default;
}

/** Groups inside an item are items of their own, as far as defaults go. */
function completeGroups(schema: SchemaGroup, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const node = schema[key];
      if (node === undefined || isLeaf(node) || isMapOf(node) || isListOf(node)) return [key, value];
      return [key, completeItem(node, value as Record<string, unknown>)];
    }),
  );
}

function open(schema: SchemaGroup, env: NodeJS.ProcessEnv): convict.Config<Record<string, unknown>> {
  register(schema);
  // convict would read process.argv and process.env if they were not passed; its own types know no nullable leaf.
  return convict<Record<string, unknown>>(bare(schema) as unknown as convict.Schema<Record<string, unknown>>, { env, args: [] });
}

/** What convict looks at: it copies each setting with all that is in it, which of a list is the schema of its items. */
function bare(group: SchemaGroup): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group).flatMap(([key, node]): [string, unknown][] => {
      if (isMapOf(node)) return [];
      if (isGroup(node)) return [[key, bare(node)]];
      const { format, default: fallback, env } = node;
      return [[key, { format, default: fallback, ...(isLeaf(node) && { nullable: node.nullable }), ...(env !== undefined && { env }) }]];
    }),
  );
}

function isGroup(node: SchemaNode): node is SchemaGroup {
  return !isLeaf(node) && !isMapOf(node) && !isListOf(node);
}
