import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { configFile } from "../../config/load.ts";
import { exit } from "../exit.ts";
import { type Command, CommandError, configOptions, print, readArgs } from "./command.ts";

/** `pinbus init`: a commented configuration to start from. Never overwrites one. */
export const init: Command = {
  usage: "[--example NAME] [--config FILE]",
  summary: "write a commented starter configuration",
  async run(args) {
    const { values } = readArgs(args, { ...configOptions, example: { type: "string" } }, { min: 0, max: 0 });
    const names = exampleNames();
    const name = values.example ?? "starter";
    if (!names.includes(name))
      throw new CommandError(exit.usage, `there is no example ${JSON.stringify(name)}; there are ${names.join(", ")}`);
    const file = configFile(process.env, values);
    if (existsSync(file)) throw new CommandError(exit.refused, `${file} exists and is not overwritten; name another with --config`);
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, readExample(name), { mode: 0o640, flag: "wx" });
    } catch (error) {
      throw new CommandError(exit.refused, `${file} could not be written: ${(error as Error).message}; name another file with --config`);
    }
    print(`${file} is written. Edit it, then: pinbus check --config ${file}`);
    return exit.ok;
  },
};

const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config", "examples");

export function readExample(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), "utf8");
}

function exampleNames(): string[] {
  return readdirSync(folder).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -5)] : []));
}
