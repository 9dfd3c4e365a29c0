import type { Instant } from "./model.ts";

// PID in the parallel form, with the derivative on the measurement, so that a new setpoint is no kick, and an integral that stops where
// the output stops: Åström and Hägglund, "Advanced PID Control" (2006), chapters 2 and 3.

export interface PidSettings {
  kp: number;
  /** Per second. */
  ki: number;
  /** In seconds. */
  kd: number;
  min: number;
  max: number;
  /** More output makes the value higher; else lower. */
  raises: boolean;
}

export interface PidState {
  /** What the integral adds to the output. */
  integral: number;
  output: number;
  /** The last reading and when it was; null before the first, and after a pause. */
  last: { value: number; error: number; at: Instant } | null;
}

export function newPid(): PidState {
  return { integral: 0, output: 0, last: null };
}

/**
 * The output after a reading. The time between readings is the sample time. `reach` = between which outputs more or less has an effect now,
 * when that is narrower than the limits.
 */
export function stepPid(
  pid: PidState,
  settings: PidSettings,
  setpoint: number,
  value: number,
  at: Instant,
  reach: Pick<PidSettings, "min" | "max"> = settings,
): number {
  const { kp, ki, kd, min, max, raises } = settings;
  const sign = raises ? 1 : -1;
  const error = sign * (setpoint - value);
  const seconds = pid.last === null ? 0 : (at - pid.last.at) / 1000;
  const slope = pid.last === null || seconds <= 0 ? 0 : (sign * (value - pid.last.value)) / seconds;
  const rest = kp * error - kd * slope;
  const grown = pid.integral + ki * error * Math.max(0, seconds);
  // An output at its limit is not pushed further by an integral that nobody sees.
  const pushes = (rest + grown > reach.max && grown > pid.integral) || (rest + grown < reach.min && grown < pid.integral);
  pid.integral = bounded(pushes ? pid.integral : grown, settings);
  pid.output = clamp(rest + pid.integral, min, max);
  pid.last = { value, error, at };
  return pid.output;
}

/** The time until the next reading does not count: nobody has controlled. */
export function pausePid(pid: PidState): void {
  pid.last = null;
  pid.output = 0;
}

/** Under new settings the output goes on from where it was: the integral takes what the other parts have changed. */
export function carryPid(pid: PidState, before: PidSettings, settings: PidSettings): PidState {
  if (pid.last === null) return { ...pid, integral: bounded(pid.integral, settings) };
  const turned = before.raises === settings.raises ? 1 : -1;
  const error = turned * pid.last.error;
  const integral = bounded(pid.integral + before.kp * pid.last.error - settings.kp * error, settings);
  return { integral, output: clamp(pid.output, settings.min, settings.max), last: { ...pid.last, error } };
}

/** It may lie as far outside the limits as they are apart: as much as another part has ever to be made up for. */
function bounded(integral: number, { min, max }: PidSettings): number {
  return clamp(integral, min - (max - min), max + (max - min));
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
