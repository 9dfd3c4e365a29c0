import { fieldsOf, personCause } from "./cause.ts";
import { remember } from "./history.ts";
import { cancelWait } from "./interlock.ts";
import type { Effect, Instant } from "./model.ts";
import { attrOf } from "./output-told.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

interface LockRequest {
  output: number;
  locked: boolean;
  from: "cli" | "tui";
  at: Instant;
}

/** A locked output refuses everything but the agent's own decisions to switch it off: a running pulse and max_on still end. */
export function lock(plan: Plan, state: State, { output: index, locked, from, at }: LockRequest, effects: Effect[]): void {
  const output = state.outputs[index];
  const outputPlan = plan.outputs[index];
  if (!output || !outputPlan || output.locked === locked) return;
  output.locked = locked;
  const cause = personCause(from);
  const word = locked ? "LOCKED" : "UNLOCKED";
  if (locked) cancelWait(plan, state, index, { reason: "locked", message: `${outputPlan.id} was locked` }, at, effects);
  remember(index, output, { at, state: word, cause, detail: null }, effects);
  effects.push({ type: "keepOutput", output: index, locked, level: output.kept });
  effects.push({ type: "publish", ...attrOf(state, outputPlan, output) });
  const fields = { event: locked ? "output-locked" : "output-unlocked", output: outputPlan.id, ...fieldsOf(cause) } as const;
  effects.push({ type: "log", level: "info", message: `${outputPlan.id} ${word.toLowerCase()} by ${from}`, fields });
}
