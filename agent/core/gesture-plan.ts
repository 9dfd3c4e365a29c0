import type { InputConfig } from "../../config/schema.ts";
import { clickGestures, type Recognised } from "./gesture.ts";
import type { Gesture } from "./model.ts";

/** Indexes of the triggers bound to each gesture of one input. */
export type Bound = Readonly<Record<Gesture, readonly number[]>>;

/** What is bound to one input, and how long its gestures take. */
export interface GesturePlan {
  kind: InputConfig["kind"];
  hold: number;
  window: number;
  /** null = nobody asks for it. */
  repeat: number | null;
  /** How many clicks anybody asks for; 1 = a click is decided at its release. */
  most: number;
  /** What each is called on the wire (Home Assistant's event types); null = not published. */
  eventTypes: Readonly<Record<Recognised["gesture"], string | null>>;
}

/** The name of the gesture that starts a rule. */
export function gestureOf({ gesture, clicks }: { gesture: Gesture | null; clicks: number | null }): Gesture {
  return gesture ?? clickGestures[(clicks ?? 1) - 1] ?? "click";
}

export function gesturePlanOf({ kind, hold, window, repeat, events }: InputConfig, bound: Bound): GesturePlan {
  const listed = events.includes("multi_press") ? clickGestures.length : 1;
  const most = clickGestures.reduce(
    (highest, gesture, index) => (bound[gesture].length > 0 ? Math.max(highest, index + 1) : highest),
    listed,
  );
  const button = kind === "button";
  const press = kind === "doorbell" ? "ring" : button && events.includes("press_start") ? "press_start" : null;
  const several = button ? "multi_press_end" : null;
  return {
    kind,
    hold,
    window,
    repeat: bound.repeat.length > 0 ? repeat : null,
    most,
    eventTypes: {
      press,
      release: null,
      click: button ? "press_end" : null,
      double: several,
      triple: several,
      "4 clicks": several,
      "5 clicks": several,
      ongoing: button ? "multi_press_ongoing" : null,
      hold: button ? "long_press_start" : null,
      hold_end: button ? "long_press_end" : null,
      repeat: null,
      right: kind === "encoder" ? "rotate_right" : null,
      left: kind === "encoder" ? "rotate_left" : null,
    },
  };
}
