import type { Instant } from "./model.ts";
import type { Plan } from "./plan.ts";
import { measuredAt, type ValueRef } from "./sensor-ref.ts";
import type { State } from "./state.ts";

// What rules and controllers see of a sensor. For control a value holds until it is as old as `stale_after`: one failed read does not end
// it. A value that is stale, or that never came, is never looked at.

/** What a value is compared with. Several rules that ask the same share one. */
export interface ValueTest {
  ref: ValueRef;
  test: { kind: "below" | "above"; limit: number; hysteresis: number } | { kind: "equals"; word: string };
  /** `tent.humidity below 55, over at 58`: a reload knows it again by this. */
  text: string;
}

export type ValueNow =
  | { is: "known"; value: number | boolean | string; unit: string | null }
  /** It was not read yet, and has still time. */
  | { is: "unknown" }
  | { is: "stale" };

/** The value of a sensor at this moment. */
export function valueNow(plan: Pick<Plan, "sensors">, state: Readonly<State>, ref: ValueRef, at: Instant): ValueNow {
  const [sensorPlan, sensor] = [plan.sensors[ref.sensor], state.sensors[ref.sensor]];
  if (!sensorPlan || !sensor || sensor.stale) return { is: "stale" };
  if (sensor.values === null) return { is: "unknown" };
  // The timer that says so may be a little late.
  if (at - sensor.at >= sensorPlan.staleAfter) return { is: "stale" };
  const measured = measuredAt(state, ref);
  return measured === undefined ? { is: "stale" } : { is: "known", value: measured.value, unit: measured.unit };
}

/** The same as a number; a word is none. */
export function numberNow(plan: Pick<Plan, "sensors">, state: Readonly<State>, ref: ValueRef, at: Instant): number | null {
  const now = valueNow(plan, state, ref, at);
  return now.is === "known" && typeof now.value === "number" && Number.isFinite(now.value) ? now.value : null;
}

/** Looks at what is compared with a sensor again; what is not known is on no side. */
export function updateSides(plan: Plan, state: State, sensor: number, at: Instant): void {
  for (const index of plan.listeners.tests[sensor] ?? []) {
    const test = plan.tests[index];
    if (test) state.sides[index] = sideOf(plan, state, test, state.sides[index] ?? null, at);
  }
}

/** Whether a comparison is true; null when the value is not known. Between the limit and its hysteresis it stays as it was. */
function sideOf(plan: Plan, state: State, { ref, test }: ValueTest, before: boolean | null, at: Instant): boolean | null {
  if (test.kind === "equals") {
    const now = valueNow(plan, state, ref, at);
    return now.is === "known" ? String(now.value) === test.word : null;
  }
  const value = numberNow(plan, state, ref, at);
  if (value === null) return null;
  const { kind, limit, hysteresis } = test;
  const beyond = kind === "below" ? limit - value : value - limit;
  if (beyond > 0) return true;
  return before === true && -beyond < hysteresis;
}

/** The sides under a new plan: a comparison that is made already keeps its side, a new one is made now. */
export function carrySides(old: Plan, state: State, next: Plan, carried: State, at: Instant): (boolean | null)[] {
  const before = new Map(old.tests.map(({ text }, index) => [text, state.sides[index] ?? null]));
  return next.tests.map((test) => sideOf(next, carried, test, before.get(test.text) ?? null, at));
}

/** `52.1 %`; a number with no more digits than anybody reads. */
export function valueText(value: number | boolean | string, unit: string | null): string {
  const text = typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value).slice(0, 64);
  return unit === null ? text : `${text} ${unit}`;
}

/** `tent.humidity 52.1 % is below 55`, as it is now. */
export function testNow(plan: Plan, state: State, { ref, test }: ValueTest, side: boolean, at: Instant): string {
  const now = valueNow(plan, state, ref, at);
  if (now.is !== "known") return `${ref.text} is ${now.is}`;
  return `${ref.text} ${valueText(now.value, now.unit)} is ${side ? "" : "not "}${comparedText(test)}`;
}

export function comparedText(test: ValueTest["test"]): string {
  return test.kind === "equals" ? test.word : `${test.kind} ${test.limit}`;
}
