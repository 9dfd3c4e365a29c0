import type { Config } from "../../config/schema.ts";
import type { ChipInfo, LineInfo } from "../../gpio/driver.ts";
import type { LineAddress } from "../../gpio/line.ts";
import { adviceOf } from "../core/advice.ts";
import { factsOf } from "../core/cause.ts";
import type { Change as CoreChange } from "../core/history.ts";
import { sourceOf } from "../core/input-plan.ts";
import { interlockObjection } from "../core/interlock.ts";
import { isoTime } from "../core/iso-time.ts";
import { placeOf } from "../core/output-plan.ts";
import { endsAt, stateWord } from "../core/output-told.ts";
import type { Plan } from "../core/plan.ts";
import type { PwmPlan } from "../core/pwm-plan.ts";
import { sentenceOf } from "../core/reason.ts";
import { tooOften } from "../core/rule-guard.ts";
import type { OutputState, State } from "../core/state.ts";
import type { Change, ChipView, InputView, OutputView, PeerView, PinsView, PwmView, RuleStatus } from "../protocol.ts";
import { controllersView } from "./controller-view.ts";
import { counterView } from "./counter-view.ts";
import { latencyOf } from "./pin-detail.ts";
import { sensorEntries } from "./sensor-view.ts";

export interface ViewSources {
  plan: Plan;
  config: Config;
  state: Readonly<State>;
  driver: string;
  address(id: string): LineAddress | undefined;
  /** The header pin of a line, when it is on the header. */
  header(address: LineAddress): number | null;
  now: number;
}

/** The state as control clients see it. */
export function pinsView(sources: ViewSources): PinsView {
  const { plan, state } = sources;
  return {
    at: isoTime(state, sources.now),
    driver: sources.driver,
    simulated: sources.driver === "sim",
    edges: state.edges,
    pins: [
      ...plan.outputs.map((_, index) => outputView(sources, index)),
      ...plan.inputs.map((_, index) => inputView(sources, index)),
    ].filter((pin) => pin !== undefined),
    rules: rulesView(plan, state).map(({ next: _, ...rule }) => rule),
    sensors: sensorEntries(plan, sources.config, state, sources.now),
    controllers: controllersView(plan, state, sources.now),
  };
}

/** Every rule; `next` says when the first of its times of day comes, UTC ms since 1970. */
export function rulesView(plan: Plan, state: Readonly<State>, next: (rule: number) => number | null = () => null): RuleStatus[] {
  return plan.rules.map(({ id, text }, index) => {
    const { fired = 0, last = null, enabled = true, guard } = state.rules[index] ?? {};
    const rests = guard?.restsUntil ?? null;
    const time = enabled ? next(index) : null;
    return {
      id,
      text,
      fired,
      last: last === null ? null : isoTime(state, last),
      enabled,
      rests_until: rests === null ? null : isoTime(state, rests),
      problem: rests === null ? null : tooOften,
      next: time === null ? null : new Date(time).toISOString(),
    };
  });
}

function lineView(sources: ViewSources, id: string) {
  const address = sources.address(id);
  return { chip: address?.chip ?? "", offset: address?.offset ?? -1, header: address ? sources.header(address) : null };
}

function inputView(sources: ViewSources, index: number): InputView | undefined {
  const input = sources.state.inputs[index];
  const inputPlan = sources.plan.inputs[index];
  const settings = inputPlan && sources.config.inputs[inputPlan.id];
  if (!input || !settings) return undefined;
  const { settledAt, glitches, bounce } = input.debounce;
  const { lastGesture } = input;
  const counter = counterView(inputPlan, input);
  // Of what counts only some edges are asked for, so its level is not known.
  const settled = counter ? undefined : input.debounce.settled;
  return {
    kind: "input",
    ...(counter ? { counter } : {}),
    id: inputPlan.id,
    line: sourceOf(inputPlan),
    ...lineView(sources, inputPlan.id),
    ...(inputPlan.key === null ? {} : { chip: inputPlan.key.device }),
    bias: settings.bias,
    active: settings.active,
    state: stateWord(settled),
    since: settled === undefined ? null : isoTime(sources.state, settledAt),
    problem: input.problem,
    gesture: lastGesture,
    gesture_ms: lastGesture === null ? null : latencyOf(inputPlan, lastGesture),
    glitches,
    lost: input.lost,
    bounce_ms: Math.round(bounce * 10) / 10,
    advice: adviceOf(inputPlan, input.debounce),
  };
}

function outputView(sources: ViewSources, index: number): OutputView | undefined {
  const output = sources.state.outputs[index];
  const outputPlan = sources.plan.outputs[index];
  if (!output || !outputPlan) return undefined;
  const { id, pwm } = outputPlan;
  const active = (pwm === null ? sources.config.outputs[id]?.active : sources.config.pwm[id]?.active) ?? "high";
  const until = endsAt(output);
  const interlocked = outputPlan.interlock && interlockObjection(sources.plan, sources.state, index, sources.now)?.message;
  return {
    kind: "output",
    id: outputPlan.id,
    line: placeOf(outputPlan),
    ...lineView(sources, outputPlan.id),
    bias: "as-is",
    active,
    state: stateWord(output.written),
    since: output.written === undefined ? null : isoTime(sources.state, output.since),
    problem: output.problem,
    cause: output.cause.text,
    until: until === null ? null : isoTime(sources.state, until),
    pulsing: output.pulseEnds !== null,
    locked: output.locked,
    ...(interlocked ? { interlocked } : {}),
    ...(pwm === null ? {} : { pwm: pwmView(pwm, output) }),
  };
}

export function pwmView({ kind, low, high }: PwmPlan, { level, fade }: OutputState): PwmView {
  return { kind, value: level, target: fade?.to ?? null, unit: kind === "servo" ? "µs" : "%", low, high };
}

export function peersView(plan: Plan, state: Readonly<State>): PeerView[] {
  return plan.peers.map(({ id }, index) => {
    const { online = null, stale = false, since = 0 } = state.peers[index] ?? {};
    if (online === null) return { id, state: "unknown", since: null };
    return { id, state: online ? "online" : stale ? "stale" : "offline", since: isoTime(state, since) };
  });
}

/** The history of one output since the start, newest first. */
export function changesView(state: Readonly<State>, output: number): Change[] {
  return (state.outputs[output]?.history ?? []).map((change) => changeView(change, state)).reverse();
}

export function changeView(change: CoreChange, clock: Pick<State, "clockOffset">): Change {
  return {
    at: isoTime(clock, change.at),
    state: change.state,
    cause: change.cause.text,
    detail: change.detail,
    ...factsOf(change.cause),
    text: sentenceOf(change),
    until: change.ends == null ? null : isoTime(clock, change.ends.at),
    ...(change.allowedAt == null ? {} : { allowed_at: isoTime(clock, change.allowedAt) }),
  };
}

/** Every line of every chip, with the id that it has in the configuration. */
export function chipsView(
  chips: readonly ChipInfo[],
  lines: (chip: string) => LineInfo[],
  header: (address: LineAddress) => number | null,
  idOf: (address: LineAddress) => string | null,
): ChipView[] {
  return chips.map(({ label, name }) => ({
    label,
    name,
    lines: lines(label).map((line) => {
      const address = { chip: label, offset: line.offset };
      return { ...line, header: header(address), id: idOf(address) };
    }),
  }));
}
