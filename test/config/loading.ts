import { type LoadOptions, type LoadResult, loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import type { Config } from "../../config/schema.ts";

export const host = { hostname: "attic", machineId: "0123456789abcdef0123456789abcdef" };

/** Loads a text with nothing around it: no environment, no arguments, a fixed machine. */
export function load(text: string | Buffer, options: Partial<LoadOptions> = {}): LoadResult {
  return loadConfig({ text, file: "pinbus.yaml", env: {}, args: {}, host, ...options });
}

/** The configuration of a text that is right; throws what is wrong with it. */
export function configOf(text: string, options: Partial<LoadOptions> = {}): Config {
  const result = load(text, options);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.config;
}

/** Everything that is said about a text, one line each. */
export function saidAbout(result: LoadResult): string[] {
  return (result.ok ? [...result.warnings, ...result.notes] : result.problems).map(formatProblem);
}
