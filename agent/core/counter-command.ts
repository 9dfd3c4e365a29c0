import { keepAnswer } from "./answers.ts";
import { fieldsOf, mqttCause, personCause, topicOf, whyOf } from "./cause.ts";
import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";
import { commandRefusal } from "./command-refusal.ts";
import { type CounterState, keep, totalOf } from "./counter.ts";
import type { CounterPlan } from "./counter-plan.ts";
import type { AgentEvent, AnswerTo, Cause, CounterVerdict, Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

export type ParsedTotal =
  | { ok: true; total: number; ts: number | null; id: string | null; cause: string | null }
  | { ok: false; message: string; id: string | null };

const forms = 'a number, or a JSON object with "set" or "reset"';
const historyKept = 16;
/** Commands that wait for the disk; more than a person or a program needs at once. */
const waitingMost = 64;

/** Reads `12.5`, `{"set": 12.5}` or `{"reset": true}`, both with `ts`, `id` and `cause`. The payload is never quoted back. */
function parseTotal(payload: string): ParsedTotal {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (/^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) return { ok: true, total: Number(text), ts: null, id: null, cause: null };
  if (!text.startsWith("{")) return malformed(`not ${forms}`);
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const { set, reset, ts, id = null, cause = null, ...rest } = body;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  if (Object.keys(rest).length > 0) return malformed('only "set", "reset", "ts", "id" and "cause" are known', id);
  if ((set === undefined) === (reset === undefined)) return malformed('one of "set" and "reset" is needed', id);
  if (set === undefined ? reset !== true : typeof set !== "number" || !Number.isFinite(set))
    return malformed(set === undefined ? '"reset" must be true' : '"set" must be a number', id);
  const time = timeOf(ts);
  if (time === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  return { ok: true, total: typeof set === "number" ? set : 0, ts: time, id, cause };
}

function malformed(message: string, id: string | null = null): ParsedTotal {
  return { ok: false, message, id };
}

type EventOf<T extends AgentEvent["type"]> = Extract<AgentEvent, { type: T }>;

export function counterCommand(plan: Plan, state: State, event: EventOf<"counter-command-received">, effects: Effect[]): void {
  const counter = state.inputs[event.input]?.counter;
  // An empty message is how somebody clears a retained command: no command, and no mistake.
  if (!counter || event.payload === "") return;
  state.commands++;
  const parsed = parseTotal(event.payload);
  const { id } = parsed;
  const to: AnswerTo = { via: "mqtt", responseTopic: event.responseTopic, correlationData: event.correlationData, id };
  const first = event.retain || id === null ? undefined : counter.answers.get(id);
  if (first) {
    effects.push({ type: "answerCounter", input: event.input, to, verdict: first });
    return;
  }
  // The same command again, before it was on disk: it is answered when the first one is.
  if (!event.retain && id !== null && counter.waiting.some(({ to }) => to.via === "mqtt" && to.id === id)) return;
  const cause = mqttCause(parsed.ok ? parsed.cause : null, id);
  const [malformed, ts] = parsed.ok ? [null, parsed.ts] : [parsed.message, null];
  const refusal = commandRefusal(plan, state, event, { malformed, ts, again: "set the total" });
  if (refusal) {
    refuse(plan, state, event, refusal, to, cause, effects);
    return;
  }
  if (parsed.ok) setTotal(plan, state, event, parsed.total, cause, to, effects);
}

export function counterControl(plan: Plan, state: State, event: EventOf<"counter-control-received">, effects: Effect[]): void {
  state.commands++;
  setTotal(plan, state, event, event.total, personCause(event.from), { via: "control", ticket: event.ticket }, effects);
}

interface Where {
  input: number;
  at: Instant;
}
type Refusal = Omit<Extract<CounterVerdict, { ok: false }>, "ok">;

function setTotal(
  plan: Plan,
  state: State,
  { input: index, at }: Where,
  total: number,
  cause: Cause,
  to: AnswerTo,
  effects: Effect[],
): void {
  const counter = state.inputs[index]?.counter;
  const inputPlan = plan.inputs[index];
  if (!counter || !inputPlan?.counter) return;
  const pulses = pulsesOf(inputPlan.counter, total);
  const refusal = objection(state, counter, pulses);
  if (refusal || typeof pulses === "string") {
    if (refusal) refuse(plan, state, { input: index, at }, refusal, to, cause, effects);
    return;
  }
  const text = `set to ${said(inputPlan.counter, pulses)} (was ${said(inputPlan.counter, counter.pulses)})`;
  if (counter.uncertain || counter.missed > 0) state.healthVersion++;
  counter.pulses = pulses;
  counter.missed = 0;
  counter.uncertain = false;
  keep(counter, index, effects);
  counter.waiting.push({ version: counter.version, to });
  remember(counter, { at, text, cause, refused: false });
  const fields = { event: "counter-set", ...fieldsOf(cause), ...topicOf(cause, inputPlan.counter.setTopic), input: inputPlan.id } as const;
  effects.push({ type: "log", level: "info", message: `${inputPlan.id} ${text} by ${whyOf(cause)}`, fields });
}

function objection({ stopping }: State, { waiting }: CounterState, pulses: number | string): Refusal | null {
  if (stopping) return { reason: "stopping", message: "the agent is stopping" };
  if (typeof pulses === "string") return { reason: "malformed", message: pulses };
  return waiting.length >= waitingMost ? { reason: "failed", message: "too many commands wait for the disk" } : null;
}

/** Why not, or how many pulses a total is. */
function pulsesOf({ kind, perUnit }: CounterPlan, total: number): number | string {
  const pulses = Math.round(total * perUnit) + 0;
  if (!Number.isSafeInteger(pulses)) return "the number is too large";
  if (kind === "encoder" && !Number.isInteger(total)) return "a position is a whole number";
  return kind === "counter" && pulses < 0 ? "a total is not below 0" : pulses;
}

function said(plan: CounterPlan, pulses: number): string {
  return `${totalOf(plan, pulses)}${plan.unit === null ? "" : ` ${plan.unit}`}`;
}

function refuse(plan: Plan, state: State, where: Where, { reason, message }: Refusal, to: AnswerTo, cause: Cause, effects: Effect[]): void {
  const counter = state.inputs[where.input]?.counter;
  const id = plan.inputs[where.input]?.id;
  if (!counter || id === undefined) return;
  state.refused++;
  const verdict: CounterVerdict = { ok: false, reason, message };
  keepAnswer(counter, to, verdict);
  remember(counter, { at: where.at, text: message, cause, refused: true });
  effects.push({ type: "answerCounter", input: where.input, to, verdict });
  effects.push({
    type: "log",
    level: "warn",
    message: `${id}: refused a command from ${whyOf(cause)}: ${message}`,
    fields: {
      event: "command-refused",
      ...fieldsOf(cause),
      ...topicOf(cause, plan.inputs[where.input]?.counter?.setTopic),
      input: id,
      reason,
    },
  });
}

function remember({ history }: CounterState, change: CounterState["history"][number]): void {
  history.push(change);
  if (history.length > historyKept) history.shift();
}
