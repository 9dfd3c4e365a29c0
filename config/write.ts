import { formatLineName, type LineName } from "../gpio/line.ts";
import { line } from "./formats.ts";
import { isLeaf, isListOf, isMapOf, type SchemaNode } from "./leaf.ts";
import { type Config, schema } from "./schema.ts";

/**
 * A configuration as a file that `loadConfig` reads back to the same: YAML, without what is as it is by default and without secrets and
 * the user name that goes with one.
 * For recordings, which must be readable where they were not made.
 */
export function writeConfig(config: Config): string {
  const { mqtt, broker } = config;
  // A user name without its password would be refused.
  const users = broker.username === null ? broker.users : { ...broker.users, [broker.username]: "" };
  const open: Config = { ...config, mqtt: { ...mqtt, username: null }, broker: { ...broker, username: null, users } };
  const lines = Object.entries(schema).flatMap(([key, node]) => {
    const text = write(node, open[key as keyof Config]);
    return text === undefined ? [] : `${key}: ${text}\n`;
  });
  return lines.join("");
}

/** Flow style, one line for each setting at the top; undefined for what need not be written. */
function write(node: SchemaNode, value: unknown, item = false, inside = false): string | undefined {
  if (isLeaf(node)) {
    if (node.sensitive || value === null || value === undefined) return undefined;
    if (!item && node.presence === "default" && JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
    // The same for one that may be left out.
    if (node.reads.read === line.read) return writeLine(value as LineName);
    const text = node.reads.write(value);
    return typeof value === "object" ? text : JSON.stringify(text);
  }
  if (isListOf(node)) {
    if (!Array.isArray(value) || JSON.stringify(value) === JSON.stringify(node.default)) return undefined;
    return `[${value.map((one) => write(node.items, one, true)).join(", ")}]`;
  }
  // That there are some counts where nobody else comes in.
  if (isMapOf(node) && isLeaf(node.items) && node.items.sensitive)
    return Object.keys(value ?? {}).length === 0 ? undefined : "{ hidden: { file: hidden } }";
  const record = Object.entries(typeof value === "object" && value !== null ? value : {});
  const parts = record.flatMap(([key, child]) => {
    const own = isMapOf(node) ? node.items : node[key];
    const text = own && write(own, child, isMapOf(node), true);
    return text === undefined ? [] : `${JSON.stringify(key)}: ${text}`;
  });
  if (parts.length === 0 && !item) return undefined;
  return isMapOf(node) && !inside ? `{\n  ${parts.join(",\n  ")}\n}` : `{ ${parts.join(", ")} }`;
}

/** What `line` writes is for people: `GPIO17` is read as a name, and not as the number that it came from. */
function writeLine(value: LineName): string {
  if (value.kind === "gpio") return String(value.gpio);
  return value.kind === "offset"
    ? `{ chip: ${JSON.stringify(value.chip)}, offset: ${value.offset} }`
    : JSON.stringify(formatLineName(value));
}
