import { closeSync, existsSync, fchownSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { configFile, defaultConfigFile } from "../../config/load.ts";
import { exit } from "../exit.ts";
import { type Command, CommandError, columns, configOptions, print, readArgs } from "./command.ts";

/** `pinbus init`: a commented configuration to start from. Never overwrites one. */
export const init: Command = {
  usage: "[--example [NAME]] [--config FILE]",
  summary: "write a commented starter configuration; --example alone lists what there is",
  async run(args) {
    const at = args.indexOf("--example");
    if (at >= 0 && (args[at + 1] ?? "-").startsWith("-")) {
      for (const line of exampleLines()) print(line);
      return exit.ok;
    }
    const { values } = readArgs(args, { ...configOptions, example: { type: "string" } }, { min: 0, max: 0 });
    const name = values.example ?? "starter";
    if (!exampleNames().includes(name))
      throw new CommandError(exit.usage, [`there is no example ${JSON.stringify(name)}; there are`, ...exampleLines()].join("\n"));
    const file = configFile(process.env, values);
    if (existsSync(file)) throw new CommandError(exit.refused, `${file} exists and is not overwritten; name another with --config`);
    try {
      mkdirSync(dirname(file), { recursive: true });
      const created = openSync(file, "wx", 0o640);
      try {
        writeFileSync(created, readExample(name));
        // As `pinbus passwd`: the service may read what is in /etc/pinbus.
        const { uid, gid } = statSync(dirname(file));
        if (process.getuid?.() === 0) fchownSync(created, uid, gid);
      } finally {
        closeSync(created);
      }
    } catch (error) {
      throw new CommandError(exit.refused, `${file} could not be written: ${(error as Error).message}; name another file with --config`);
    }
    print(`${file} is written. Edit it, then:`);
    for (const step of nextSteps(name, file)) print(`  ${step}`);
    return exit.ok;
  },
};

/** What to type next, so that it runs. */
function nextSteps(name: string, file: string): string[] {
  const users = name === "owlcms-broker" ? [`pinbus passwd ${join(dirname(file), "owlcms.users")} owlcms`] : [];
  const start = file === defaultConfigFile ? "systemctl restart pinbus" : `pinbus run --config ${file}`;
  return [...users, `pinbus check --config ${file}`, start];
}

/** One line for each: its name, and what the first line of the file says. */
function exampleLines(): string[] {
  return columns(exampleNames().map((name) => [`  ${name}`, readExample(name).split("\n")[0]?.replace(/^# /, "") ?? ""]));
}

const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config", "examples");

export function readExample(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), "utf8");
}

function exampleNames(): string[] {
  return readdirSync(folder).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -5)] : []));
}
