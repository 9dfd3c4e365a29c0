import { keepAnswer } from "./answers.ts";
import { mqttCause } from "./cause.ts";
import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";
import { commandRefusal } from "./command-refusal.ts";
import type { AgentEvent, AnswerTo, Cause, Effect } from "./model.ts";
import type { Plan } from "./plan.ts";
import { reasonOf } from "./reason.ts";
import { enableRule, fireRule } from "./rule.ts";
import type { State } from "./state.ts";

type RuleCommand = Extract<AgentEvent, { type: "rule-command-received" }>;
type Word = "ON" | "OFF" | "TRIGGER";
type Parsed =
  | { ok: true; word: Word; ts: number | null; id: string | null; cause: string | null }
  | { ok: false; message: string; id: string | null };

const objections = {
  stopping: "the agent is stopping",
  disabled: "the rule is disabled",
  suspended: "the rule rests, because it fired too often",
  conditions: "its conditions are not met",
} as const;

/** `P/rule/<id>/set`: ON and OFF enable and disable, TRIGGER starts it as one of its triggers would. */
export function ruleCommand(plan: Plan, state: State, event: RuleCommand, effects: Effect[]): void {
  const rulePlan = plan.rules[event.rule];
  const ruleState = state.rules[event.rule];
  // An empty message is how somebody clears a retained command.
  if (!rulePlan || !ruleState || event.payload === "") return;
  state.commands++;
  const parsed = parse(event.payload);
  const { id } = parsed;
  const to = { via: "mqtt", responseTopic: event.responseTopic, correlationData: event.correlationData, id } as const;
  const first = event.retain || id === null ? undefined : ruleState.answers.get(id);
  if (first !== undefined) {
    effects.push({ type: "reply", topic: rulePlan.resultTopic, to, payload: first });
    return;
  }
  const answer = (body: Record<string, unknown>) => {
    const payload = JSON.stringify({ id, ...body });
    if (!event.retain) keepAnswer(ruleState, to, payload);
    // As with outputs: what was served is told by the state, unless somebody waits for an answer.
    if (body.ok !== true || needsAnswer(to)) effects.push({ type: "reply", topic: rulePlan.resultTopic, to, payload });
  };
  const [malformed, ts] = parsed.ok ? [null, parsed.ts] : [parsed.message, null];
  const refusal =
    commandRefusal(plan, state, event, { malformed, ts, again: null }) ?? (parsed.ok ? serve(plan, state, event, parsed, effects) : null);
  if (refusal === null) {
    answer({ ok: true, state: ruleState.enabled ? "ON" : "OFF" });
    return;
  }
  state.refused++;
  const from = id === null ? "mqtt" : `mqtt ${id}`;
  const message = `rule ${rulePlan.id}: refused a command from ${from}: ${refusal.message}`;
  const fields = { event: "command-refused", rule: rulePlan.id, cause: from, topic: rulePlan.setTopic, reason: refusal.reason } as const;
  effects.push({ type: "log", level: "warn", message, fields: id === null ? fields : { ...fields, cause_id: id } });
  answer({ ok: false, ...refusal });
}

/** The same of somebody at this machine: only an agent that stops does not serve it. */
export function ruleControl(
  plan: Plan,
  state: State,
  { rule, enabled, from, at }: Extract<AgentEvent, { type: "rule-control-received" }>,
  effects: Effect[],
): void {
  state.commands++;
  if (state.stopping) state.refused++;
  else enableRule(plan, state, rule, enabled, from, at, effects);
}

interface Refusal {
  reason: string;
  message: string;
}

function serve(plan: Plan, state: State, event: RuleCommand, parsed: Extract<Parsed, { ok: true }>, effects: Effect[]): Refusal | null {
  const { word, id, cause: sender } = parsed;
  if (word !== "TRIGGER") {
    enableRule(plan, state, event.rule, word === "ON", "mqtt", event.at, effects);
    return null;
  }
  const text = ["a command over mqtt", sender, id === null ? null : `id ${id}`].filter((part) => part !== null).join(", ");
  const trigger = { step: { kind: "mqtt", text }, words: reasonOf(mqttCause(sender, id)) } as const;
  const own = id === null ? {} : { id };
  const cause: Cause = { kind: "rule", text: `rule ${plan.rules[event.rule]?.id}`, detail: text, trigger, ...own };
  const objection = fireRule(plan, state, event.rule, cause, event.at, effects);
  return objection === null ? null : { reason: objection, message: objections[objection] };
}

function needsAnswer(to: Extract<AnswerTo, { via: "mqtt" }>): boolean {
  return to.id !== null || to.responseTopic !== null;
}

/** `ON`, `OFF`, `TRIGGER` in any case, or `{"state","ts","id","cause"}`. It is never quoted back. */
function parse(payload: string): Parsed {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (!text.startsWith("{")) {
    const word = wordOf(text);
    return word ? { ok: true, word, ts: null, id: null, cause: null } : malformed("not ON, OFF, TRIGGER or a JSON object");
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const { id = null, ts, cause = null, state, ...rest } = body;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  if (Object.keys(rest).length > 0) return malformed('only "state", "ts", "id" and "cause" are known', id);
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  const word = typeof state === "string" ? wordOf(state) : undefined;
  if (!word) return malformed('"state" must be ON, OFF or TRIGGER', id);
  const time = timeOf(ts);
  if (time === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  return { ok: true, word, ts: time, id, cause };
}

function wordOf(text: string): Word | undefined {
  const word = text.toUpperCase();
  return word === "ON" || word === "OFF" || word === "TRIGGER" ? word : undefined;
}

function malformed(message: string, id: string | null = null): Parsed {
  return { ok: false, message, id };
}
