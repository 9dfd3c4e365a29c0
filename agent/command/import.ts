import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readHost } from "../../config/host.ts";
import { defaultConfigFile, loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import { exit } from "../exit.ts";
import type { Remark } from "../import/foreign.ts";
import { readMqttio } from "../import/mqttio.ts";
import { type Command, CommandError, complain, print, readArgs, usageError } from "./command.ts";
import { readConfigText } from "./config-text.ts";
import { isStarter } from "./init.ts";
import { writeConfig } from "./init-files.ts";

/** Beside the configuration. */
const passwordFile = "mqtt.password";

/** `pinbus import mqtt-io FILE`: the configuration of another program as one of pinbus, and what is different in it. Never overwrites a file. */
export const importConfig: Command = {
  usage: "mqtt-io FILE [--write FILE]",
  summary: "make a configuration out of one of mqtt-io; says what is different and what could not be taken over",
  async run(args) {
    const { values, positionals } = readArgs(args, { write: { type: "string" } }, { min: 2, max: 2 });
    const [program = "", file = ""] = positionals;
    if (program !== "mqtt-io") throw usageError(`${JSON.stringify(program)} is not known; known is mqtt-io`);
    const imported = readMqttio(readConfigText(file), passwordFile);
    if ("faults" in imported) {
      for (const fault of imported.faults) complain(formatProblem({ ...fault, file, severity: "error" }));
      return exit.config;
    }
    const { text, password } = imported;
    const out = values.write;
    if (out === undefined) {
      for (const line of text.trimEnd().split("\n")) print(line);
      if (password !== null)
        complain(
          `${file}: to do: the password is not printed, write it into ${passwordFile} beside the configuration, with mode 640; --write does that`,
        );
    } else await write(out, text, password);
    const remarks = imported.remarks.all;
    for (const remark of remarks) complain(sentence(file, remark));
    const sound = check(out ?? defaultConfigFile, text);
    const left = remarks.filter(({ kind }) => kind === "left out").length;
    if (out !== undefined) {
      print(`${out} is written${password === null ? "" : `, and the password stands in ${join(dirname(out), passwordFile)}`}. Next:`);
      print(`  pinbus check --config ${out}`);
    }
    complain(`${summary(left, sound)}; docs/mqtt-io.md says what is different for all`);
    return left > 0 || !sound ? exit.refused : exit.ok;
  },
};

function summary(left: number, sound: boolean): string {
  if (left > 0) return `${left} ${left === 1 ? "thing was" : "things were"} left out`;
  return sound ? "everything was taken over" : "everything was taken over, but the result has to be mended";
}

function sentence(file: string, { kind, line, column, message, fix }: Remark): string {
  return `${line === 0 ? file : `${file}:${line}:${column}`}: ${kind}: ${message}, ${fix}`;
}

/** What `pinbus check` would say against it: two that share a line, for example. */
function check(file: string, text: string): boolean {
  const result = loadConfig({ file, text, env: {}, args: {}, host: readHost(), secrets: "leave" });
  for (const problem of result.ok ? result.warnings : result.problems) complain(`in the result: ${formatProblem(problem)}`);
  return result.ok;
}

/** The configuration and the file of its password: both or none. What the package has put there is replaced, if nobody has changed it. */
async function write(file: string, text: string, password: string | null): Promise<void> {
  const folder = dirname(resolve(file));
  const secret = join(folder, passwordFile);
  const replaces = existsSync(file) && isStarter(file);
  const taken = [...(existsSync(file) && !replaces ? [file] : []), ...(password !== null && existsSync(secret) ? [secret] : [])];
  for (const one of taken) throw new CommandError(exit.refused, `${one} exists and is not overwritten; name another file with --write`);
  await writeConfig(file, text, password === null ? null : { file: secret, password }, replaces);
}
