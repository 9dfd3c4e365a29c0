import { type Editor, editor } from "./editor.ts";
import { type Effect, none } from "./effect.ts";
import { count } from "./format.ts";
import type { Command } from "./keys.ts";
import type { State } from "./model.ts";
import { selectedTopic } from "./moves.ts";
import { refuse, say } from "./notice.ts";
import { publishProblem } from "./publication.ts";

/** Empty messages a second. */
export const clearRate = 50;

/** The dialog that clears what the broker keeps below a branch; `found` is null while the broker is asked. */
export interface ClearOverlay {
  kind: "clear";
  branch: string;
  found: { topics: number; path: string } | null;
  /** The count, typed. */
  field: Editor;
}

export interface Clearing {
  branch: string;
  done: number;
  total: number;
  stopping: boolean;
}

/** What `tui/client/retained.ts` shall do: one branch at a time, from `ask` on. */
export type RetainedWish = { kind: "ask"; branch: string } | { kind: "clear" } | { kind: "backup" } | { kind: "stop" };

export type RetainedEvent =
  /** So many topics hold a retained message now; `path` is where a backup would be. */
  | { kind: "found"; topics: number; path: string }
  | { kind: "progress"; done: number }
  /** Over, in whatever way. */
  | { kind: "ended"; text: string; ok: boolean };

/** Asks the broker what it keeps below the selection, and opens the dialog. */
export function openClear(state: State, now: number): readonly Effect[] {
  const branch = selectedTopic(state)?.path;
  const problem =
    (branch === undefined ? "nothing is selected" : publishProblem(branch === "" ? "/" : branch)) ??
    (state.mqtt.up ? null : "not connected to a broker: nothing can be cleared now") ??
    (state.clearing === null ? null : "retained messages are being cleared already: Esc stops that");
  if (branch === undefined || problem !== null) return refuse(state, problem ?? "", now);
  state.overlay = { kind: "clear", branch, found: null, field: editor() };
  return [{ type: "retained", wish: { kind: "ask", branch } }];
}

/** Only digits are typed here; letters are keys. */
export function clearTakes(text: string): boolean {
  return /^\d+$/.test(text);
}

export function clearKey(state: State, overlay: ClearOverlay, command: Command, now: number): readonly Effect[] {
  const { branch, found, field } = overlay;
  switch (command) {
    case "cancel":
      state.overlay = null;
      return [{ type: "retained", wish: { kind: "stop" } }];
    case "backup":
    case "accept": {
      if (found === null) return refuse(state, "the broker is still being asked", now);
      if (command === "accept" && field.text !== String(found.topics))
        return refuse(state, `type ${found.topics} to confirm, or b for a backup only`, now);
      state.overlay = null;
      state.notice = null;
      if (command === "backup") return [{ type: "retained", wish: { kind: "backup" } }];
      state.clearing = { branch, done: 0, total: found.topics, stopping: false };
      return [{ type: "retained", wish: { kind: "clear" } }];
    }
    default:
      return none;
  }
}

/** Esc while messages are being cleared; false when there are none. */
export function stopClearing(state: State): boolean {
  if (state.clearing === null || state.clearing.stopping) return false;
  state.clearing.stopping = true;
  return true;
}

export function retainedEvent(state: State, event: RetainedEvent, now: number): void {
  const { overlay, clearing } = state;
  const dialog = overlay?.kind === "clear" ? overlay : null;
  switch (event.kind) {
    case "found":
      if (dialog === null) return;
      dialog.found = { topics: event.topics, path: event.path };
      if (event.topics > 0) return;
      state.overlay = null;
      refuse(state, `no topic holds a retained message below ${dialog.branch}`, now);
      return;
    case "progress":
      if (clearing !== null) clearing.done = event.done;
      return;
    case "ended":
      if (dialog !== null) state.overlay = null;
      state.clearing = null;
      say(state, event.text, now, event.ok ? "ok" : "bad");
  }
}

/** For the message line. */
export function clearingText({ branch, done, total, stopping }: Clearing): string {
  return `clearing retained: ${count(done)} of ${count(total)}, ${stopping ? "stopping" : "Esc stops"}, below ${branch}`;
}
