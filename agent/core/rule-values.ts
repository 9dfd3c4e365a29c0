import type { Instant } from "./model.ts";
import type { Objection } from "./refusal.ts";

/** What a rule did last by the values that it looks at. */
export interface RuleValues {
  /** `lost`: what `on_broker_lost` says, and it rests until the broker is back. Null before anything. */
  did: "do" | "else" | "stale" | "lost" | null;
  /** When; before anything, when the agent started. */
  since: Instant;
  /** Since when its comparison is true; null while it is not. */
  soSince: Instant | null;
  /** When what it did is done again: an output has refused it, or `repeat` says so. */
  again: Instant | null;
}

/** How soon again, when an output does not say from when on it would not refuse. */
export const refusedAgain = 60_000;

export function newValues(): RuleValues {
  return { did: null, since: Number.NEGATIVE_INFINITY, soSince: null, again: null };
}

export function noteDone(values: RuleValues, did: RuleValues["did"], refused: Objection | null, at: Instant): void {
  values.did = did;
  values.since = at;
  values.again = refused === null ? null : (refused.allowedAt ?? at + refusedAgain);
}
