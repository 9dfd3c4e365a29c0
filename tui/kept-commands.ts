import type { Command } from "./keys.ts";
import type { Effect, State } from "./model.ts";
import { togglePin } from "./pinned.ts";
import { openClear } from "./retained.ts";
import type { Theme } from "./theme.ts";

/** The commands about what is kept; the rest belongs to dialogs, and the key table gives it no other scope. */
export function runKept(state: State, command: Command, now: number): readonly Effect[] {
  switch (command) {
    case "clear-retained":
      return openClear(state, now);
    case "pin":
      return togglePin(state, now);
    case "theme-default":
      return setTheme(state, "default", now);
    case "theme-high-contrast":
      return setTheme(state, "high-contrast", now);
    case "theme-mono":
      return setTheme(state, "mono", now);
    case "mouse":
      state.mouse = !state.mouse;
      state.notice = { text: state.mouse ? "mouse on; with Shift your terminal still marks text" : "mouse off", style: "text", at: now };
      return [{ type: "mouse", on: state.mouse }];
    default:
      return [];
  }
}

function setTheme(state: State, theme: Theme, now: number): readonly Effect[] {
  state.notice = { text: `theme ${theme}; "theme: ${theme}" in the settings file keeps it`, style: "text", at: now };
  return [{ type: "theme", theme }];
}
