import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { dropInText, unitLines } from "../doctor/drop-in.ts";
import { exit } from "../exit.ts";
import { installSteps, Refusal } from "../installation/install.ts";
import { type Step, thisMachine } from "../installation/machine.ts";
import { uninstallSteps } from "../installation/uninstall.ts";
import { readVersion } from "../version.ts";
import { type Command, CommandError, complain, configOptions, loadedOrFail, print, readArgs, usageError } from "./command.ts";

const words = ["install", "uninstall", "drop-in"];

/** `pinbus service`: makes a service of a program from npm, and undoes that; `drop-in` prints what the unit lacks for this configuration. */
export const service: Command = {
  usage: "install [--dry-run] | uninstall [--purge] [--dry-run] | drop-in [--config FILE]",
  summary:
    "install the service of a pinbus from npm, remove it again (--purge: with configuration and state), or print what pinbus.service needs besides for this configuration (sysfs, sensors, other folders)",
  async run(args) {
    const options = { ...configOptions, "dry-run": { type: "boolean" }, purge: { type: "boolean" } } as const;
    const { values, positionals } = readArgs(args, options, { min: 1, max: 1 });
    const [word = ""] = positionals;
    if (!words.includes(word)) throw usageError(`service takes ${words.join(", ")}, not ${JSON.stringify(word)}`);
    if (values.purge && word !== "uninstall") throw usageError("--purge goes with uninstall");
    if (values["dry-run"] && word === "drop-in") throw usageError("drop-in only prints: leave --dry-run out");
    if (values.config !== undefined && word !== "drop-in") throw usageError("--config goes with drop-in");
    if (word === "drop-in") return printDropIn(values);
    const dry = values["dry-run"] === true;
    if (!dry && process.getuid?.() !== 0)
      throw new CommandError(
        exit.refused,
        `only root may do this: sudo pinbus ${["service", ...args].join(" ")}; --dry-run shows what it does`,
      );
    const steps = await refusable(() =>
      word === "install" ? installSteps(thisMachine, ownProgram()) : uninstallSteps(thisMachine, { purge: values.purge === true }),
    );
    if (steps.length === 0) print("`pinbus service install` has put nothing here: nothing to do");
    return perform(steps, dry);
  },
};

function printDropIn(values: { config?: string | undefined }): number {
  const text = dropInText(unitLines(loadedOrFail(values, "leave")));
  if (text === undefined) complain("pinbus: this configuration needs no drop-in: pinbus.service is enough as it is");
  // Not `print`: lines stay lines, and a file of systemd is what is wanted.
  else process.stdout.write(text);
  return exit.ok;
}

/** The program that runs now, by its real path: npm puts a link into the PATH. */
function ownProgram() {
  const home = realpathSync(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")));
  return { home, node: process.execPath, version: readVersion() };
}

async function refusable(look: () => Promise<Step[]>): Promise<Step[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Refusal) throw new CommandError(exit.refused, error.message, error);
    throw error;
  }
}

/** Says each step, and does it unless it is only asked what it would be. */
async function perform(steps: readonly Step[], dry: boolean): Promise<number> {
  let code: number = exit.ok;
  for (const { say, do: act, failed } of steps) {
    print(dry ? `would ${say}` : say);
    if (dry) continue;
    try {
      await act();
    } catch (error) {
      const { message } = error as Error;
      if (failed === undefined) throw new CommandError(exit.refused, `${message}; mend it, then try again`, error);
      if (failed === "") continue;
      complain(`pinbus: ${failed} (${message})`);
      code = exit.refused;
    }
  }
  return code;
}
