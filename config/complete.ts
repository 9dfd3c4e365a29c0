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
 * so a complaint of convict is a bug here, and is thrown.
 */
export function complete(schema: SchemaGroup, values: Record<string, unknown>, layers: Layers = {}): Record<string, unknown> {
  const loaded = open(schema, layers.env ?? {});
  for (const [path, value] of Object.entries(layers.derived ?? {})) loaded.set(path, value);
  const { rest, aside } = setAside(schema, values);
  loaded.load(rest);
  for (const [path, value] of Object.entries(layers.args ?? {})) loaded.set(path, value);
  loaded.validate({ allowed: "strict" });
  const properties = loaded.getProperties();
  for (const { group, name, value } of aside) {
    const inside = group.reduce((outer, key) => outer[key] as Record<string, unknown>, properties);
    inside[name] = value;
  }
  return properties;
}

/** Maps with any names: convict would take a dot in one for a step of a path. */
function setAside(schema: SchemaGroup, values: Record<string, unknown>, group: readonly string[] = []) {
  const rest: Record<string, unknown> = {};
  const aside: { group: readonly string[]; name: string; value: unknown }[] = [];
  for (const [name, value] of Object.entries(values)) {
    const node = schema[name];
    if (node === undefined || isLeaf(node) || isListOf(node)) rest[name] = value;
    else if (!isMapOf(node)) {
      const inside = setAside(node, value as Record<string, unknown>, [...group, name]);
      rest[name] = inside.rest;
      aside.push(...inside.aside);
    } else if (isLeaf(node.items)) aside.push({ group, name, value });
    else rest[name] = value;
  }
  return { rest, aside };
}

/** One item of a map or list, to which convict adds no defaults: they are those of its own schema. */
export function completeItem(schema: SchemaGroup, values: Record<string, unknown>): Record<string, unknown> {
  return { ...defaultsOf(schema), ...completeGroups(schema, values) };
}

function defaultsOf(schema: SchemaGroup): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).map(([key, node]) => [key, defaultOf(node)]));
}

function defaultOf(node: SchemaNode): unknown {
  if (!isLeaf(node) && !isMapOf(node) && !isListOf(node)) return defaultsOf(node);
  return typeof node.default === "object" ? structuredClone(node.default) : node.default;
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
  return convict<Record<string, unknown>>(schema as unknown as convict.Schema<Record<string, unknown>>, { env, args: [] });
}
