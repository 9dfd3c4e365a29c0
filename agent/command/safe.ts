import { openPwmDriver } from "../../gpio/pwm-registry.ts";
import { openDriver } from "../../gpio/registry.ts";
import { openJournal } from "../../systemd/journal.ts";
import { exit } from "../exit.ts";
import { driveSafe } from "../safe-outputs.ts";
import { createLog } from "../shell/log.ts";
import { connectAgent } from "./client.ts";
import { type Command, CommandError, complain, configOptions, loadOrFail, print, readArgs } from "./command.ts";

/**
 * `pinbus safe`: without a running agent, drives every output and PWM to its `on_crash` state after a crash, to `on_exit` otherwise.
 * systemd runs it after every end of the agent and says in SERVICE_RESULT how that was; a person runs it after a crash.
 */
export const safe: Command = {
  usage: "[--config FILE]",
  summary: "without a running agent: drive every output to its safe state",
  async run(args) {
    const { values } = readArgs(args, configOptions, { min: 0, max: 0 });
    const config = loadOrFail(values, "leave");
    if (config.gpio.driver === "sim") {
      print("the simulated board ended with its agent: nothing to drive");
      return exit.ok;
    }
    if (await answers(config.control.socket))
      throw new CommandError(exit.refused, "an agent is running and holds the lines: stop it first, or use `pinbus set`");
    const crashed = (process.env.SERVICE_RESULT ?? "crash") !== "success";
    const journal = openJournal(process.env);
    const log = journal
      ? createLog({ level: "info", secrets: [], journal: (entry) => journal.write(entry) })
      : { info: print, warn: print, error: complain };
    const driver = await openDriver(config.gpio.driver).catch((error: Error) => {
      throw new CommandError(exit.refused, error.message);
    });
    const pwm = openPwmDriver();
    const failures = await driveSafe(config, { lines: driver, pwm }, crashed, log);
    pwm.close();
    driver.close();
    await journal?.close();
    return failures === 0 ? exit.ok : exit.refused;
  },
};

async function answers(socket: string): Promise<boolean> {
  try {
    (await connectAgent(socket)).close();
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.code === exit.unreachable) return false;
    throw error;
  }
}
