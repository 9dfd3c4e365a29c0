import { staleness } from "./command.ts";
import type { Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/**
 * Why a command from the network must not be served, whatever it is for; null when it may be. `malformed` is what is wrong with it,
 * `again` what a retained one would do at every reconnect.
 */
export function commandRefusal(
  plan: Plan,
  state: State,
  { retain, at }: { retain: boolean; at: Instant },
  { malformed, ts, again }: { malformed: string | null; ts: number | null; again: string | null },
): { reason: "retained" | "malformed" | "stale" | "stopping"; message: string } | null {
  if (retain) {
    const why = again === null ? "" : `it would ${again} again at every reconnect; `;
    return { reason: "retained", message: `a retained command is refused: ${why}publish it without retain` };
  }
  if (malformed !== null) return { reason: "malformed", message: malformed };
  const stale = staleness(ts, at, { offset: state.clockOffset, set: state.clockSet }, plan.commandTtl);
  if (stale !== null) return { reason: "stale", message: stale };
  return state.stopping ? { reason: "stopping", message: "the agent is stopping" } : null;
}
