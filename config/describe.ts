import { isLeaf, isListOf, isMapOf, type Leaf, type ListOf, type MapOf, type SchemaGroup, type SchemaNode } from "./leaf.ts";
import { schema } from "./schema.ts";

const head = `# Configuration

One YAML file: \`--config FILE\`, else \`PINBUS_CONFIG\`, else \`/etc/pinbus/pinbus.yaml\`. An argument (\`--mqtt-server\`) is stronger than
the environment (\`PINBUS_MQTT_SERVER\`), the environment than the file, the file than the default. \`pinbus check\` names everything
that is wrong, at once and with its place; \`pinbus init\` writes a file to start from.

- Times are written \`20ms\`, \`5s\`, \`10m\`, \`2h\`, \`1d\`. YAML is version 1.2: \`on\`, \`off\`, \`yes\` and \`no\` are words.
- Ids are 1 to 32 of the characters a-z, 0-9 and \`-\`. Inputs, outputs, PWM, sensors and derived values share them: no id stands twice.
- A line is a GPIO number (\`17\`), a header pin (\`pin11\`), the line's name (\`GPIO17\`) or \`{chip: LABEL, offset: 3}\`.
- Relative paths in the file are relative to the file, others to the current directory. A list in a variable or an argument has commas; an
  empty variable counts as not set. A map such as \`inputs\` stands in the file only.
- A secret is written \`{file: PATH}\`, \`{env: NAME}\`, \`{credential: NAME}\` (of systemd) or as text. It is never shown and there is no
  argument for it.
`;

/** A setting as people read it; texts are Markdown. */
export interface Row {
  name: string;
  fallback: string;
  values: string;
  doc: string;
  env: string;
}

/** A top key of the file with all that is below it. */
export interface Section {
  title: string;
  doc: string;
  rows: Row[];
}

/** The whole of `docs/configuration.md`, from the schema alone. */
export function describeConfig(): string {
  const parts = sections().flatMap(({ title, doc, rows }) => ["", `## ${title}`, "", ...(doc ? [doc, ""] : []), table(rows)]);
  return `${[head.trimEnd(), ...parts].join("\n")}\n`;
}

/** What holds for the whole file, as paragraphs and list items of Markdown, without the heading. */
export function describeFile(): string {
  return head.slice(head.indexOf("\n")).trim();
}

/** Every setting, from the schema: first those without a section. */
export function sections(): Section[] {
  const plain = Object.entries(schema).filter(([, node]) => isLeaf(node));
  const others = Object.entries(schema).filter(([, node]) => !isLeaf(node));
  return [
    { title: "General", doc: "", rows: plain.map(([key, node]) => row(key, node)) },
    ...others.map(([key, node]) => ({ title: key, ...describe(key, node) })),
  ];
}

function describe(path: string, node: SchemaNode): Omit<Section, "title"> {
  if (isLeaf(node)) return { doc: "", rows: [row(path, node)] };
  if (isMapOf(node)) return { doc: node.doc, rows: itemRows(`${path}.ID`, node.items) };
  if (isListOf(node)) return { doc: node.doc, rows: isLeaf(node.items) ? [row(path, node)] : listRows(path, node) };
  return { doc: "", rows: rowsOf(node, `${path}.`) };
}

function rowsOf(group: SchemaGroup, prefix: string): Row[] {
  return Object.entries(group).flatMap(([key, node]): Row[] => {
    const path = `${prefix}${key}`;
    if (isLeaf(node)) return [row(path, node)];
    if (isListOf(node)) return listRows(path, node);
    return isMapOf(node) ? mapRows(path, node) : rowsOf(node, `${path}.`);
  });
}

function listRows(path: string, node: ListOf<SchemaNode>): Row[] {
  const own = row(path, node);
  const { items } = node;
  return isLeaf(items) || isMapOf(items) || isListOf(items) ? [own] : [own, ...rowsOf(items, `${path}[].`)];
}

function itemRows(path: string, items: SchemaGroup | Leaf<unknown>): Row[] {
  return isLeaf(items) ? [row(path, items)] : rowsOf(items, `${path}.`);
}

function mapRows(path: string, node: MapOf<SchemaGroup | Leaf<unknown>>): Row[] {
  const own = { name: path, fallback: "none", values: "a map", doc: node.doc, env: "" };
  return [own, ...itemRows(`${path}.NAME`, node.items)];
}

function row(path: string, node: SchemaNode): Row {
  const env = "env" in node && typeof node.env === "string" ? `\`${node.env}\`` : "";
  if (isLeaf(node)) {
    const fallback = node.presence === "default" ? `\`${node.shown}\`` : node.shown;
    return { name: path, fallback, values: node.reads.shape, doc: node.doc, env };
  }
  if (isListOf(node)) return { name: path, fallback: node.shown, values: valuesOf(node), doc: node.doc, env };
  throw new TypeError(`${path} is no setting`);
}

function valuesOf({ items, single, short }: ListOf<SchemaNode>): string {
  const shape = isLeaf(items)
    ? `: ${items.reads.shape}`
    : short && single
      ? `, or ${short.shape}`
      : short
        ? `; in a variable or an argument, with commas between: ${short.shape}`
        : "";
  return `${single ? "one, or a list" : "a list"}${shape}`;
}

function table(rows: Row[]): string {
  const withEnv = rows.some(({ env }) => env !== "");
  const cells = (...texts: string[]): string => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  const tail = (env: string): string[] => (withEnv ? [env] : []);
  return [
    cells("setting", "default", "values", "meaning", ...tail("variable")),
    cells("---", "---", "---", "---", ...tail("---")),
    ...rows.map(({ name, fallback, values, doc, env }) => cells(`\`${name}\``, fallback, values, doc, ...tail(env))),
  ].join("\n");
}
