import type { ParseArgsConfig } from "node:util";
import { parseArgs } from "node:util";
import { viewBeside } from "../../config/control.ts";
import { settingOptions } from "../../config/environment.ts";
import { readHost } from "../../config/host.ts";
import { type LoadOptions, type LoadResult, loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import { type Config, schema } from "../../config/schema.ts";
import { isJournalStream } from "../../systemd/fds.ts";
import { exit } from "../exit.ts";
import { printable } from "../shell/printable.ts";

/** One subcommand: `cli.ts` has the table, each file here does one of them. */
export interface Command {
  /** Shown after the name: `<output> on|off`. */
  usage: string;
  summary: string;
  /** Returns the exit code. */
  run(args: string[]): Promise<number>;
}

/** Ends a command with a sentence on stderr and an exit code. */
export class CommandError extends Error {
  readonly code: number;
  constructor(code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** A line of the result, safe on a terminal whatever an id or a cause contains. */
export function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** A line about a problem; in the journal it is an error and not a remark. */
export function complain(text: string): void {
  const priority = isJournalStream(process.env, 2) ? "<3>" : "";
  for (const line of text.split("\n")) process.stderr.write(`${priority}${printable(line)}\n`);
}

export function usageError(message: string): CommandError {
  return new CommandError(exit.usage, message);
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options and words of a command line; throws a usage error for what is not known. */
export function readArgs<const O extends Options>(args: string[], options: O, words: { min: number; max: number }) {
  const parsed = (() => {
    try {
      return withNumbers(parseArgs({ args: args.map(hidden), options, allowPositionals: true, strict: true }));
    } catch (error) {
      throw usageError((error as Error).message.split(". ")[0] ?? "the command line is wrong");
    }
  })();
  const { length } = parsed.positionals;
  if (length < words.min) throw usageError("a word is missing");
  if (length > words.max) throw usageError(`${JSON.stringify(parsed.positionals[words.max])} is one word too many`);
  return parsed;
}

/** In front of a number: no word of a command line can have it. */
const mark = "\0";

/** `-5` is a number and no option, wherever it stands. */
function hidden(word: string): string {
  return /^-\d/.test(word) ? mark + word : word;
}

/** What was hidden, as it was typed. */
function withNumbers<P extends { values: object; positionals: string[] }>(parsed: P): P {
  const shown = <T>(value: T): T => (typeof value === "string" && value.startsWith(mark) ? (value.slice(mark.length) as T) : value);
  const values = Object.fromEntries(
    Object.entries(parsed.values).map(([name, value]) => [name, Array.isArray(value) ? value.map(shown) : shown(value)]),
  );
  return { ...parsed, values, positionals: parsed.positionals.map(shown) };
}

/** Every command that reads the configuration takes these. */
export const configOptions = { config: { type: "string" } } as const;
/** `run` and `check` take every setting as an argument as well: `--mqtt-server 192.168.1.10`. */
export const settings = { ...configOptions, ...settingOptions(schema) };
/** Every command that talks to a running agent takes these. */
export const socketOptions = { ...configOptions, socket: { type: "string" } } as const;

export function load(
  args: Readonly<Record<string, unknown>>,
  secrets: "read" | "leave",
  more: Pick<LoadOptions, "patience"> = {},
): LoadResult {
  return loadConfig({ env: process.env, args, host: readHost(), secrets, ...more });
}

/** The configuration, or exit 78 with every problem on stderr. Warnings go to stderr too. */
export function loadOrFail(args: Readonly<Record<string, unknown>>, secrets: "read" | "leave" = "read"): Config {
  return loadedOrFail(args, secrets).config;
}

/** The same with where its settings come from. */
export function loadedOrFail(args: Readonly<Record<string, unknown>>, secrets: "read" | "leave" = "read"): LoadResult & { ok: true } {
  const result = load(args, secrets);
  const said = result.ok ? result.warnings : result.problems;
  for (const problem of said) complain(formatProblem(problem));
  if (result.ok) return result;
  throw new CommandError(exit.config, `the configuration ${result.file} cannot be used: ${countOf(result.problems)}`);
}

export function countOf(problems: readonly { severity: string }[]): string {
  const count = problems.filter(({ severity }) => severity === "error").length;
  return numbered(count, "problem");
}

/** `1 rule`, `2 rules`. */
export function numbered(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

type SocketArgs = { socket?: string | undefined; config?: string | undefined };

/** `--socket`, PINBUS_CONTROL_SOCKET, else the configuration's, else the default: a person who may not read the file can still use the socket. */
export function socketPath(args: SocketArgs): string {
  return socketPaths(args).socket;
}

/** The same with the one that may only look. */
export function socketPaths(args: SocketArgs): { socket: string; view: string } {
  const both = (socket: string) => ({ socket, view: viewBeside(socket) });
  const given = args.socket ?? process.env.PINBUS_CONTROL_SOCKET;
  if (given) return both(given);
  const result = load(args, "leave");
  if (result.ok) return result.config.control;
  if (args.config !== undefined || process.env.PINBUS_CONFIG) loadOrFail(args, "leave");
  return both("/run/pinbus/control.sock");
}

/** `500ms`, `5s`, `2m` as milliseconds, for options that take a time. */
export function durationOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = "ms"] = /^(\d{1,9}(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  if (digits === undefined || factor === undefined)
    throw usageError(`--${name} takes a time like 500ms or 5s, not ${JSON.stringify(text)}`);
  return Math.round(Number(digits) * factor);
}

/** `10:33:12` of this machine's time; with the day when that is not today. */
export function localTime(iso: string, now: Date): string {
  const time = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

/** Rows of one length as lines, with their cells below each other; a column that is empty everywhere is left out. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .flatMap((cell, column) => (widths[column] === 0 ? [] : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
