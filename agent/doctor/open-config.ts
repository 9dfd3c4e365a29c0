import { isLeaf, isListOf, isMapOf, type Leaf, type SchemaNode } from "../../config/leaf.ts";
import { type Config, schema } from "../../config/schema.ts";
import type { LineName } from "../../gpio/line.ts";

/**
 * Formats whose values are ids, numbers, times, or words of a fixed list: nobody writes a secret, a host or a path with them. Every other
 * setting is told as `(set)`, also one that is new.
 */
const toldFormats: readonly RegExp[] = [
  /^one of /,
  /^duration /,
  /^signed duration /,
  /^whole number /,
  /^(?:tcp|server) port$/,
  /^pulse duration /,
  /^debounce$/,
  /^id$/,
  /^ratio$/,
  /^broker lost$/,
  /^flash$/,
  /^beep$/,
  /^tone$/,
  /^time of day$/,
];

/** A setting as it may leave the machine. */
export type OpenValue = string | number | boolean | OpenValue[] | { [key: string]: OpenValue };

/** The configuration without text of anybody's: ids, lines, numbers, times and words of fixed lists, and of the rest only that it is set. */
export function openConfig(config: Config): OpenValue {
  return open(schema, config) ?? {};
}

/** Undefined for what is as it is by default. */
function open(node: SchemaNode, value: unknown, inside = false): OpenValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (isLeaf(node)) return openLeaf(node, value);
  if (isListOf(node)) {
    if (!Array.isArray(value) || JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
    return value.map((item) => open(node.items, item) ?? "(set)");
  }
  // The names are text of somebody's, as the values are.
  if (isMapOf(node) && isLeaf(node.items)) return Object.keys(value).length === 0 ? undefined : "(set)";
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const child = isMapOf(node) ? node.items : node[key];
    const told = child === undefined ? undefined : open(child, item, node !== schema);
    return told === undefined ? [] : [[key, told] as const];
  });
  // A map at the top is there even when it has nothing in it.
  return entries.length === 0 && (inside || !isMapOf(node)) ? undefined : Object.fromEntries(entries);
}

function openLeaf(node: Leaf<unknown>, value: unknown): OpenValue | undefined {
  if (node.presence === "default" && JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
  if (node.sensitive) return "(set)";
  if (node.reads.name === "line") return openLine(value as LineName);
  if (toldFormats.some((pattern) => pattern.test(node.reads.name))) return node.reads.write(value);
  return "(set)";
}

/** A number tells enough; the name of a line or of a chip is text of somebody's. */
function openLine(line: LineName): OpenValue {
  if (line.kind === "gpio") return `GPIO${line.gpio}`;
  if (line.kind === "pin") return `pin${line.pin}`;
  return line.kind === "offset" ? `line ${line.offset} of a chip` : "(a line by its name)";
}
