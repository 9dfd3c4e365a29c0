import { dropInText, unitLines } from "../doctor/drop-in.ts";
import { exit } from "../exit.ts";
import { type Command, complain, configOptions, loadedOrFail, readArgs, usageError } from "./command.ts";

/** `pinbus service drop-in`: the lines that the unit lacks for this configuration. */
export const service: Command = {
  usage: "drop-in [--config FILE]",
  summary: "print what pinbus.service needs besides for this configuration (sysfs, sensors, other folders)",
  async run(args) {
    const { values, positionals } = readArgs(args, configOptions, { min: 1, max: 1 });
    if (positionals[0] !== "drop-in") throw usageError(`service takes drop-in, not ${JSON.stringify(positionals[0])}`);
    const text = dropInText(unitLines(loadedOrFail(values, "leave")));
    if (text === undefined) complain("pinbus: this configuration needs no drop-in: pinbus.service is enough as it is");
    // Not `print`: lines stay lines, and a file of systemd is what is wanted.
    else process.stdout.write(text);
    return exit.ok;
  },
};
