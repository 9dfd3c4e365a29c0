import { spoken } from "./length.ts";
import type { Effect, Instant, SetRequest } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import type { Plan } from "./plan.ts";
import type { PwmPlan } from "./pwm-plan.ts";
import type { Objection } from "./refusal.ts";
import type { Fade, OutputState, State } from "./state.ts";

// A PWM is an output that is on at a level: the same contract, answers and causes, and besides them a level, a fade and a silence.

/** The level that a write sets; null for what is only on or off. */
export function levelOf({ pwm }: Pick<OutputPlan, "pwm">, active: boolean, level: number | undefined): number | null {
  if (pwm === null) return null;
  return active ? (level ?? pwm.usual) : 0;
}

/** How long the line is on in each period, in nanoseconds; never more than the limits allow. */
export function dutyOf({ kind, periodNs, high, gamma }: PwmPlan, level: number): number {
  const most = Math.min(Math.max(level, 0), high);
  return Math.round(kind === "servo" ? most * 1000 : periodNs * (most / 100) ** gamma);
}

/** What a level is written as: off below `min`. */
export function settledLevel({ min, kind }: PwmPlan, level: number): number {
  return level < min ? 0 : kind === "servo" ? Math.round(level) : Math.round(level * 100) / 100;
}

export function rangeObjection({ id, pwm }: OutputPlan, level: number | null): Objection | null {
  if (pwm === null || level === null || level === 0 || (level >= pwm.low && level <= pwm.high)) return null;
  const allowed = pwm.kind === "servo" ? `${pwm.low} to ${pwm.high} µs, or 0 for no pulses` : "0 to 100 %";
  return { reason: "range", message: `${id} takes ${allowed}` };
}

/** `40 %`, `1500 µs`. */
export function levelText({ kind }: PwmPlan, level: number): string {
  return kind === "servo" ? (level === 0 ? "no pulses" : `${level} µs`) : `${level} %`;
}

/** What stands behind ON in a history and a log: ` at 40 %`, `, to 100 % within 5 s`; empty for what has no level. */
export function levelWords({ pwm }: OutputPlan, { level, fade }: Pick<OutputState, "level" | "fade">): string {
  if (pwm === null || level === null) return "";
  if (fade !== null) return `, to ${levelText(pwm, fade.to)} within ${spoken(fade.ms)}`;
  return level === 0 ? "" : ` at ${levelText(pwm, level)}`;
}

/** As it is published: `{"value":40,"on":true}`, of a servo `{"pulse_us":1500,"on":true}`; `target` while it fades. */
export function pwmPayload({ kind }: PwmPlan, { level, fade }: Pick<OutputState, "level" | "fade">): string {
  const [name, on] = [kind === "servo" ? "pulse_us" : "value", level === null ? null : level > 0];
  return JSON.stringify({ [name]: level, on, ...(fade === null ? {} : { target: fade.to }) });
}

/** A command or a rule wants a level: at once, or in steps. */
export function setLevel(
  plan: Plan,
  state: State,
  index: number,
  { level, fade }: { level: number; fade: number | null },
  request: SetRequest,
  at: Instant,
  effects: Effect[],
): void {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output || !outputPlan?.pwm) return;
  const { pwm } = outputPlan;
  const to = settledLevel(pwm, level);
  if (to > 0) output.lastLevel = to;
  armSilence(outputPlan, at, effects);
  const from = output.level ?? 0;
  const ms = fade ?? pwm.fade;
  const resolution = pwm.kind === "servo" ? 1 : 0.5;
  const steps = Math.ceil(Math.abs(to - from) / resolution);
  // There is nothing between no pulses and a pulse.
  const jumps = pwm.kind === "servo" && (from === 0 || to === 0);
  if (ms < 2 * shortestStep || steps < 2 || jumps) {
    output.wanted = to > 0;
    effects.push({ type: "setOutput", output: index, active: to > 0, request: { ...request, level: to } });
    return;
  }
  output.fade = { from, to, startedAt: at, ms, step: Math.max(shortestStep, ms / steps), cause: request.cause, toldAt: at };
  step(outputPlan, output, output.fade, index, { ...request, fade: "first" }, at, effects);
}

/** 50 writes a second. */
const shortestStep = 20;
/** So often at most its state is told while it fades. */
const fadeReport = 500;

/** It is time for the next step of a fade. */
export function fadeDue(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const [output, outputPlan] = [state.outputs[index], plan.outputs[index]];
  if (!output?.fade || !outputPlan || state.stopping) return;
  step(outputPlan, output, output.fade, index, { cause: output.fade.cause, pulse: null, answer: null, fade: "next" }, at, effects);
}

function step(
  { pwm }: OutputPlan,
  output: OutputState,
  fade: Fade,
  index: number,
  request: SetRequest,
  at: Instant,
  effects: Effect[],
): void {
  if (pwm === null) return;
  const { from, to, startedAt, ms } = fade;
  // A step ahead: the first one moves, the last one is in time.
  const share = Math.min(1, (at + fade.step - startedAt) / ms);
  const between = from + (to - from) * share;
  // On its way up it is on from the first step.
  const level = share === 1 ? to : settledLevel(pwm, to > from ? Math.max(between, pwm.min) : between);
  if (share === 1) output.fade = null;
  else effects.push({ type: "startTimer", key: pwm.fadeKey, at: at + fade.step });
  if (level === output.level && share < 1 && request.fade === "next") return;
  effects.push({ type: "setOutput", output: index, active: level > 0, request: { ...request, level } });
}

/** Whether a step of a fade is told: now and then, and the last one. */
export function tellsStep(output: OutputState, at: Instant): boolean {
  const { fade } = output;
  if (fade === null) return true;
  if (at - fade.toldAt < fadeReport) return false;
  fade.toldAt = at;
  return true;
}

/** Something else was decided, or seen. */
export function endFade({ pwm }: OutputPlan, output: OutputState, effects: Effect[]): void {
  if (pwm === null || output.fade === null) return;
  output.fade = null;
  effects.push({ type: "stopTimer", key: pwm.fadeKey });
}

/** A command came, or the line has just been opened: from now on it may be silent for so long. */
export function armSilence({ pwm }: OutputPlan, at: Instant, effects: Effect[]): void {
  if (pwm?.silence) effects.push({ type: "startTimer", key: pwm.silenceKey, at: at + pwm.silence.after });
}

export function disarmSilence({ pwm }: OutputPlan, effects: Effect[]): void {
  if (pwm?.silence) effects.push({ type: "stopTimer", key: pwm.silenceKey });
}
