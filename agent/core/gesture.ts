import type { Gesture, Instant } from "./model.ts";

/** One button: a press held to `hold` or longer is never a click. */
export interface GestureState {
  pressedAt: Instant | undefined;
  held: boolean;
}

export interface Recognised {
  gesture: Gesture;
  /** Since the press; 0 for the press itself. */
  duration: number;
  /** When it happened by the kernel's time, however late it is noticed. */
  at: Instant;
}

export function newGesture(): GestureState {
  return { pressedAt: undefined, held: false };
}

/**
 * The gestures that a settled level completes, in order. `at` is the kernel time of the edge that began the level, so a
 * hold is recognised by its real length even when the loop was late for its timer.
 */
export function recognise(state: GestureState, active: boolean, hold: number, at: Instant): Recognised[] {
  if (active) {
    state.pressedAt = at;
    state.held = false;
    return [{ gesture: "press", duration: 0, at }];
  }
  if (state.pressedAt === undefined) return [];
  const pressedAt = state.pressedAt;
  const duration = at - pressedAt;
  const late = !state.held && duration >= hold;
  const held = state.held || late;
  state.pressedAt = undefined;
  state.held = false;
  const release: Recognised = { gesture: "release", duration, at };
  if (!held) return [release, { gesture: "click", duration, at }];
  const end: Recognised = { gesture: "hold_end", duration, at };
  return late ? [{ gesture: "hold", duration: hold, at: pressedAt + hold }, release, end] : [release, end];
}

/** The hold timer ran: true when the button is still down and the hold is new. */
export function holdReached(state: GestureState, hold: number, at: Instant): boolean {
  if (state.pressedAt === undefined || state.held || at < state.pressedAt + hold) return false;
  state.held = true;
  return true;
}

/** What a gesture is called on the wire (Home Assistant's event types); null = not published. */
export const eventTypes: Readonly<Record<Gesture, string | null>> = {
  press: null,
  release: null,
  click: "press_end",
  hold: "long_press_start",
  hold_end: "long_press_end",
};
