import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { suggest } from "../../config/suggest.ts";
import { exit } from "../exit.ts";
import { CommandError, columns } from "./command.ts";

/** Where the examples are. */
export const exampleFolder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config", "examples");

export function readExample(name: string): string {
  return readFileSync(join(exampleFolder, `${name}.yaml`), "utf8");
}

export function exampleNames(): string[] {
  return readdirSync(exampleFolder).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -5)] : []));
}

/** One line for each: its name, and what the first line of the file says. */
export function exampleLines(): string[] {
  return columns(exampleNames().map((name) => [`  ${name}`, readExample(name).split("\n")[0]?.replace(/^# /, "") ?? ""]));
}

/** Whether `--example` stands there without a name: then the examples are listed. */
export function asksForExamples(args: readonly string[]): boolean {
  const at = args.indexOf("--example");
  return at >= 0 && (args[at + 1] ?? "-").startsWith("-");
}

/** Throws a CommandError with the list, exit 64, when there is no such example. */
export function checkExample(name: string): void {
  const names = exampleNames();
  if (names.includes(name)) return;
  const close = suggest(name, names);
  const asked = close === undefined ? "" : `; did you mean ${close}?`;
  throw new CommandError(exit.usage, [`there is no example ${JSON.stringify(name)}${asked}`, "There are", ...exampleLines()].join("\n"));
}
