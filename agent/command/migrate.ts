import { existsSync, statSync } from "node:fs";
import { whyUnwritten } from "../../config/file-words.ts";
import { type Migration, migrate, migrations } from "../../config/migrate.ts";
import { formatProblem } from "../../config/problem.ts";
import { diffLines } from "../../config/text-diff.ts";
import { parseYaml } from "../../config/yaml.ts";
import { exit } from "../exit.ts";
import { replaceFile } from "../shell/atomic-file.ts";
import { CommandError, complain, print } from "./command.ts";
import { readConfigText } from "./config-text.ts";

/**
 * `pinbus check --migrate`: the lines that change when a file gets the newest form; with `write` it gets it, and the old one is kept beside
 * it. Returns the exit code. `table` is given by tests.
 */
export async function migrateFile(file: string, write: boolean, table: readonly Migration[] = migrations): Promise<number> {
  const text = readConfigText(file);
  const result = migrate(text, parseYaml(text), table);
  if (!result.ok) {
    complain(formatProblem({ file, ...result.problem, severity: "error" }));
    return exit.config;
  }
  if (!result.changed) {
    print(`${file} has the newest form (version ${result.to}): nothing to do`);
    return exit.ok;
  }
  for (const { kind, text: line } of diffLines(text, result.text)) if (kind !== "same") print(`${kind === "gone" ? "-" : "+"} ${line}`);
  if (!write) {
    print(`${file} has the form of version ${result.from}; \`pinbus check --migrate --write\` makes version ${result.to} of it`);
    return exit.ok;
  }
  const backup = `${file}.v${result.from}`;
  if (existsSync(backup)) throw new CommandError(exit.refused, `${backup} is there already; move it away, then try again`);
  try {
    const rights = statSync(file);
    await replaceFile(backup, text, rights);
    await replaceFile(file, result.text, rights);
  } catch (error) {
    throw new CommandError(exit.refused, `${file} could not be written: ${whyUnwritten(error)}`, error);
  }
  print(`${file} has the form of version ${result.to} now; the old one is ${backup}`);
  return exit.ok;
}
