import { findLine, type Lines } from "./board.ts";
import type { LineName } from "./line.ts";
import type { PwmAddress, PwmDriver } from "./pwm.ts";
import { findPwm } from "./pwm-board.ts";
import { openSimPwm, type SimPwmBoard } from "./pwm-sim.ts";
import { openSysfsPwm } from "./pwm-sysfs.ts";

/** The PWM of the simulated board when there is one, else the kernel's. Nothing is opened yet: a machine without PWM has none to complain of. */
export function openPwmDriver(board?: SimPwmBoard): PwmDriver {
  return board ? openSimPwm(board) : openSysfsPwm();
}

/** The channel that a person named by its line, or by its chip. Throws LineError "no-line" and "no-chip". */
export function resolvePwm(
  place: { line: LineName } | { chip: string; channel: number },
  lines: Lines,
  pwm: Pick<PwmDriver, "chips">,
): PwmAddress {
  return "line" in place ? findPwm(findLine(place.line, lines), pwm.chips()) : place;
}
