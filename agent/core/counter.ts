import { keepAnswer } from "./answers.ts";
import type { CounterPlan } from "./counter-plan.ts";
import type { InputPlan } from "./input-plan.ts";
import { isoTime } from "./iso-time.ts";
import type { AnswerTo, Cause, CounterVerdict, Effect, Instant, KeptTotal } from "./model.ts";
import type { Plan } from "./plan.ts";
import { measure, newRate, type Rate, sinksAt } from "./rate.ts";
import type { InputState, State } from "./state.ts";

export interface CounterState extends KeptTotal {
  /** What is on disk: nothing else is published, so that no total goes back after a crash. */
  kept: KeptTotal;
  /** Grows with each `keepCounter`; the newest may not be on disk yet. */
  version: number;
  /** What the newest one keeps. */
  asked: KeptTotal;
  rate: Rate;
  /** A timer runs that keeps and publishes what was counted. */
  reporting: boolean;
  reportedAt: Instant;
  /** The payload that was published last. */
  published: string;
  /** Why the last write failed. */
  problem: string | null;
  /** Commands that are answered when `version` is on disk. */
  waiting: { version: number; to: AnswerTo }[];
  /** First answers by command id. */
  answers: Map<string, CounterVerdict>;
  /** How often the total was set by somebody, newest last. */
  history: { at: Instant; text: string; cause: Cause; refused: boolean }[];
}

export function newCounter({ pulses, missed, uncertain }: KeptTotal): CounterState {
  const kept = { pulses, missed, uncertain };
  return {
    ...kept,
    kept,
    version: 0,
    asked: kept,
    rate: newRate(),
    reporting: false,
    reportedAt: Number.NEGATIVE_INFINITY,
    published: "",
    problem: null,
    waiting: [],
    answers: new Map(),
    history: [],
  };
}

/** `at` is null for pulses that were lost on the way and are made up for: nobody knows when they were. */
export function count(plan: CounterPlan, counter: CounterState, by: number, at: Instant | null, now: Instant, effects: Effect[]): void {
  counter.pulses += by;
  counter.rate.ticks += Math.abs(by);
  if (at !== null) counter.rate.lastAt = at;
  reportSoon(plan, counter, now, effects);
}

/** Edges that were lost between the line and the agent: counted where each of them is a pulse, said where nobody can know. */
export function miss(plan: Plan, state: State, index: number, edges: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.counter || !inputPlan?.counter) return;
  const { counter } = input;
  if (inputPlan.counter.kind === "counter" && inputPlan.debounce === 0) {
    count(inputPlan.counter, counter, edges, null, at, effects);
    return;
  }
  input.lost += edges;
  if (counter.missed === 0) state.healthVersion++;
  counter.missed += edges;
  reportSoon(inputPlan.counter, counter, at, effects);
  effects.push({ type: "readLevel", input: index });
}

/** A debounced level of a counter. */
export function countLevel(inputPlan: InputPlan, input: InputState, active: boolean, at: Instant, effects: Effect[]): void {
  const { counter: counterPlan } = inputPlan;
  if (counterPlan?.kind !== "counter" || !input.counter) return;
  if (counterPlan.edge === "both" || (counterPlan.edge === "rising") === active) count(counterPlan, input.counter, 1, at, at, effects);
}

function reportSoon(plan: CounterPlan, counter: CounterState, now: Instant, effects: Effect[]): void {
  if (counter.reporting) return;
  counter.reporting = true;
  effects.push({ type: "startTimer", key: plan.reportKey, at: Math.max(now, counter.reportedAt + plan.report) });
}

/** The timer ran: what was counted goes to the disk, and is published when it is there. */
export function report(plan: Plan, state: State, index: number, at: Instant, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.counter || !inputPlan?.counter) return;
  const { counter } = input;
  counter.reporting = false;
  counter.reportedAt = at;
  measure(counter.rate, at);
  if (same(counter, counter.asked)) tell(inputPlan, input, effects, isoTime(state, at));
  else keep(counter, index, effects);
  const sinks = sinksAt(counter.rate);
  if (sinks !== null)
    effects.push({ type: "startTimer", key: inputPlan.counter.reportKey, at: Math.max(sinks, at + inputPlan.counter.report) });
}

/** Everything that is not on its way to the disk goes there now: before the end, and before a reload lets go of a counter. */
export function keepAll(state: State, effects: Effect[]): void {
  for (const [index, { counter }] of state.inputs.entries()) {
    if (counter && !same(counter, counter.asked)) keep(counter, index, effects);
  }
}

export function keep(counter: CounterState, index: number, effects: Effect[]): void {
  const { pulses, missed, uncertain } = counter;
  counter.asked = { pulses, missed, uncertain };
  counter.version++;
  effects.push({ type: "keepCounter", input: index, version: counter.version, kept: counter.asked });
}

interface Written {
  input: number;
  version: number;
  kept: KeptTotal;
  /** Why it is not on disk. */
  problem: string | null;
  at: Instant;
}

/** The observed result of a write: the only place from which a total is published. */
export function kept(plan: Plan, state: State, { input: index, version, kept, problem, at }: Written, effects: Effect[]): void {
  const input = state.inputs[index];
  const inputPlan = plan.inputs[index];
  if (!input?.counter || !inputPlan?.counter) return;
  const { counter } = input;
  if (problem !== counter.problem) {
    state.healthVersion++;
    const message = problem === null ? "its total is kept again" : `it counts, but its total is not kept: ${problem}`;
    const [level, event] = problem === null ? (["info", "counter-kept-again"] as const) : (["error", "counter-not-kept"] as const);
    effects.push({ type: "log", level, message: `input ${inputPlan.id}: ${message}`, fields: { event, input: inputPlan.id } });
  }
  counter.problem = problem;
  if (problem === null) {
    counter.kept = kept;
    tell(inputPlan, input, effects, isoTime(state, at));
  } else {
    // Counting goes on; the next report tries again. What the stop could not keep is tried once more by its end, and not for ever.
    counter.asked = counter.kept;
    if (!state.stopping) reportSoon(inputPlan.counter, counter, at, effects);
  }
  if (counter.waiting.length === 0) return;
  const { pulses } = kept;
  const verdict: CounterVerdict =
    problem === null
      ? { ok: true, total: totalOf(inputPlan.counter, pulses), pulses }
      : { ok: false, reason: "failed", message: `it was set until the next start only: ${problem}` };
  const due = counter.waiting.filter((command) => command.version <= version);
  counter.waiting = counter.waiting.filter((command) => command.version > version);
  for (const { to } of due) {
    keepAnswer(counter, to, verdict);
    effects.push({ type: "answerCounter", input: index, to, verdict });
  }
}

/** `ts`: the time of a reading; what is said for another reason is none. */
function tell(inputPlan: InputPlan, input: InputState, effects: Effect[], ts?: string): void {
  const publication = counterStateOf(inputPlan, input);
  if (publication === null || input.counter === null || publication.payload === input.counter.published) return;
  input.counter.published = publication.payload;
  const topic = inputPlan.counter?.historyTopic ?? "";
  effects.push({ type: "publish", ...publication, ...(ts !== undefined && { afterwards: { topic, ts } }) });
}

/** The line cannot be used now, or can be used again, or its unit is another one: the rate is measured anew. */
export function resume(inputPlan: InputPlan, input: InputState, effects: Effect[]): void {
  const { counter } = input;
  if (!counter) return;
  counter.rate = newRate();
  tell(inputPlan, input, effects);
}

export function counterStateOf({ counter: plan, stateTopic }: InputPlan, { counter, problem }: InputState) {
  if (plan === null || counter === null) return null;
  const { pulses, missed, uncertain } = counter.kept;
  const doubt = uncertain ? { uncertain } : {};
  const payload =
    plan.kind === "encoder"
      ? { position: pulses, lost: missed, ...doubt }
      : {
          total: totalOf(plan, pulses),
          ...(plan.unit === null ? {} : { unit: plan.unit }),
          rate: problem === null ? rateOf(plan, counter.rate) : null,
          rate_unit: plan.rateUnit,
          pulses,
          lost: missed,
          ...doubt,
        };
  return { kind: "state", topic: stateTopic, payload: JSON.stringify(payload), qos: 1, retain: true } as const;
}

/** In units. */
export function totalOf({ perUnit, decimals }: CounterPlan, pulses: number): number {
  return Number((pulses / perUnit).toFixed(decimals));
}

/** In units per time, to four digits. */
export function rateOf({ perUnit, ratePer }: CounterPlan, { perMs }: Rate): number {
  return Number(((perMs * ratePer) / perUnit).toPrecision(4));
}

/** Sentences about a total that cannot be trusted. `failing` while it is not kept. */
export function counterProblems(id: string, counter: CounterState | null): { failing: string[]; degraded: string[] } {
  if (counter === null) return { failing: [], degraded: [] };
  const again = `set it with \`pinbus set ${id} TOTAL\``;
  return {
    failing: counter.problem === null ? [] : [`input ${id}: it counts, but its total is not kept: ${counter.problem}`],
    degraded: [
      ...(counter.uncertain ? [`input ${id}: its total was lost, it counts from 0; ${again}`] : []),
      ...(counter.missed > 0 ? [`input ${id}: ${counter.missed} edges were lost and not counted; ${again}`] : []),
    ],
  };
}

function same(a: KeptTotal, b: KeptTotal): boolean {
  return a.pulses === b.pulses && a.missed === b.missed && a.uncertain === b.uncertain;
}
