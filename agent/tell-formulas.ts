import { derivationText } from "../config/derive.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "./shell/log.ts";

/**
 * Says by which formula each vapour pressure deficit is computed: those in use differ by up to a quarter, and setpoints belong to one of them.
 * After a reload only what `before` had otherwise.
 */
export function tellFormulas({ derive }: Config, log: Pick<Log, "info">, before?: Config): void {
  for (const [id, one] of Object.entries(derive)) {
    if (one.vpd === null) continue;
    const text = derivationText(one);
    const old = before?.derive[id];
    if (old === undefined || derivationText(old) !== text) log.info(`${id}: ${text}`);
  }
}
