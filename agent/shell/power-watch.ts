import type { HostValues } from "./host.ts";
import type { Log } from "./log.ts";

/** Writes down when the supply of a Pi becomes too weak, and when it is good again. */
export class PowerWatch {
  readonly #log: Log;
  /** By what was read last, too low now, and too low at some time since the boot. */
  #now = false;
  #sinceBoot = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What was read of the machine, every time. Other machines tell nothing about their supply. */
  read(values: HostValues): void {
    const [now, sinceBoot] = [values["host/under_voltage/now"], values["host/under_voltage/since_boot"]];
    if (now === undefined || sinceBoot === undefined) return;
    const low = now === "ON";
    if (low && !this.#now) this.#warn("the supply voltage is too low: inputs may chatter; use a stronger supply and a better cable");
    // The firmware remembers the dips between two looks.
    else if (!low && sinceBoot === "ON" && !this.#sinceBoot)
      this.#warn("the supply voltage was too low since the boot: use a stronger supply and a better cable");
    else if (!low && this.#now) this.#log.info("the supply voltage is good again", { event: "power-good" });
    this.#now = low;
    this.#sinceBoot = sinceBoot === "ON";
  }

  #warn(message: string): void {
    this.#log.warn(message, { event: "power-low" });
  }
}
