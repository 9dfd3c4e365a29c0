import { keepAnswer } from "./answers.ts";
import { fieldsOf, topicOf, whyOf } from "./cause.ts";
import { remember } from "./history.ts";
import { isoTime } from "./iso-time.ts";
import type { AnswerTo, Cause, Effect, Instant, RefusalReason, Verdict } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/** Why something must not be done; `allowedAt` when it is known from when on it may be. */
export interface Objection {
  reason: RefusalReason;
  message: string;
  allowedAt?: Instant | null;
}

export interface RefusedCommand extends Objection {
  /** Null for a rule and for the agent itself: nobody waits for an answer. */
  to: AnswerTo | null;
  /** Why it was wanted. */
  cause: Cause;
  at: Instant;
}

/** Moves nothing; answers, counts, remembers and logs. */
export function refuse(plan: Plan, state: State, index: number, refused: RefusedCommand, effects: Effect[]): void {
  const { reason, message, to, cause, at, allowedAt = null } = refused;
  const output = state.outputs[index];
  const { id, setTopic } = plan.outputs[index] ?? {};
  if (!output || id === undefined) return;
  state.refused++;
  const allowed = allowedAt === null ? {} : { allowed_at: isoTime(state, allowedAt) };
  remember(index, output, { at, state: "REFUSED", cause, detail: `${reason}: ${message}`, allowedAt }, effects);
  if (to !== null) {
    const verdict: Verdict = { ok: false, reason, message, ...allowed };
    keepAnswer(output, to, verdict);
    effects.push({ type: "answer", output: index, to, verdict });
  }
  effects.push({
    type: "log",
    level: "warn",
    message: `${id}: refused a command from ${whyOf(cause)}: ${message}`,
    fields: {
      event: reason === "interlock" ? "interlock-refused" : "command-refused",
      output: id,
      ...fieldsOf(cause),
      ...topicOf(cause, setTopic),
      reason,
      ...allowed,
    },
  });
}
