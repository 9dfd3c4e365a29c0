import { gpioOf } from "../../../config/lines.ts";
import type { Config } from "../../../config/schema.ts";
import { pwmOverlay } from "../../../gpio/pwm-overlay.ts";
import { problem, type Remark } from "../finding.ts";
import { kept, say, told } from "../sentence.ts";
import type { BootSettings } from "./boot-config.ts";

/** The lines of the header that are to carry PWM. */
export function pwmUses({ pwm }: Config): { id: string; gpio: number }[] {
  return Object.entries(pwm).flatMap(([id, { line }]) => {
    const gpio = line === null ? undefined : gpioOf(line);
    return gpio === undefined ? [] : { id, gpio };
  });
}

/** A line carries the PWM of its chip only if the firmware was told so. */
export function withoutPwm(path: string, { takers }: BootSettings, uses: readonly { id: string; gpio: number }[]): Remark[] {
  const gives = takers.filter(({ device }) => device === "PWM");
  const overlay = pwmOverlay(uses.map(({ gpio }) => gpio));
  return uses.flatMap(({ id, gpio }) => {
    const taker = takers.find(({ gpios, device }) => device !== "PWM" && gpios.includes(gpio));
    const who = say`pwm ${told(id)}`;
    if (taker !== undefined)
      return problem(
        say`${who}: ${told(taker.device)} takes GPIO${gpio} (${kept("setting", taker.setting)} in ${told(path)})`,
        say`take another line`,
      );
    if (gives.some(({ gpios }) => gpios.includes(gpio))) return [];
    const what = say`${who}: nothing gives GPIO${gpio} the PWM in ${told(path)}`;
    return overlay === undefined
      ? problem(what, say`take two of GPIO12, 13, 18 and 19`)
      : problem(what, say`add ${told(overlay)} to ${told(path)} in place of other pwm overlays, then sudo reboot`);
  });
}
