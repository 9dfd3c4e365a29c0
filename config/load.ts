import { dirname, isAbsolute, join, resolve } from "node:path";
import { check } from "./check.ts";
import { complete } from "./complete.ts";
import { viewBeside } from "./control.ts";
import { countingDefaults } from "./counting.ts";
import { readGiven } from "./environment.ts";
import { type Host, installedNodeName, nodeName } from "./host.ts";
import { expandInlineValues } from "./inline-values.ts";
import { keyDefaults } from "./keys.ts";
import { type Migration, migrate, migrations } from "./migrate.ts";
import { readOwlcms } from "./owlcms.ts";
import { expandPlugs } from "./plugs.ts";
import { byPlace, type Place, type Problem } from "./problem.ts";
import { type Config, schema } from "./schema.ts";
import { decodeText, type FileReading, maxConfigBytes, pipePatience, readBounded, tooLarge } from "./text.ts";
import { walk } from "./walk.ts";
import { parseYaml } from "./yaml.ts";

export const defaultConfigFile = "/etc/pinbus/pinbus.yaml";

/** A file that is no configuration at all has one in each line. */
const maxProblems = 100;

export interface LoadOptions {
  /** The file; default: `args.config`, `PINBUS_CONFIG`, `/etc/pinbus/pinbus.yaml`. */
  file?: string;
  /** The content, when it is there already; `file` then only names it. Bytes are checked to be UTF-8. */
  text?: string | Buffer;
  env: NodeJS.ProcessEnv;
  /** Options of the command line by name (`config`, `mqtt-server`, …); what is no setting is not looked at. */
  args: Readonly<Record<string, unknown>>;
  host: Host;
  /** `leave` does not read secrets (`mqtt.password` is null then): for clients that may not read them. Default `read`. */
  secrets?: "read" | "leave";
  /** How long, in ms, the process may wait for a pipe; an agent that holds lines waits for none. Default: 5 s. */
  patience?: number;
  /** How files of older versions become new ones; given by tests. */
  migrations?: readonly Migration[];
}

export type LoadResult =
  | {
      ok: true;
      config: Config;
      file: string;
      /** The files and folders of pinbus itself: this file, and what it names besides logs. */
      files: readonly string[];
      warnings: Problem[];
      notes: Problem[];
      /** What the environment and the arguments give: each setting with its variable or argument. */
      given: ReadonlyMap<string, string>;
      /** Where a setting comes from: `pinbus.yaml:3:7`, `PINBUS_MQTT_SERVER`, `--mqtt-server` or `default`. */
      sourceOf(path: string): string;
    }
  /** Every problem at once, in the order of the file; warnings and notes included. */
  | { ok: false; file: string; problems: Problem[] };

/** Which file is read when nobody passes one. */
export function configFile(env: NodeJS.ProcessEnv, args: Readonly<Record<string, unknown>> = {}): string {
  return typeof args.config === "string" ? args.config : env.PINBUS_CONFIG || defaultConfigFile;
}

/** Reads, merges and checks the whole configuration. Never throws: what is wrong comes back as problems. */
export function loadConfig(options: LoadOptions): LoadResult {
  const { env, args, host, patience = pipePatience } = options;
  const file = options.file ?? (options.text === undefined ? configFile(env, args) : "configuration");
  const whole = { file, line: 0, column: 0 };
  const refuse = (problem: Pick<Problem, "message" | "fix">, at: Place = whole): LoadResult => ({
    ok: false,
    file,
    problems: [{ ...at, message: problem.message, fix: problem.fix, severity: "error" }],
  });

  const reading = options.text === undefined ? readBounded(file, maxConfigBytes, patience) : bytesOf(options.text);
  if (!reading.ok) {
    const missing = file === defaultConfigFile && reading.message === "there is no such file";
    return refuse(missing ? { message: reading.message, fix: "write one with `pinbus init` or name another with --config" } : reading);
  }
  const decoded = decodeText(reading.bytes);
  if (!decoded.ok) return refuse(decoded, { file, line: decoded.line, column: decoded.column });

  const parsed = parseYaml(decoded.text);
  const migrated = migrate(decoded.text, parsed, options.migrations ?? migrations);
  if (!migrated.ok) return refuse(migrated.problem, { file, ...migrated.problem });
  const { tree, faults } = migrated.changed ? parseYaml(migrated.text) : parsed;
  const base = dirname(resolve(file));
  const files = options.text === undefined ? [resolve(file)] : [];
  const named = (path: string) => {
    files.push(path);
    return path;
  };
  const walked = walk(schema, tree, {
    file,
    env,
    secrets: options.secrets ?? "read",
    patience,
    exposed: reading.stats?.isFile() === true && (reading.stats.mode & 0o004) !== 0,
    resolve: (path) => named(isAbsolute(path) ? path : join(base, path)),
  });
  const owlcms = readOwlcms(walked.values, env, args);
  const given = readGiven(schema, env, args, (path) => named(resolve(path)), owlcms.variables);
  for (const [path, items] of given.lists) put(walked.values, path, items);
  const config = complete(schema, walked.values, { derived: { node: nodeName(host) }, env: given.env, args: given.args }) as Config;
  if (!walked.places.has("node") && !given.from.has("node")) config.node = installedNodeName(host, config.state_dir);
  countingDefaults(config.inputs, (path) => walked.places.has(path));
  keyDefaults(config.inputs, (path) => walked.places.has(path));
  owlcms.setPorts(config.broker, given);
  config.control.view ??= viewBeside(config.control.socket);
  for (const section of ["homeassistant", "homie"] as const) config[section].discovery ??= walked.places.has(section) ? "true" : "false";

  const place = (path: string): Place => {
    const name = given.from.get(path) ?? given.from.get(path.replace(/\[.*/, ""));
    return name ? { file: name, line: 0, column: 0 } : (walked.places.get(path) ?? whole);
  };
  const syntax = faults.map((fault): Problem => ({ file, ...fault, severity: "error" }));
  // What could not be parsed at all would only look empty to the checks.
  const found =
    tree === undefined && faults.length > 0
      ? []
      : check(config, { ids: walked.ids, unread: new Set([...walked.unread, ...given.unread]), place });
  const older: Problem[] = migrated.changed
    ? [
        {
          ...(walked.places.get("version") ?? whole),
          // The text that was read is the new one, which has other lines where keys have moved.
          message: `the file has the form of version ${migrated.from}, and lines are counted as in version ${migrated.to}`,
          fix: `\`pinbus check --migrate\` shows what it becomes in version ${migrated.to}`,
          severity: "warning",
        },
      ]
    : [];
  const problems = [...older, ...syntax, ...walked.problems, ...given.problems, ...owlcms.problems, ...found].sort(byPlace);
  if (problems.some((problem) => problem.severity === "error")) return { ok: false, file, problems: bound(problems, whole) };
  const sourceOf = (path: string): string => {
    const { file: name, line, column } = place(path);
    if (line > 0) return `${name}:${line}:${column}`;
    return name === file ? "default" : name;
  };
  expandInlineValues(config);
  expandPlugs(config);
  return {
    ok: true,
    config,
    file,
    files: [...files, config.state_dir],
    warnings: problems.filter(({ severity }) => severity === "warning"),
    notes: problems.filter(({ severity }) => severity === "note"),
    given: given.from,
    sourceOf,
  };
}

/** Sets what a path such as `broker.listeners` names. */
function put(values: Record<string, unknown>, path: string, value: unknown): void {
  const [key = "", ...rest] = path.split(".");
  if (rest.length === 0) {
    values[key] = value;
    return;
  }
  const group = { ...(values[key] as Record<string, unknown> | undefined) };
  put(group, rest.join("."), value);
  values[key] = group;
}

function bound(problems: Problem[], whole: Place): Problem[] {
  const rest = problems.length - maxProblems;
  if (rest <= 0) return problems;
  const more: Problem = { ...whole, message: `${rest} more problems`, fix: "solve these first", severity: "error" };
  return [...problems.slice(0, maxProblems), more];
}

function bytesOf(text: string | Buffer): FileReading {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  if (bytes.length <= maxConfigBytes) return { ok: true, bytes };
  return tooLarge(maxConfigBytes);
}
