import { path } from "./formats.ts";
import { type Format, isLeaf, isShortList, type Leaf, type Reading, type SchemaGroup, type Setting, settingsOf } from "./leaf.ts";
import type { Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";

/** What the environment and the arguments say, as far as it is right. */
export interface Given {
  env: Record<string, string>;
  args: Record<string, string>;
  /** Path → the items of a list of groups, which convict cannot read from text. */
  lists: Map<string, unknown[]>;
  /** Path → the variable or argument that gives it. */
  from: Map<string, string>;
  problems: Problem[];
  /** Settings that a variable or an argument names without giving a right value. */
  unread: Set<string>;
}

/** The settings as options for `parseArgs` of node:util; its `values` are the `args` of `loadConfig`. */
export function settingOptions(schema: SchemaGroup): Record<string, { type: "string" }> {
  return Object.fromEntries(settingsOf(schema).flatMap(({ arg }) => (arg === undefined ? [] : [[arg, { type: "string" }]])));
}

/** Variables of ours that are no settings: where the file is, and what the tests are told. */
const otherVariables = ["PINBUS_CONFIG", "PINBUS_REQUIRE_ALL"];
const otherPrefixes = ["PINBUS_MACHINE_"];

/**
 * Reads `PINBUS_<PATH>` variables and arguments (`mqtt-server` → text). An empty variable counts as not set.
 * `others` are weaker variables by the path that they give. Paths in all of them are relative to `cwd`, not to the file.
 */
export function readGiven(
  schema: SchemaGroup,
  env: NodeJS.ProcessEnv,
  args: Readonly<Record<string, unknown>>,
  resolve: (path: string) => string,
  others: ReadonlyMap<string, string> = new Map(),
): Given {
  const given: Given = { env: {}, args: {}, lists: new Map(), from: new Map(), problems: [], unread: new Set() };
  const settings = settingsOf(schema);
  /** The value comes by `name`; `layer` is what convict gets it by. */
  const take = (setting: Setting, value: string, name: string, layer: "env" | "args") => {
    const texts = readTexts(setting, value, resolve, name, given.problems);
    if (texts === undefined) {
      given.unread.add(setting.path);
      return;
    }
    given.from.set(setting.path, name);
    if (isShortList(setting.node)) given.lists.set(setting.path, texts);
    else given[layer][layer === "env" ? setting.env : setting.path] = texts.join(",");
  };
  for (const setting of settings) {
    const variable = env[setting.env] ? setting.env : (others.get(setting.path) ?? "");
    const text = env[variable];
    if (text) take(setting, text, variable, "env");
    const argument = setting.arg === undefined ? undefined : args[setting.arg];
    if (typeof argument === "string") take(setting, argument, `--${setting.arg}`, "args");
  }
  const names = [...settings.map((setting) => setting.env), ...otherVariables];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("PINBUS_") || names.includes(name) || otherPrefixes.some((prefix) => name.startsWith(prefix))) continue;
    const close = suggest(
      name.slice("PINBUS_".length),
      names.map((known) => known.slice("PINBUS_".length)),
    );
    const fix = close ? `did you mean PINBUS_${close}?` : "remove it";
    given.problems.push({ file: name, line: 0, column: 0, message: "no setting has this variable", fix, severity: "warning" });
  }
  return given;
}

/** The texts that convict reads as the same values again, or the items themselves; undefined, and a problem, when one is wrong. */
function readTexts(
  { node, path: at }: Setting,
  value: string,
  resolve: (path: string) => string,
  name: string,
  problems: Problem[],
): unknown[] | undefined {
  const parts = value.split(",").flatMap((part) => part.trim() || []);
  const readings = isLeaf(node)
    ? [readOne(node, value)]
    : parts.map((part) => (isShortList(node) ? node.short.read(part) : readOne(node.items, part)));
  const values = readings.flatMap((reading) => {
    if (reading.ok) return [node.format === path.name ? resolve(String(reading.value)) : reading.value];
    problems.push({ file: name, line: 0, column: 0, message: `${at}: ${reading.what}`, fix: reading.fix, severity: "error" });
    return [];
  });
  return values.length < readings.length ? undefined : values;
}

function readOne(leaf: Leaf<unknown>, value: string): Reading<string> {
  const format: Format<unknown> = leaf.reads;
  const reading = format.read(value);
  if (reading.ok) return { ok: true, value: format.write(reading.value) };
  return leaf.sensitive ? { ok: false, what: "this is not text in one line", fix: "write 1 to 1024 characters" } : reading;
}
