import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "../agent/shell/fixture.ts";

/**
 * `/sys/class/pwm` of a Pi 4 with `dtoverlay=pwm-2chan`, as files: names, links and first values as the kernel has them
 * (drivers/pwm/core.c and sysfs.c). Files do not act by themselves: both channels are exported already, and what the kernel would refuse is
 * taken. The order of the writes is tested for that.
 */
export class PwmTree {
  readonly chip = "fe20c000.pwm";
  readonly root: string;
  readonly #device: string;
  readonly #away: string;

  constructor({ exported = [0, 1] }: { exported?: readonly number[] } = {}) {
    const sys = tempFolder();
    this.root = join(sys, "class/pwm");
    this.#device = join(sys, "devices/platform/soc", this.chip);
    this.#away = join(sys, "away");
    const chip = join(this.#device, "pwm/pwmchip3");
    mkdirSync(chip, { recursive: true });
    mkdirSync(this.root, { recursive: true });
    symlinkSync("../../../fe20c000.pwm", join(chip, "device"));
    symlinkSync(chip, join(this.root, "pwmchip3"));
    for (const [name, text] of Object.entries({ npwm: "2\n", export: "", unexport: "" })) writeFileSync(join(chip, name), text);
    for (const channel of exported) this.export(channel);
  }

  folder(channel: number): string {
    return join(this.root, "pwmchip3", `pwm${channel}`);
  }

  /** What the kernel does when a channel is exported. */
  export(channel: number): void {
    mkdirSync(this.folder(channel));
    const values = { period: "0\n", duty_cycle: "0\n", polarity: "normal\n", enable: "0\n" };
    for (const [name, text] of Object.entries(values)) writeFileSync(join(this.folder(channel), name), text);
  }

  read(channel: number, name: string): string {
    return readFileSync(join(this.folder(channel), name), "utf8").split("\n")[0] ?? "";
  }

  signal(channel: number): { periodNs: number; dutyNs: number; inverted: boolean } | undefined {
    const asked = readFileSync(join(this.root, "pwmchip3/unexport"), "utf8").trim();
    if (asked === String(channel) || !existsSync(this.folder(channel)) || this.read(channel, "enable") !== "1") return undefined;
    const [periodNs = 0, dutyNs = 0] = ["period", "duty_cycle"].map((name) => Number(this.read(channel, name)));
    return { periodNs, dutyNs, inverted: this.read(channel, "polarity") === "inversed" };
  }

  removeChip(): void {
    renameSync(this.#device, this.#away);
  }

  /** As another device, with channels that nobody has exported; here they are, since files cannot do it themselves. */
  returnChip(): void {
    renameSync(this.#away, this.#device);
    for (const channel of [0, 1]) {
      rmSync(this.folder(channel), { recursive: true });
      this.export(channel);
    }
  }
}
