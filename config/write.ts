import { formatLineName, type LineName } from "../gpio/line.ts";
import { line } from "./formats.ts";
import { isLeaf, isListOf, isMapOf, type Leaf, type ListOf, type MapOf, type SchemaGroup, type SchemaNode } from "./leaf.ts";
import { type Config, schema } from "./schema.ts";

/**
 * A configuration as a file that `loadConfig` reads back to the same: YAML, without what is as it is by default and without secrets and
 * the user name that goes with one.
 * For recordings, which must be readable where they were not made.
 */
export function writeConfig(config: Config): string {
  // A user name without its password would be refused.
  const open: Config = { ...config, mqtt: { ...config.mqtt, username: null } };
  const lines = Object.entries(schema).flatMap(([key, node]) => {
    const value = open[key as keyof Config];
    const text = isMapOf(node) ? writeMap(node, value) : write(node, value);
    return text === undefined ? [] : `${key}: ${text}\n`;
  });
  return lines.join("");
}

/** One line for each item. */
function writeMap(node: MapOf<SchemaGroup>, value: unknown): string | undefined {
  const parts = partsOf(node, value);
  return parts.length === 0 ? undefined : `{\n  ${parts.join(",\n  ")}\n}`;
}

function partsOf(node: Exclude<SchemaNode, Leaf<unknown> | ListOf<SchemaNode>>, value: unknown): string[] {
  const record = Object.entries(typeof value === "object" && value !== null ? value : {});
  return record.flatMap(([key, child]) => {
    const own = isMapOf(node) ? node.items : node[key];
    const text = own && write(own, child, isMapOf(node));
    return text === undefined ? [] : `${JSON.stringify(key)}: ${text}`;
  });
}

/** Flow style, in one line; undefined for what need not be written. */
function write(node: SchemaNode, value: unknown, item = false): string | undefined {
  if (isLeaf(node)) {
    if (node.sensitive || value === null || value === undefined) return undefined;
    if (!item && node.presence === "default" && JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
    if (node.reads === line) return writeLine(value as LineName);
    const text = node.reads.write(value);
    return typeof value === "object" ? text : JSON.stringify(text);
  }
  if (isListOf(node)) {
    if (!Array.isArray(value) || JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
    return `[${value.map((one) => write(node.items, one, true)).join(", ")}]`;
  }
  const parts = partsOf(node, value);
  return parts.length === 0 && !item ? undefined : `{ ${parts.join(", ")} }`;
}

/** What `line` writes is for people: `GPIO17` is read as a name, and not as the number that it came from. */
function writeLine(value: LineName): string {
  if (value.kind === "gpio") return String(value.gpio);
  return value.kind === "offset"
    ? `{ chip: ${JSON.stringify(value.chip)}, offset: ${value.offset} }`
    : JSON.stringify(formatLineName(value));
}
