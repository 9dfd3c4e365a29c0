import { keepAnswer } from "./answers.ts";
import { fieldsOf, topicOf } from "./cause.ts";
import { type Change, remember } from "./history.ts";
import type { Cause, Effect, Instant, SetRequest, Verdict } from "./model.ts";
import type { OutputPlan } from "./output-plan.ts";
import { attrLater, attrOf, endOf, endsAt, logLater, publish, stateOf, stateWord } from "./output-told.ts";
import type { Blink } from "./pattern-end.ts";
import type { Plan } from "./plan.ts";
import { endFade, levelOf, levelWords, tellsStep } from "./pwm.ts";
import type { OutputState, State } from "./state.ts";

/** After a write towards off has failed, it is tried again this often until it succeeds or something else is wanted. */
export const retryPeriod = 1000;

/** Written by a reload before it lets go of a line: known by its text, since a recorded cause is another object. */
export const leaveCause: Cause = { kind: "reload", text: "reload", detail: "its line is no longer configured" };

export const pulseCause: Cause = { kind: "pulse", text: "pulse ended", detail: null };
export const maxOnCause: Cause = { kind: "max-on", text: "max_on reached", detail: null };

export function leaves({ kind, detail }: Cause): boolean {
  return kind === leaveCause.kind && detail === leaveCause.detail;
}

/** Drives an output by the agent's own decision: the end of a pulse, max-on, the exit. `level`: of a PWM that is to be on. */
export function drive(index: number, active: boolean, cause: Cause, effects: Effect[], level?: number): void {
  const request = { cause, pulse: null, answer: null };
  effects.push({ type: "setOutput", output: index, active, request: level === undefined ? request : { ...request, level } });
}

/** The failed write once more: if it fails the same way, it is no news. */
export function retry(index: number, cause: Cause, effects: Effect[]): void {
  effects.push({ type: "setOutput", output: index, active: false, request: { cause, pulse: null, answer: null, again: true } });
}

/** The observed result of a write: the only place from which an output's state is published. */
export function written(
  plan: Plan,
  state: State,
  event: { output: number; active: boolean; at: Instant; ends?: Instant } & SetRequest,
  effects: Effect[],
): void {
  const output = state.outputs[event.output];
  const outputPlan = plan.outputs[event.output];
  if (!output || !outputPlan) return;
  const { active, at, cause, pulse, fade } = event;
  const moved = output.written !== active;
  const level = levelOf(outputPlan, active, event.level);
  const changed = moved || output.level !== level;
  const faded = output.fade !== null;
  if (fade === undefined) endFade(outputPlan, output, effects);
  output.written = active;
  output.level = level;
  output.wanted = undefined;
  // What max_on has ended stays ended: an ON that came while the line refused to go off must not outlive it.
  if (!active || output.maxOnEnds === null || at < output.maxOnEnds) endRetry(output, outputPlan, effects);
  const mended = output.problem !== output.unarmed;
  if (mended) state.healthVersion++;
  output.problem = output.unarmed;
  if (moved) {
    output.since = at;
    startMaxOn(output, outputPlan, active, at, event.ends ?? blinking(state, event.output)?.maxOnEnds ?? null, effects);
  }
  if (!active || (pulse === null && fade !== "next")) endPulse(output, outputPlan, effects);
  else if (pulse !== null) {
    output.pulseEnds = Math.max(at + pulse, output.since + outputPlan.minOn);
    effects.push({ type: "startTimer", key: outputPlan.pulseKey, at: output.pulseEnds });
  }
  if (!leaves(cause)) keepLevel(state, event.output, outputPlan, output, effects);
  const until = endsAt(output);
  const inFade = fade === "next" && !moved;
  // At its end in any case: the state says where it was to go until then.
  const ends = inFade && output.fade === null;
  const told = inFade ? ends || (changed && tellsStep(output, at)) : changed || (faded && output.fade === null);
  if (told) effects.push(publish(stateOf(outputPlan, output)));
  // An ON for an output that is on changes nothing but when it ends; that is told, with its cause.
  if ((changed && !inFade) || until !== output.until) {
    output.until = until;
    output.cause = cause;
    const blink = cause.blink === true || cause.ended?.blink === true;
    const words = levelWords(outputPlan, output);
    const change: Change = { at, state: stateWord(active), cause, detail: cause.detail, ends: endOf(output) };
    if (words !== "") change.level = words;
    if (!blink) remember(event.output, output, change, effects);
    // A controller moves a PWM at each reading.
    const quiet = blink || (!moved && cause.kind === "controller");
    effects.push(attrLater(state, outputPlan, output), logLater(outputPlan, active, words, cause, quiet ? "debug" : "info"));
  } else if (mended || ends) effects.push({ type: "publish", ...attrOf(state, outputPlan, output) });
  if (event.answer) {
    const verdict: Verdict = { ok: true, state: stateWord(active), changed };
    if (level !== null) verdict.value = level;
    if (output.fade !== null) verdict.target = output.fade.to;
    keepAnswer(output, event.answer, verdict);
    effects.push({ type: "answer", output: event.output, to: event.answer, verdict });
  }
}

/** A write that did not happen: nothing is published as done, what would have ended goes on, and a wish for off is kept alive. */
export function failed(
  plan: Plan,
  state: State,
  event: { output: number; active: boolean; at: Instant; problem: string; unsent?: boolean } & SetRequest,
  effects: Effect[],
): void {
  const output = state.outputs[event.output];
  const outputPlan = plan.outputs[event.output];
  if (!output || !outputPlan) return;
  output.wanted = undefined;
  // Nobody knows whether a plug that did not answer has heard it.
  const doubtful = outputPlan.plug !== null && output.written === false && event.unsent !== true;
  const off = !event.active || output.fade?.to === 0 || doubtful;
  if (output.fade !== null) {
    endFade(outputPlan, output, effects);
    if (output.written !== undefined) effects.push(publish(stateOf(outputPlan, output)));
  }
  const again = (event.again ?? event.start) === true && output.problem === event.problem;
  // A line that is not ours comes back in its start state; until then there is nothing to switch off.
  if (off && !state.stopping && output.written !== undefined) {
    output.retry = event.cause;
    effects.push({ type: "startTimer", key: outputPlan.retryKey, at: event.at + retryPeriod });
  }
  // `on_start: last` must not switch a plug on again that has missed an OFF.
  if (outputPlan.plug !== null && !event.active && output.written === undefined && output.kept && !state.stopping && !leaves(event.cause)) {
    output.kept = false;
    if (outputPlan.startFrom === "last") effects.push({ type: "keepOutput", output: event.output, locked: output.locked, level: false });
  }
  // The same failure again and again would push everything else out of the history and the log.
  if (again) return;
  if (output.problem !== event.problem) {
    output.problem = event.problem;
    state.healthVersion++;
    effects.push({ type: "publish", ...attrOf(state, outputPlan, output) });
  }
  remember(event.output, output, { at: event.at, state: "FAILED", cause: event.cause, detail: event.problem }, effects);
  effects.push({
    type: "log",
    level: "error",
    message: `${outputPlan.id} could not be switched ${event.active ? "on" : "off"}: ${event.problem}`,
    fields: {
      event: "output-failed",
      output: outputPlan.id,
      ...fieldsOf(event.cause),
      ...topicOf(event.cause, outputPlan.setTopic),
      reason: "failed",
    },
  });
  if (event.answer) {
    const verdict: Verdict = { ok: false, reason: "failed", message: event.problem };
    keepAnswer(output, event.answer, verdict);
    effects.push({ type: "answer", output: event.output, to: event.answer, verdict });
  }
}

export function endPulse(output: OutputState, outputPlan: OutputPlan, effects: Effect[]): void {
  if (output.pulseEnds === null) return;
  output.pulseEnds = null;
  effects.push({ type: "stopTimer", key: outputPlan.pulseKey });
}

export function endRetry(output: OutputState, outputPlan: OutputPlan, effects: Effect[]): void {
  if (output.retry === null) return;
  output.retry = null;
  effects.push({ type: "stopTimer", key: outputPlan.retryKey });
}

/** For `on_start: last`. A pulse is not kept: nobody would end it after a crash; nor is what the stop writes, or a reload on leaving. */
function keepLevel(state: State, index: number, { startFrom }: OutputPlan, output: OutputState, effects: Effect[]): void {
  const level = output.written === true && output.pulseEnds === null;
  // Off for a moment only, until it is its turn to be started.
  if (level === output.kept || state.stopping || output.starts !== null) return;
  if (blinking(state, index) !== null) return;
  output.kept = level;
  if (startFrom === "last") effects.push({ type: "keepOutput", output: index, locked: output.locked, level });
}

/** What a pattern or a blinking has left off at its end stays off, also after a restart. */
export function keepOff(plan: Plan, state: State, index: number, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (outputPlan && output?.written === false) keepLevel(state, index, outputPlan, output, effects);
}

/** What an output that was on goes back to, while it blinks to show which one it is. */
function blinking(state: State, index: number): Blink["before"] {
  const pattern = state.patterns[index];
  return pattern?.rule === null ? pattern.before : null;
}

/** max-on counts from the moment the output went on; a repeated ON does not extend it. `latest`: it only blinked, or was not heard, and was on before. */
function startMaxOn(
  output: OutputState,
  outputPlan: OutputPlan,
  active: boolean,
  at: Instant,
  latest: Instant | null,
  effects: Effect[],
): void {
  if (outputPlan.maxOn === null) return;
  output.maxOnEnds = active ? Math.min(at + outputPlan.maxOn, latest ?? Number.POSITIVE_INFINITY) : null;
  effects.push(
    output.maxOnEnds === null
      ? { type: "stopTimer", key: outputPlan.maxOnKey }
      : { type: "startTimer", key: outputPlan.maxOnKey, at: output.maxOnEnds },
  );
}
