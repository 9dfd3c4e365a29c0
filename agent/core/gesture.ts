import type { GesturePlan } from "./gesture-plan.ts";
import type { Gesture, Instant } from "./model.ts";

/**
 * One button. A press held to `hold` or longer is never a click; clicks that follow each other within `window` are one
 * gesture. What is undecided is decided at the first moment at which nothing that is bound to this button could change it.
 */
export interface GestureState {
  pressedAt: Instant | undefined;
  held: boolean;
  /** How often the running hold was repeated. */
  repeats: number;
  /** Clicks that are not decided yet. */
  clicks: number;
  /** The press of the first of them. */
  firstAt: Instant;
  /** The release of the last of them. */
  releasedAt: Instant;
}

/** `ongoing` = a further click, told to others before it is known whether it was the last. */
export interface Recognised {
  gesture: Gesture | "ongoing";
  /** Since the press, for several clicks since the first; 0 for the press itself. */
  duration: number;
  /** When it happened by the kernel's time, however late it is noticed. */
  at: Instant;
  /** Clicks so far; 0 for what is no click. */
  count: number;
}

/** A click, a double click, … by their number. */
export const clickGestures = ["click", "double", "triple", "4 clicks", "5 clicks"] as const;

export function newGesture(): GestureState {
  return { pressedAt: undefined, held: false, repeats: 0, clicks: 0, firstAt: 0, releasedAt: 0 };
}

/**
 * The gestures that a settled level completes, in order, with those that time alone had brought before. `at` is the
 * kernel time of the edge that began the level, so a hold and a pause between clicks have their real length even when
 * the loop was late for a timer.
 */
export function recognise(state: GestureState, plan: GesturePlan, active: boolean, at: Instant): Recognised[] {
  const found = overdue(state, plan, at);
  if (active) {
    if (state.clicks === 0) state.firstAt = at;
    state.pressedAt = at;
    state.held = false;
    state.repeats = 0;
    found.push({ gesture: "press", duration: 0, at, count: 0 });
    return found;
  }
  if (state.pressedAt === undefined) return found;
  const duration = at - state.pressedAt;
  state.pressedAt = undefined;
  found.push({ gesture: "release", duration, at, count: 0 });
  if (plan.kind !== "button") return found;
  if (state.held) {
    found.push({ gesture: "hold_end", duration, at, count: 0 });
    return found;
  }
  state.clicks++;
  state.releasedAt = at;
  if (state.clicks > 1) found.push({ gesture: "ongoing", duration: at - state.firstAt, at, count: state.clicks });
  if (state.clicks >= plan.most) found.push(...decide(state));
  return found;
}

/** What time alone has brought until `at`, this moment included: the end of the clicks, a hold, its repeats. */
export function overdue(state: GestureState, plan: GesturePlan, at: Instant): Recognised[] {
  const found: Recognised[] = [];
  for (let due = waitsUntil(state, plan); due !== undefined && due <= at; due = waitsUntil(state, plan)) {
    // Clicks before a hold are decided by it: they happened, and nothing can be added to them any more.
    found.push(...decide(state));
    if (state.pressedAt === undefined) continue;
    const gesture = state.held ? "repeat" : "hold";
    if (state.held) state.repeats++;
    state.held = true;
    found.push({ gesture, duration: due - state.pressedAt, at: due, count: 0 });
  }
  return found;
}

/** Ends the running clicks now: one gesture for all of them, at the time of the last release. Empty when there are none. */
export function decide(state: GestureState): Recognised[] {
  const { clicks: count, firstAt, releasedAt: at } = state;
  state.clicks = 0;
  const gesture = clickGestures[count - 1];
  return gesture === undefined ? [] : [{ gesture, duration: at - firstAt, at, count }];
}

/** The moment at which time alone decides something; undefined while only an edge can. */
export function waitsUntil(state: GestureState, plan: GesturePlan): Instant | undefined {
  if (plan.kind !== "button") return undefined;
  if (state.pressedAt === undefined) return state.clicks > 0 ? state.releasedAt + plan.window : undefined;
  const hold = state.pressedAt + plan.hold;
  if (!state.held) return hold;
  return plan.repeat === null ? undefined : hold + (state.repeats + 1) * plan.repeat;
}
