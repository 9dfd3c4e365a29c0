import { setTimeout } from "node:timers/promises";
import { findLine } from "../../gpio/board.ts";
import { openPwmDriver, resolvePwm } from "../../gpio/pwm-registry.ts";
import { openDriver } from "../../gpio/registry.ts";
import { openJournal } from "../../systemd/journal.ts";
import { planOf } from "../core/plan.ts";
import { levelText } from "../core/pwm.ts";
import type { PwmPlace } from "../core/pwm-plan.ts";
import { exit } from "../exit.ts";
import { openOnceGiven, openPwm } from "../shell/pwm-line.ts";
import { connectAgent } from "./client.ts";
import { type Command, CommandError, complain, configOptions, loadOrFail, print, readArgs } from "./command.ts";

/**
 * `pinbus safe`: without a running agent, drives every output to its `on_crash` state after a crash, to `on_exit` otherwise.
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
    // After a crash somebody must see it among the warnings.
    const journal = openJournal(process.env);
    const say = (message: string) => (journal ? journal.write({ message, priority: crashed ? 4 : 6, fields: {} }) : print(message));
    const driver = await openDriver(config.gpio.driver).catch((error: Error) => {
      throw new CommandError(exit.refused, error.message);
    });
    let failures = 0;
    const pwms = openPwmDriver();
    const places = { driver: pwms, resolve: (place: PwmPlace) => resolvePwm(place, driver, pwms) };
    for (const output of planOf(config).outputs) {
      const { id, line, onCrash, onExit, pwm } = output;
      const wanted = crashed ? onCrash : onExit;
      if (wanted === "keep") continue;
      try {
        const level = pwm === null ? 0 : ((crashed ? pwm.onCrash : pwm.onExit) ?? 0);
        if (pwm !== null)
          (
            await openOnceGiven(() => openPwm(output, pwm, { ...places, startLevel: () => level }, level, { gone() {} }), setTimeout)
          ).close();
        else {
          const active = config.outputs[id]?.active ?? "high";
          const request = { ...findLine(line, driver), active, consumer: `pinbus-safe:${id}`, initial: wanted === "on" };
          driver.openOutput(request, { gone() {} }).close();
        }
        say(`${id} ${pwm === null || level === 0 ? wanted : levelText(pwm, level)}: ${crashed ? "on_crash" : "on_exit"}`);
      } catch (error) {
        failures++;
        complain(`${id} could not be driven ${wanted}: ${(error as Error).message}`);
      }
    }
    pwms.close();
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
