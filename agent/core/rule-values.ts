import type { Instant } from "./model.ts";
import type { Objection } from "./refusal.ts";

/** What a rule did last by the values that it looks at. */
export interface RuleValues {
  /** `lost`: what `on_broker_lost` says, and it rests until the broker is back. Null before anything. */
  did: "do" | "else" | "stale" | "lost" | null;
  /** When it began; before anything, when the agent started. */
  since: Instant;
  /** When all of it was done last. */
  saidAt: Instant;
  /** What of it an output has refused, by the places in its list. */
  left: readonly number[];
  /** Something of it was done. */
  begun: boolean;
  /** Since when its comparison is true; null while it is not. */
  soSince: Instant | null;
  /** When what it did is done again: an output has refused it, or `repeat` says so. */
  again: Instant | null;
}

/** How soon again, when an output does not say from when on it would not refuse. */
const refusedAgain = 60_000;

export function newValues(): RuleValues {
  return { did: null, since: Number.NEGATIVE_INFINITY, saidAt: 0, left: [], begun: false, soSince: null, again: null };
}

/** What came of a list of actions. */
export interface Outcome {
  /** Of what was refused, what may be tried again first. */
  refused: Objection | null;
  /** All that was refused, by the places in the list. */
  left: readonly number[];
  /** How much was to be done. */
  tried: number;
}

/** `whole`: all of the list was to be done, and not only what was left of it. */
export function noteDone(
  values: RuleValues,
  did: RuleValues["did"],
  { refused, left, tried }: Outcome,
  at: Instant,
  whole: boolean = true,
): void {
  // What is done once more has been so since it was done first.
  if (values.did !== did || !values.begun) Object.assign(values, { since: at, begun: left.length < tried || tried === 0 });
  if (whole) values.saidAt = at;
  values.did = did;
  values.left = left;
  values.again = refused === null ? null : againAt(refused, at);
}

/** When what was refused is to be tried again. */
export function againAt({ allowedAt }: Objection, at: Instant): Instant {
  return allowedAt ?? at + refusedAgain;
}
