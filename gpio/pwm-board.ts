import { type BoardKind, describeLine, headerChips } from "./board.ts";
import { LineError } from "./errors.ts";
import type { LineAddress } from "./line.ts";
import type { PwmAddress, PwmChip } from "./pwm.ts";
import { pwmGpios, pwmOverlay } from "./pwm-overlay.ts";

/** A PWM chip of a board whose channels reach the header. */
interface HeaderPwm {
  /** By the address of its registers: the rest of the name is another one on each board. */
  device: RegExp;
  /** GPIO → channel. */
  channels: ReadonlyMap<number, number>;
}

/**
 * Pi 5: PWM0 of the RP1 has four channels (RP1 Peripherals, GPIO functions). Pi 1 to 4: PWM0 of the SoC has two, each of which two lines can
 * carry (BCM2835 ARM Peripherals, table 6-31); PWM1 of the Pi 4, at 20c800, is its audio.
 */
const headerPwms: readonly HeaderPwm[] = [
  {
    device: /^1f00098000\.pwm$/,
    channels: new Map([
      [12, 0],
      [13, 1],
      [18, 2],
      [19, 3],
    ]),
  },
  {
    device: /^[0-9a-f]*20c000\.pwm$/,
    channels: new Map([
      [12, 0],
      [18, 0],
      [13, 1],
      [19, 1],
    ]),
  },
];

/** The PWM chip of each simulated board, as its kernel names it. */
export const boardPwms: Record<BoardKind, PwmChip> = {
  pi1: { device: "2020c000.pwm", name: "pwmchip0", channels: 2 },
  pi4: { device: "fe20c000.pwm", name: "pwmchip0", channels: 2 },
  pi5: { device: "1f00098000.pwm", name: "pwmchip0", channels: 4 },
};

/** The channel that a line of the header carries. Throws LineError: "no-line" when it carries none, "no-chip" with the overlay that is missing. */
export function findPwm(line: LineAddress, chips: readonly PwmChip[]): PwmAddress {
  if (!headerChips.includes(line.chip) || !pwmGpios.includes(line.offset))
    throw new LineError("no-line", `${describeLine(line)} has no PWM: take GPIO12, 13, 18 or 19, or name a chip and its channel`);
  for (const { device, channels } of headerPwms) {
    const chip = chips.find((there) => device.test(there.device));
    const channel = channels.get(line.offset);
    if (chip && channel !== undefined) return { chip: chip.device, channel };
  }
  throw new LineError(
    "no-chip",
    `no PWM for ${describeLine(line)} is here: write ${pwmOverlay([line.offset])} into /boot/firmware/config.txt and boot again`,
  );
}
