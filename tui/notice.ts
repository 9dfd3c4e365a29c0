import { type Effect, none } from "./effect.ts";
import type { State } from "./model.ts";
import type { Style } from "./view/canvas.ts";

/** Says a sentence in the message line. A command that ends with it wants nothing done outside. */
export function say(state: State, text: string, now: number, style: Style = "text"): readonly Effect[] {
  state.notice = { text, style, at: now };
  return none;
}

/** Says why a command does nothing here and now. */
export function refuse(state: State, text: string, now: number): readonly Effect[] {
  return say(state, text, now, "warn");
}
