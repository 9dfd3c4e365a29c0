import { mqttCause, saying } from "./cause.ts";
import { parseCommand } from "./command.ts";
import { commandRefusal } from "./command-refusal.ts";
import { command } from "./contract.ts";
import type { AgentEvent, AnswerTo, Effect } from "./model.ts";
import type { Plan } from "./plan.ts";
import { refuse } from "./refusal.ts";
import type { State } from "./state.ts";

type CommandReceived = Extract<AgentEvent, { type: "command-received" }>;

/** A command for an output from the network: answered, served, or refused with its reason. */
export function commandReceived(plan: Plan, state: State, event: CommandReceived, effects: Effect[]): void {
  const output = state.outputs[event.output];
  // An empty message is how somebody clears a retained command: no command, and no mistake.
  if (!output || event.payload === "") return;
  state.commands++;
  const pwm = plan.outputs[event.output]?.pwm ?? null;
  const parsed = parseCommand(event.payload, pwm === null ? null : pwm.kind === "servo" ? "pulse" : "percent");
  const id = parsed.ok ? parsed.command.id : parsed.id;
  const answer: AnswerTo = { via: "mqtt", responseTopic: event.responseTopic, correlationData: event.correlationData, id };
  const first = event.retain || id === null ? undefined : output.answers.get(id);
  if (first) {
    effects.push({ type: "answer", output: event.output, to: answer, verdict: first });
    return;
  }
  const waits = output.waiting?.request.answer;
  // The same command again, before its dead time was over: it is answered when the first one is.
  if (!event.retain && id !== null && waits?.via === "mqtt" && waits.id === id) return;
  const [malformed, ts] = parsed.ok ? [null, parsed.command.ts] : [parsed.message, null];
  const refusal = commandRefusal(plan, state, event, { malformed, ts, again: "move the output" });
  const cause = mqttCause(parsed.ok ? parsed.command.cause : null, id);
  if (refusal) {
    const word = parsed.ok ? parsed.command.word : null;
    refuse(plan, state, event.output, { ...refusal, to: answer, cause: saying(cause, word), at: event.at }, effects);
  } else if (parsed.ok) {
    const { word, level, fadeMs: fade, forMs } = parsed.command;
    command(plan, state, event.output, word, forMs, cause, answer, event.at, effects, { level, fade });
  }
}
