import type { Found, Report } from "./check.ts";
import { decimal } from "./clock-formats.ts";
import { checkSensorRef } from "./derive.ts";
import { duration, formatDuration, line, oneOf, text, wholeNumber } from "./formats.ts";
import { leaf, optional, required } from "./leaf.ts";
import { gpioOf } from "./lines.ts";
import { curve, level, levelOrKeep, pulseRange, pwmSilence } from "./pwm-formats.ts";
import type { Config, PwmConfig } from "./schema.ts";

const hour = 3_600_000;
const day = 24 * hour;

const chip = text(
  "pwm chip",
  "the device behind a PWM chip",
  /^[\w.:@-]{1,64}$/,
  "write the name at the end of `readlink /sys/class/pwm/pwmchip0/device`, like 1-0040",
);

export const pwmSchema = {
  line: optional(line, "The line that is driven: on the header GPIO12, 13, 18 or 19; see [pwm.md](pwm.md) for the overlay that it needs."),
  chip: optional(chip, "Instead of `line`: the device behind a PWM chip, for a board of its own; never its number, which moves."),
  channel: optional(wholeNumber(0, 63), "With `chip`: which channel of it."),
  kind: required(
    oneOf("fan", "dimmer", "servo"),
    "`fan` and `dimmer` take per cent; `servo` takes the length of its pulse in microseconds.",
  ),
  frequency: optional(
    wholeNumber(1, 1_000_000),
    "How often a second it goes on and off.",
    "25000 of a fan, 1000 of a dimmer, 50 of a servo",
  ),
  active: leaf(oneOf("high", "low"), "high", "The level on the wire that counts as on; `low` inverts the signal."),
  min: leaf(decimal(0, 100), 0, "Of a fan and a dimmer: below this it is off, because it would stall or flicker."),
  gamma: leaf(decimal(0.2, 5), 1, "Of a dimmer: the curve from per cent to light; 2.2 looks even to the eye."),
  pulse: leaf(pulseRange, [1000, 2000], "Of a servo: its shortest and its longest pulse. What is outside is refused."),
  neutral: optional(wholeNumber(400, 2600), "Of a servo: the pulse for ON before another one was asked for.", "the middle of `pulse`"),
  fade: leaf(duration(0, hour), 0, "How long it takes from one level to the next, when the command names no time."),
  on_start: leaf(level, 0, "The level that it gets when the agent starts."),
  on_exit: leaf(levelOrKeep, 0, "The level that it gets when the agent is stopped."),
  on_crash: optional(levelOrKeep, "The level that it gets after the agent has crashed.", "as `on_exit`"),
  max_on: optional(duration(10, 30 * day), "The longest time that it may stay on; then it is switched off.", "no limit"),
  on_broker_lost: optional(pwmSilence, "What it does when the broker was away for so long.", "nothing"),
  silence: optional(pwmSilence, "What it does when no command came for so long; each command starts that time anew.", "nothing"),
  curve: optional(curve, "Of a fan: it follows a sensor. A command holds until the curve asks for another level.", "none"),
};

/** Of each kind only; elsewhere it says nothing. */
const ofKinds = {
  min: ["fan", "dimmer"],
  gamma: ["dimmer"],
  pulse: ["servo"],
  neutral: ["servo"],
  fade: ["fan", "dimmer", "servo"],
  curve: ["fan"],
};

/** PWM: each has one place on one chip, and no level outside what it may do. */
export function checkPwm(config: Config, found: Found, report: Report): void {
  for (const [id, pwm] of Object.entries(config.pwm)) {
    const path = `pwm.${id}`;
    checkPlace(path, pwm, found, report);
    for (const [key, kinds] of Object.entries(ofKinds))
      if (!kinds.includes(pwm.kind) && found.place(`${path}.${key}`).line > 0)
        report(`${path}.${key}`, `it is not used by a ${pwm.kind}`, "remove it", "warning");
    checkLevels(path, pwm, report);
    checkTimes(path, pwm, report);
    if (pwm.curve !== null) checkCurve(`${path}.curve`, pwm, config, found, report);
  }
  checkChannels(config, report);
}

function checkPlace(path: string, { line, chip, channel }: PwmConfig, { unread }: Found, report: Report): void {
  if ([line, chip, channel].every((value) => value === null)) {
    if (!["line", "chip", "channel"].some((key) => unread.has(`${path}.${key}`)))
      report(path, "it has neither line nor chip", "add `line: 18`, or `chip:` and `channel:`");
    return;
  }
  if (line !== null) {
    const extra = chip !== null ? "chip" : channel !== null ? "channel" : undefined;
    if (extra !== undefined) report(`${path}.${extra}`, "it stands beside line", "write line alone, or chip and channel");
    const gpio = gpioOf(line);
    if (gpio !== undefined && ![12, 13, 18, 19].includes(gpio))
      report(`${path}.line`, `GPIO${gpio} has no PWM of its own`, "take GPIO12, 13, 18 or 19 (header pins 32, 33, 12 and 35)");
    return;
  }
  const lacks = chip === null ? "chip" : channel === null ? "channel" : undefined;
  if (lacks !== undefined && !unread.has(`${path}.${lacks}`)) report(path, `it has no ${lacks}`, `add \`${lacks}:\``);
}

/** Between which levels it may be; 0 it may be as well. */
export function rangeOf({ kind, pulse }: PwmConfig): { low: number; high: number; unit: string } {
  return kind === "servo" ? { low: pulse[0], high: pulse[1], unit: "microseconds" } : { low: 0, high: 100, unit: "per cent" };
}

/** Every level of the contract is one that a command could ask for. */
function checkLevels(path: string, pwm: PwmConfig, report: Report): void {
  const { kind, neutral, on_start, on_exit, on_crash, on_broker_lost, silence } = pwm;
  const { low, high, unit } = rangeOf(pwm);
  const levels = { on_start, on_exit, on_crash, on_broker_lost: on_broker_lost?.do, silence: silence?.do, neutral: neutral ?? undefined };
  const fix = `write ${low} to ${high} ${unit}${kind === "servo" ? ", or release" : ""}`;
  for (const [key, value] of Object.entries(levels))
    if (typeof value === "number" && value !== 0 && (value < low || value > high))
      report(`${path}.${key}`, `${value} is out of range`, fix);
}

function checkTimes(path: string, { kind, frequency, pulse, fade, max_on, on_exit, on_crash }: PwmConfig, report: Report): void {
  if (kind === "servo" && frequency !== null && 1e6 / frequency <= pulse[1])
    report(`${path}.frequency`, "its period is shorter than the longest pulse", "write 50, which most servos want");
  if (max_on !== null && fade > max_on)
    report(`${path}.fade`, `it is longer than max_on (${formatDuration(max_on)})`, "write a shorter time");
  if (max_on !== null && (on_exit === "keep" || on_crash === "keep"))
    report(`${path}.${on_exit === "keep" ? "on_exit" : "on_crash"}`, "without the agent nobody ends max_on", "write 0", "warning");
}

function checkCurve(path: string, { curve, silence }: PwmConfig, config: Config, found: Found, report: Report): void {
  if (curve !== null) checkSensorRef(path, curve.sensor, config, found, report);
  if (silence !== null)
    report(path, "it stands beside silence, which waits for commands", "write one of them; on_stale is the silence of a curve");
}

/** On all but a Pi 5, GPIO12 and 18 are one channel, and so are 13 and 19; one chip has one frequency for all its channels on some boards. */
function checkChannels({ pwm }: Config, report: Report): void {
  const gpios = new Map<number, string>();
  const places = new Map<string, string>();
  for (const [id, { line, chip, channel }] of Object.entries(pwm)) {
    const gpio = line === null ? undefined : gpioOf(line);
    const same = gpio === undefined ? undefined : gpios.get(gpio < 16 ? gpio + 6 : gpio - 6);
    if (gpio !== undefined && same !== undefined)
      report(
        `pwm.${id}.line`,
        `GPIO${gpio} has the same signal as ${same}, except on a Pi 5`,
        "take GPIO12 and 13, or 18 and 19",
        "warning",
      );
    if (gpio !== undefined) gpios.set(gpio, id);
    const place = chip === null ? undefined : `${chip} ${channel}`;
    const before = place === undefined ? undefined : places.get(place);
    if (before !== undefined) report(`pwm.${id}.channel`, `${before} has this channel already`, "take another one");
    if (place !== undefined) places.set(place, id);
  }
}
