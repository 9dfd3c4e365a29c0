/** What config.txt needs so that the header's lines carry the PWM of the chip. This file imports nothing, so that checks can read it too. */

/** The lines of the header that can carry PWM → the function of the overlay; the same numbers on all boards. Source: overlays/README of the firmware. */
const functions: ReadonlyMap<number, number> = new Map([
  [12, 4],
  [13, 4],
  [18, 2],
  [19, 2],
]);

export const pwmGpios: readonly number[] = [...functions.keys()];

/** The line for config.txt that gives these GPIOs to the PWM; undefined when there is none, or none for so many. */
export function pwmOverlay(gpios: readonly number[]): string | undefined {
  const [first, second, third] = [...new Set(gpios)].sort((a, b) => a - b);
  if (first === undefined || third !== undefined) return undefined;
  const pin = `pin=${first},func=${functions.get(first)}`;
  if (second === undefined) return `dtoverlay=pwm,${pin}`;
  return first === 18 && second === 19 ? "dtoverlay=pwm-2chan" : `dtoverlay=pwm-2chan,${pin},pin2=${second},func2=${functions.get(second)}`;
}
