import { setTimeout } from "node:timers/promises";
import type { Config } from "../config/schema.ts";
import { findLine, readOnce } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import type { PwmDriver } from "../gpio/pwm.ts";
import { resolvePwm } from "../gpio/pwm-registry.ts";
import { stateWord } from "./core/output-told.ts";
import { planOf } from "./core/plan.ts";
import { levelText } from "./core/pwm.ts";
import type { PwmPlace } from "./core/pwm-plan.ts";
import type { Log } from "./shell/log.ts";
import { openOnceGiven, openPwm } from "./shell/pwm-line.ts";

/** How lines and PWM are reached. */
export interface SafeDrivers {
  lines: Driver;
  pwm: PwmDriver;
}

/**
 * Without an agent: drives every output and PWM that is not kept to its `on_crash` state after a crash, to `on_exit` otherwise, and lets it go.
 * Resolves with how many could not be driven.
 */
export async function driveSafe(
  config: Config,
  { lines, pwm: pwms }: SafeDrivers,
  crashed: boolean,
  log: Pick<Log, "info" | "warn" | "error">,
): Promise<number> {
  let failures = 0;
  const known = readOnce(lines);
  const places = { driver: pwms, resolve: (place: PwmPlace) => resolvePwm(place, known, pwms) };
  for (const output of planOf(config).outputs) {
    const { id, line, onCrash, onExit, pwm } = output;
    const wanted = crashed ? onCrash : onExit;
    if (wanted === "keep") continue;
    if (line === null) {
      // It is reached over the broker, by an agent: without one its PulseTime ends it.
      const ends = output.plug?.failsafe === null ? "nothing ends it" : "it ends by its failsafe";
      log.info(`${id} is a plug, which is not reached from here; ${ends}`, { output: id });
      continue;
    }
    const why = crashed ? "on_crash" : "on_exit";
    const fields = { output: id, state: stateWord(wanted === "on"), cause: why };
    try {
      const level = pwm === null ? 0 : ((crashed ? pwm.onCrash : pwm.onExit) ?? 0);
      if (pwm === null) {
        const active = config.outputs[id]?.active ?? "high";
        const request = { ...findLine(line, known), active, consumer: `pinbus-safe:${id}`, initial: wanted === "on" };
        lines.openOutput(request, { gone() {} }).close();
      } else {
        const own = { ...places, startLevel: () => level };
        (await openOnceGiven(() => openPwm(output, pwm, own, level, { gone() {} }), setTimeout)).close();
      }
      // After a crash somebody must see it among the warnings.
      const told = pwm === null || level === 0 ? wanted : levelText(pwm, level);
      log[crashed ? "warn" : "info"](`${id} ${told}: ${why}`, { event: "made-safe", ...fields });
    } catch (error) {
      failures++;
      log.error(`${id} could not be driven ${wanted}: ${(error as Error).message}`, { event: "output-failed", ...fields });
    }
  }
  return failures;
}
