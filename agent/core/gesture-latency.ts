import { reorder } from "./encoder.ts";
import { clickGestures } from "./gesture.ts";
import type { InputPlan } from "./input-plan.ts";
import type { Gesture } from "./model.ts";

/** When a gesture of one input acts, counted from an edge of its contact (from the last one, if it bounces). */
export interface Latency {
  gesture: Gesture;
  /** The edge: the contact closes, or opens (for the last time, if it is several clicks). */
  after: "closes" | "opens" | "turns";
  ms: number;
  why: string;
  /** A `repeat` comes again after this time. */
  every: number | null;
}

/** What each gesture that somebody can see takes, by the same plan that decides: bound to a rule, or published. */
export function latenciesOf(input: InputPlan): Latency[] {
  const { gestures, rules, lineDebounce } = input;
  // An edge of a line that debounces comes when the level has held, so everything counts from there.
  const debounce = input.debounce + lineDebounce;
  const { hold, window, repeat, most, eventTypes } = gestures;
  const rows: Latency[] = [];
  const add = (gesture: Gesture, after: Latency["after"], ms: number, why: string, every: number | null = null) => {
    if (rules[gesture].length > 0 || eventTypes[gesture] !== null) rows.push({ gesture, after, ms, why, every });
  };
  const settles = lineDebounce > 0 ? "debounce of the line; the kernel may add a few ms" : debounce === 0 ? "at once" : "debounce";
  add("press", "closes", debounce, settles);
  add("release", "opens", debounce, settles);
  for (const gesture of ["right", "left"] as const)
    add(gesture, "turns", lineDebounce + reorder, "waits for an earlier edge of its other line");
  if (gestures.kind !== "button") return rows;
  for (const [index, gesture] of clickGestures.slice(0, most).entries()) {
    if (index + 1 < most) add(gesture, "opens", lineDebounce + Math.max(window, input.debounce), `window, because ${bindingOf(input)}`);
    else add(gesture, "opens", debounce, `${settles}; nothing longer is bound, so it does not wait`);
  }
  add("hold", "closes", lineDebounce + Math.max(hold, input.debounce), lineDebounce > 0 ? "debounce of the line, and hold" : "hold");
  if (repeat !== null) add("repeat", "closes", lineDebounce + Math.max(hold + repeat, input.debounce), "hold and repeat", repeat);
  add("hold_end", "opens", debounce, settles);
  return rows;
}

/** What makes a click wait. */
function bindingOf({ gestures: { most }, rules }: InputPlan): string {
  const gesture = clickGestures[most - 1];
  if (gesture === undefined || rules[gesture].length === 0) return "`events` lists multi_press";
  return `${gesture} ${gesture.endsWith("clicks") ? "are" : "is"} bound`;
}
