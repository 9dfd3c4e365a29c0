import { isLeaf, isListOf, isMapOf, type SchemaNode } from "./leaf.ts";
import { type Config, schema } from "./schema.ts";

/** One setting that differs between two configurations, or one item of a map that only one of them has. */
export interface SettingChange {
  /** `outputs.lamp.max_on`; `outputs.lamp` for an item that came or went. */
  path: string;
  /** As it would be written in the file; null for an item that is not there. A secret reads `(hidden)`. */
  before: string | null;
  after: string | null;
}

/** What differs, in the order of the schema; defaults and derived values included, since they count as much as what is written. */
export function diffConfig(before: Config, after: Config): SettingChange[] {
  return differences(schema, before, after, "");
}

function differences(node: SchemaNode, before: unknown, after: unknown, path: string): SettingChange[] {
  if (isLeaf(node) || isListOf(node)) {
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ path, before: textOf(node, before), after: textOf(node, after) }];
  }
  const [old, now] = [record(before), record(after)];
  if (!isMapOf(node)) {
    return Object.entries(node).flatMap(([key, child]) => differences(child, old[key], now[key], path === "" ? key : `${path}.${key}`));
  }
  const ids = [...Object.keys(old), ...Object.keys(now).filter((id) => !Object.hasOwn(old, id))];
  return ids.flatMap((id): SettingChange[] => {
    const at = `${path}.${id}`;
    if (!Object.hasOwn(now, id)) return [{ path: at, before: itemText(node.items, old[id]), after: null }];
    if (!Object.hasOwn(old, id)) return [{ path: at, before: null, after: itemText(node.items, now[id]) }];
    return differences(node.items, old[id], now[id], at);
  });
}

function textOf(node: SchemaNode, value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (isLeaf(node)) return node.sensitive ? "(hidden)" : node.reads.write(value);
  if (isListOf(node)) {
    const items = Array.isArray(value) ? value.map((item) => textOf(node.items, item)) : [];
    return items.length === 0 ? "none" : items.join(", ");
  }
  if (isMapOf(node)) {
    const items = Object.entries(record(value)).map(([id, item]) => `${id}: ${itemText(node.items, item)}`);
    return items.length === 0 ? "none" : `{ ${items.join(", ")} }`;
  }
  return itemText(node, value);
}

/** The settings of an item that are not as they are by default: `{ line: GPIO27, max_on: 2h }`; all of them when there are none. */
function itemText(node: SchemaNode, value: unknown): string {
  if (isLeaf(node) || isListOf(node) || isMapOf(node)) return textOf(node, value);
  const given = Object.entries(node).filter(([key]) => record(value)[key] !== null && record(value)[key] !== undefined);
  const own = given.filter(([key, child]) => {
    const text = JSON.stringify(record(value)[key]);
    if (isListOf(child) || isMapOf(child)) return text !== JSON.stringify(child.default);
    return !isLeaf(child) || text !== JSON.stringify(child.default);
  });
  const parts = (own.length > 0 ? own : given).map(([key, child]) => {
    const text = textOf(child, record(value)[key]);
    return `${key}: ${isListOf(child) ? `[${text}]` : text}`;
  });
  return `{ ${parts.join(", ")} }`;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
