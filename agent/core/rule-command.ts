import { mqttCause } from "./cause.ts";
import { answering, type Parsed, parseEnvelope, type WishForm } from "./command-envelope.ts";
import { commandRefusal } from "./command-refusal.ts";
import type { AgentEvent, Cause, Effect } from "./model.ts";
import type { Plan } from "./plan.ts";
import { reasonOf } from "./reason.ts";
import { enableRule, fireRule } from "./rule.ts";
import type { State } from "./state.ts";

type RuleCommand = Extract<AgentEvent, { type: "rule-command-received" }>;
type Word = "ON" | "OFF" | "TRIGGER";

/** In any case. */
const form: WishForm<Word> = {
  ofText: wordOf,
  texts: "ON, OFF, TRIGGER",
  ofJson: ({ state }) => wordOf(state),
  keys: ["state"],
  needs: '"state" must be ON, OFF or TRIGGER',
};

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
  const parsed = parseEnvelope(event.payload, form);
  const { id } = parsed;
  const answer = answering(event, id, rulePlan.resultTopic, ruleState, effects);
  if (answer === null) return;
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

function serve(
  plan: Plan,
  state: State,
  event: RuleCommand,
  parsed: Extract<Parsed<Word>, { ok: true }>,
  effects: Effect[],
): Refusal | null {
  const { wish: word, id, cause: sender } = parsed;
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

function wordOf(text: unknown): Word | null {
  const word = typeof text === "string" ? text.toUpperCase() : null;
  return word === "ON" || word === "OFF" || word === "TRIGGER" ? word : null;
}
