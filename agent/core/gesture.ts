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
  /** Of an encoder: the detent that it has reached. */
  position?: number;
}

/** A click, a double click, … by their number. */
export const clickGestures = ["click", "double", "triple", "4 clicks", "5 clicks"] as const;

const none: readonly Recognised[] = [];

export function newGesture(): GestureState {
  return { pressedAt: undefined, held: false, repeats: 0, clicks: 0, firstAt: 0, releasedAt: 0 };
}

/**
 * The gestures that a settled level completes, in order, with those that time alone had brought before. `at` is the
 * kernel time of the edge that began the level, so a hold and a pause between clicks have their real length even when
 * the loop was late for a timer.
 */
export function recognise(state: GestureState, plan: GesturePlan, active: boolean, at: Instant): readonly Recognised[] {
  const before = overdue(state, plan, at);
  const now = active ? [pressed(state, at)] : released(state, plan, at);
  return before.length === 0 ? now : [...before, ...now];
}

function pressed(state: GestureState, at: Instant): Recognised {
  if (state.clicks === 0) state.firstAt = at;
  state.pressedAt = at;
  state.held = false;
  state.repeats = 0;
  return { gesture: "press", duration: 0, at, count: 0 };
}

function released(state: GestureState, plan: GesturePlan, at: Instant): readonly Recognised[] {
  if (state.pressedAt === undefined) return none;
  const duration = at - state.pressedAt;
  state.pressedAt = undefined;
  const release: Recognised = { gesture: "release", duration, at, count: 0 };
  if (plan.kind !== "button") return [release];
  if (state.held) return [release, { gesture: "hold_end", duration, at, count: 0 }];
  state.clicks++;
  state.releasedAt = at;
  const told: Recognised[] =
    state.clicks > 1 ? [release, { gesture: "ongoing", duration: at - state.firstAt, at, count: state.clicks }] : [release];
  return state.clicks >= plan.most ? told.concat(decide(state)) : told;
}

/** What time alone has brought until `at`, this moment included: the end of the clicks, a hold, its repeats. */
export function overdue(state: GestureState, plan: GesturePlan, at: Instant): readonly Recognised[] {
  let found = none;
  for (let due = waitsUntil(state, plan); due !== undefined && due <= at; due = waitsUntil(state, plan)) {
    // Clicks before a hold are decided by it: they happened, and nothing can be added to them any more.
    found = [...found, ...decide(state), ...held(state, due)];
  }
  return found;
}

function held(state: GestureState, at: Instant): readonly Recognised[] {
  if (state.pressedAt === undefined) return none;
  const gesture = state.held ? "repeat" : "hold";
  if (state.held) state.repeats++;
  state.held = true;
  return [{ gesture, duration: at - state.pressedAt, at, count: 0 }];
}

/** Ends the running clicks now: one gesture for all of them, at the time of the last release. Empty when there are none. */
export function decide(state: GestureState): readonly Recognised[] {
  const { clicks: count, firstAt, releasedAt: at } = state;
  const gesture = clickGestures[count - 1];
  if (gesture === undefined) return none;
  state.clicks = 0;
  return [{ gesture, duration: at - firstAt, at, count }];
}

/** The moment at which time alone decides something; undefined while only an edge can. */
export function waitsUntil(state: GestureState, plan: GesturePlan): Instant | undefined {
  if (plan.kind !== "button") return undefined;
  if (state.pressedAt === undefined) return state.clicks > 0 ? state.releasedAt + plan.window : undefined;
  const hold = state.pressedAt + plan.hold;
  if (!state.held) return hold;
  return plan.repeat === null ? undefined : hold + (state.repeats + 1) * plan.repeat;
}
