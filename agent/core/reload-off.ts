import type { Effect, Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/** An output, by its id, that is on and that `who` ("rule porch") does not switch any more goes off; nothing when there is none. */
export function switchedNoMore(next: Plan, carried: State, output: string, who: string, at: Instant, effects: Effect[]): void {
  const index = next.outputIndex.get(output) ?? -1;
  const [left, retryKey] = [carried.outputs[index], next.outputs[index]?.retryKey];
  if (left?.written !== true || retryKey === undefined) return;
  // A reload itself writes to no line: it must go off, as after a write that has failed.
  left.retry = { kind: "reload", text: "reload", detail: `${who} does not switch it any more` };
  effects.push({ type: "startTimer", key: retryKey, at });
}
