import { command } from "./contract.ts";
import type { ControllerPlan } from "./controller-plan.ts";
import type { ControllerState } from "./controller-state.ts";
import { controllerCause, tried } from "./controller-try.ts";
import type { Effect, Instant } from "./model.ts";
import type { PidSettings } from "./pid.ts";
import type { Plan } from "./plan.ts";
import { settledLevel } from "./pwm.ts";
import type { PwmPlan } from "./pwm-plan.ts";
import type { State } from "./state.ts";

// A controller that drives a PWM asks for levels. The contract of the PWM says what becomes of them: limits, fade, max_on, locks.

type Drive = Extract<ControllerPlan["drive"], { kind: "pwm" }>;

/** What differs by less than this part of the range is not worth a write. */
const deadband = 0.01;

/** Goes to the level that the output asks for; returns when it may, if that is too soon. */
export function driveLevel(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  drive: Drive,
  controller: ControllerState,
  why: string,
  at: Instant,
  effects: Effect[],
): Instant | null {
  const pwm = plan.outputs[drive.output]?.pwm;
  if (!pwm) return null;
  const level = settledLevel(pwm, controller.demand);
  const on = own.control.kind === "on-off" ? controller.demand === own.control.high : level > 0;
  if (controller.on !== on) {
    const free = on ? controller.since + own.minOff : controller.on === true ? controller.since + own.minOn : at;
    if (at < free) return free;
  }
  return goTo(plan, state, own, drive, controller, { level, on, why }, at, effects);
}

/** Asks for a settled level, unless it has it already; returns when that is to be tried again. */
export function goTo(
  plan: Plan,
  state: State,
  own: ControllerPlan,
  drive: Drive,
  controller: ControllerState,
  wish: { level: number; on: boolean; why: string },
  at: Instant,
  effects: Effect[],
): Instant | null {
  const pwm = plan.outputs[drive.output]?.pwm;
  if (!pwm) return null;
  const { level, on, why } = wish;
  if (controller.on === on && (on || controller.level === level) && isEnded(state, drive)) return null;
  const same = controller.on === on && controller.level !== null && isNear(pwm, controller.level, level);
  // At its end it is at the end.
  const atEnd = controller.level !== level && (level === 0 || level === pwm.low || level === pwm.high);
  if (same && !atEnd && !strays(state, drive, pwm, controller.level)) return null;
  const again = tried(controller, at, () =>
    command(plan, state, drive.output, null, null, controllerCause(own, why), null, at, effects, { level, fade: null }),
  );
  if (again !== null) return again;
  const since = controller.on === on ? controller.since : at;
  Object.assign(controller, { on, level, since, saidAt: at, why });
  return null;
}

/**
 * Between which outputs more or less has an effect: the limits, or where the contract holds the PWM meanwhile. Without its line there is
 * nothing to control.
 */
export function reachOf(
  plan: Plan,
  state: State,
  drive: Drive,
  { demand, level: asked }: ControllerState,
  settings: PidSettings,
): Pick<PidSettings, "min" | "max"> {
  const [output, pwm] = [state.outputs[drive.output], plan.outputs[drive.output]?.pwm];
  if (!output || !pwm || asked === null) return settings;
  if (output.written === undefined || output.level === null) return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  if (isNear(pwm, output.level, settledLevel(pwm, demand))) return settings;
  return { min: output.level, max: output.level };
}

/** Somebody else has set it. */
function strays(state: State, { output }: Drive, pwm: PwmPlan, asked: number | null): boolean {
  const { written, level, fade } = state.outputs[output] ?? {};
  const now = fade?.to ?? level;
  return written !== undefined && now != null && asked !== null && !isNear(pwm, now, asked);
}

/**
 * What max_on has ended stays ended, until the controller wants it off and on again, or another level while it is off; what the loss of the
 * broker has, until that is back.
 */
function isEnded(state: State, { output }: Drive): boolean {
  const kind = state.outputs[output]?.cause?.kind;
  return kind === "max-on" || (kind === "failsafe" && state.offlineSince !== null);
}

/** It is where its line has begun anew, or where it was put until the broker was back. */
export function isUndone(state: State, { output }: Drive): boolean {
  const kind = state.outputs[output]?.cause?.kind;
  return kind === "chip" || kind === "reload" || kind === "failsafe";
}

function isNear({ high }: PwmPlan, one: number, other: number): boolean {
  return one > 0 === other > 0 && Math.abs(one - other) < deadband * high;
}
