import type { Config } from "../config/schema.ts";
import { findLine } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import { stateWord } from "./core/output.ts";
import { planOf } from "./core/plan.ts";
import type { Log } from "./shell/log.ts";

/**
 * Without an agent: drives every output that is not kept to its `on_crash` state after a crash, to `on_exit` otherwise, and lets the line go.
 * Returns how many could not be driven.
 */
export function driveSafe(config: Config, driver: Driver, crashed: boolean, log: Pick<Log, "info" | "warn" | "error">): number {
  let failures = 0;
  for (const { id, line, onCrash, onExit } of planOf(config).outputs) {
    const wanted = crashed ? onCrash : onExit;
    if (wanted === "keep") continue;
    const why = crashed ? "on_crash" : "on_exit";
    const fields = { output: id, state: stateWord(wanted === "on"), cause: why };
    try {
      const active = config.outputs[id]?.active ?? "high";
      const request = { ...findLine(line, driver), active, consumer: `pinbus-safe:${id}`, initial: wanted === "on" };
      driver.openOutput(request, { gone() {} }).close();
      // After a crash somebody must see it among the warnings.
      log[crashed ? "warn" : "info"](`${id} ${wanted}: ${why}`, { event: "made-safe", ...fields });
    } catch (error) {
      failures++;
      log.error(`${id} could not be driven ${wanted}: ${(error as Error).message}`, { event: "output-failed", ...fields });
    }
  }
  return failures;
}
