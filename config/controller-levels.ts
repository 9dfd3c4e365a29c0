import type { Found, Report } from "./check.ts";
import { rangeOf } from "./pwm.ts";
import { named } from "./references.ts";
import type { Config, ControllerConfig, PwmConfig } from "./schema.ts";

/** The levels of a controller: only with a PWM, and none that its contract would refuse. */
export function checkLevels(path: string, controller: ControllerConfig, config: Config, { place }: Found, report: Report): void {
  const { pwm: driven, pid, on_stale, on_broker_lost: lost, level_on, level_off } = controller;
  const given = (key: string) => place(`${path}.${key}`).line > 0;
  const levels = { level_on, level_off, on_stale: numberOf(on_stale), on_broker_lost: numberOf(lost?.do) };
  if (driven === null) {
    for (const [key, level] of Object.entries(levels))
      if (level !== null)
        report(`${path}.${key}`, "a level goes with pwm", `${key.startsWith("on_") ? "write off or keep" : "remove it"}, or name a PWM`);
    return;
  }
  if (pid !== null) {
    const extra = (["cycle", "output_in", "level_on"] as const).find(given);
    if (extra !== undefined) report(`${path}.${extra}`, "a PWM with a pid is at the level of the output", "remove it");
  }
  const pwm = named(config.pwm, driven);
  if (!pwm) return;
  const { low, high, unit } = rangeOf(pwm);
  for (const [key, level] of Object.entries(levels))
    if (level !== null && level !== 0 && (level < low || level > high))
      report(`${path}.${key}`, `${level} is out of range`, `write ${low} to ${high} ${unit}, or 0`);
  if (pid !== null) checkOutput(path, controller, pwm, given, report);
  for (const key of ["curve", "silence"] as const)
    if (pwm[key] !== null) report(`${path}.pwm`, `${driven} has a ${key}, which moves it too`, "remove one of them");
}

function checkOutput(
  path: string,
  { output_min, output_max }: ControllerConfig,
  pwm: PwmConfig,
  given: (key: string) => boolean,
  report: Report,
): void {
  const { low, high, unit } = rangeOf(pwm);
  const fix = `write ${low} to ${high} ${unit}`;
  if (given("output_min") && (output_min < low || output_min > high)) report(`${path}.output_min`, `${output_min} is out of range`, fix);
  else if (output_max !== null && (output_max < low || output_max > high))
    report(`${path}.output_max`, `${output_max} is out of range`, fix);
  else if (Math.max(output_min, low) >= (output_max ?? high)) report(`${path}.output_min`, "it is not less than output_max", "write less");
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
