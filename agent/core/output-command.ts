import { type Parsed, parseCommand, staleness } from "./command.ts";
import { command } from "./contract.ts";
import type { AgentEvent, AnswerTo, Cause, Effect, RefusalReason } from "./model.ts";
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
  const parsed = parseCommand(event.payload);
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
  const refusal = refusalOf(plan, state, event, parsed);
  const from = id === null ? "mqtt" : `mqtt ${id}`;
  if (refusal) refuse(plan, state, event.output, { ...refusal, to: answer, kind: "mqtt", from, at: event.at }, effects);
  else if (parsed.ok) {
    const words = [parsed.command.cause, id === null ? null : `id ${id}`].filter((word) => word !== null);
    const cause: Cause = {
      kind: "mqtt",
      text: "mqtt",
      detail: words.length === 0 ? null : words.join(", "),
      ...(id === null ? {} : { id }),
    };
    command(plan, state, event.output, parsed.command.word, parsed.command.forMs, cause, answer, event.at, effects);
  }
}

/** Why a command from the network must not be served; null when it may be. */
function refusalOf(plan: Plan, state: State, event: CommandReceived, parsed: Parsed): { reason: RefusalReason; message: string } | null {
  if (event.retain) {
    return {
      reason: "retained",
      message: "a retained command is refused: it would move the output again at every reconnect; publish it without retain",
    };
  }
  if (!parsed.ok) return { reason: "malformed", message: parsed.message };
  const stale = staleness(parsed.command.ts, event.at, { offset: state.clockOffset, set: state.clockSet }, plan.commandTtl);
  if (stale !== null) return { reason: "stale", message: stale };
  return state.stopping ? { reason: "stopping", message: "the agent is stopping" } : null;
}
