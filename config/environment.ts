import { path } from "./formats.ts";
import { type Format, isLeaf, type Leaf, type Reading, type SchemaGroup, type Setting, settingsOf } from "./leaf.ts";
import type { Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";

/** What the environment and the arguments say, as far as it is right. */
export interface Given {
  env: Record<string, string>;
  args: Record<string, string>;
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
 * Paths in them are relative to `cwd`, not to the file.
 */
export function readGiven(
  schema: SchemaGroup,
  env: NodeJS.ProcessEnv,
  args: Readonly<Record<string, unknown>>,
  resolve: (path: string) => string,
): Given {
  const given: Given = { env: {}, args: {}, from: new Map(), problems: [], unread: new Set() };
  const settings = settingsOf(schema);
  for (const setting of settings) {
    const variable = env[setting.env];
    const argument = setting.arg === undefined ? undefined : args[setting.arg];
    if (variable) {
      const value = readText(setting, variable, resolve, setting.env, given.problems);
      if (value === undefined) given.unread.add(setting.path);
      else {
        given.env[setting.env] = value;
        given.from.set(setting.path, setting.env);
      }
    }
    if (typeof argument === "string") {
      const value = readText(setting, argument, resolve, `--${setting.arg}`, given.problems);
      if (value === undefined) given.unread.add(setting.path);
      else {
        given.args[setting.path] = value;
        given.from.set(setting.path, `--${setting.arg}`);
      }
    }
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

/** The text that convict reads as the same value again, or undefined and a problem. */
function readText(
  setting: Setting,
  value: string,
  resolve: (path: string) => string,
  name: string,
  problems: Problem[],
): string | undefined {
  const { node } = setting;
  const readings = isLeaf(node)
    ? [readOne(node, value)]
    : value
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .map((part) => readOne(node.items, part));
  const texts: string[] = [];
  for (const reading of readings) {
    if (reading.ok) texts.push(reading.value);
    else
      problems.push({ file: name, line: 0, column: 0, message: `${setting.path}: ${reading.what}`, fix: reading.fix, severity: "error" });
  }
  if (texts.length < readings.length) return undefined;
  const text = texts.join(",");
  return node.format === path.name ? resolve(text) : text;
}

function readOne(leaf: Leaf<unknown>, value: string): Reading<string> {
  const format: Format<unknown> = leaf.reads;
  const reading = format.read(value);
  if (reading.ok) return { ok: true, value: format.write(reading.value) };
  return leaf.sensitive ? { ok: false, what: "this is not text in one line", fix: "write 1 to 1024 characters" } : reading;
}
