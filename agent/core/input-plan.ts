import type { Config } from "../../config/schema.ts";
import { formatLineName, type LineName } from "../../gpio/line.ts";
import { type CounterPlan, counterPlanOf } from "./counter-plan.ts";
import { type Bound, type GesturePlan, gesturePlanOf } from "./gesture-plan.ts";
import type { TimerKey } from "./model.ts";
import type { TimerOwner } from "./plan.ts";
import { noTriggers } from "./rule-plan.ts";
import type { Topics } from "./topics.ts";

export interface InputPlan {
  id: string;
  /** Null for a key. */
  line: LineName | null;
  /** Null for a line. */
  key: KeyPlan | null;
  /** How long a level must hold here; 0 when every edge counts, or the line itself holds it back. */
  debounce: number;
  /** How long the line itself holds a level back; 0 = not at all. */
  lineDebounce: number;
  /** Null for an input that counts nothing. */
  counter: CounterPlan | null;
  stepsPerDetent: number;
  gestures: GesturePlan;
  stateTopic: string;
  eventTopic: string;
  settleKey: TimerKey;
  /** For the hold and its repeats. */
  holdKey: TimerKey;
  /** For the pause after a click. */
  windowKey: TimerKey;
  rules: Bound;
}

/** A key of an input device. */
export interface KeyPlan {
  device: string;
  key: string;
  /** Nobody else gets what the device tells. */
  grab: boolean;
}

/** The inputs of the configuration, each with the triggers that are bound to it; their timers are added to `timers`. */
export function inputsOf(
  { inputs }: Pick<Config, "inputs">,
  topics: Topics,
  gestures: ReadonlyMap<string, Bound>,
  timers: Map<TimerKey, TimerOwner>,
): InputPlan[] {
  return Object.entries(inputs).map(([id, input], index): InputPlan => {
    const bound = gestures.get(id) ?? noTriggers();
    const settleKey: TimerKey = `settle:${id}`;
    const holdKey: TimerKey = `hold:${id}`;
    const windowKey: TimerKey = `window:${id}`;
    timers
      .set(settleKey, { kind: "settle", input: index })
      .set(holdKey, { kind: "hold", input: index })
      .set(windowKey, { kind: "window", input: index });
    const { line, debounce, steps_per_detent: stepsPerDetent } = input;
    const counter = counterPlanOf(id, input, topics);
    if (counter !== null) timers.set(counter.reportKey, { kind: "report", input: index });
    return {
      id,
      line,
      key: input.evdev === null || input.key === null ? null : { device: input.evdev, key: input.key, grab: input.grab === "on" },
      debounce: typeof debounce === "number" ? debounce : 0,
      lineDebounce: typeof debounce === "number" ? 0 : debounce.kernel,
      counter,
      stepsPerDetent,
      gestures: gesturePlanOf(input, bound),
      settleKey,
      holdKey,
      windowKey,
      rules: bound,
      stateTopic: counter === null ? topics.inputState(id) : topics.counterState(id),
      eventTopic: topics.inputEvent(id),
    };
  });
}

/** What an input is read from, as a person names it. */
export function sourceOf({ line, key }: Pick<InputPlan, "line" | "key">): string {
  return key?.key ?? (line === null ? "" : formatLineName(line));
}
