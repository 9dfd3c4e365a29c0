import type { Facts } from "./facts.ts";
import type { Sentence } from "./sentence.ts";

/** `unchecked` = it could not be looked at here, which is not the same as well. */
export type Level = "ok" | "unchecked" | "note" | "warning" | "problem";

/** What a check has to say. */
export interface Remark {
  level: Level;
  what: Sentence;
  /** Commands, or what to write where; in this order. */
  mend?: readonly Sentence[];
}

export interface Finding extends Remark {
  check: string;
  /** Why it matters. */
  why: string;
}

/** Pure: facts in, remarks out. One that has nothing to look at says nothing. */
export interface Check {
  id: string;
  /** What is looked at, for the documentation. */
  about: string;
  why: string;
  look(facts: Facts): readonly Remark[];
}

/** What was found out, or why it was not; `mend` = what would make it possible. */
export type Fact<T> = { readonly value: T } | { readonly unknown: Sentence; readonly mend?: readonly Sentence[] };

const remark =
  (level: Level) =>
  (what: Sentence, ...mend: readonly Sentence[]): Remark => ({ level, what, ...(mend.length > 0 && { mend }) });

export const ok = remark("ok");
export const note = remark("note");
export const warning = remark("warning");
export const problem = remark("problem");
export const unchecked = remark("unchecked");

/** What the known fact says; of an unknown one, that it was not checked. */
export function known<T>(fact: Fact<T>, look: (value: T) => readonly Remark[]): readonly Remark[] {
  return "value" in fact ? look(fact.value) : [unchecked(fact.unknown, ...(fact.mend ?? []))];
}

/** All findings, in the order of the checks. */
export function examine(checks: readonly Check[], facts: Facts): Finding[] {
  return checks.flatMap(({ id, why, look }) => look(facts).map((remark) => ({ check: id, why, ...remark })));
}

/** What the whole comes to: a note and what could not be checked are no reason to worry. */
export function worstOf(findings: readonly Pick<Finding, "level">[]): "ok" | "warning" | "problem" {
  if (findings.some(({ level }) => level === "problem")) return "problem";
  return findings.some(({ level }) => level === "warning") ? "warning" : "ok";
}
