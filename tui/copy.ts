import { copied } from "./detail.ts";
import { type Effect, maxCopied } from "./effect.ts";
import { size, time } from "./format.ts";
import type { State } from "./model.ts";
import { say } from "./notice.ts";
import { rowsOf, selectedIndex } from "./rows.ts";

/** Copies the value that is shown, or the selected row. */
export function copy(state: State, now: number): readonly Effect[] {
  let text: string | undefined;
  if (state.tab === "topics") {
    text = copied(state);
  } else {
    const rows = rowsOf(state, now);
    text = rows[selectedIndex(state[state.tab].list, rows)]?.text;
  }
  if (text === undefined) return say(state, "nothing to copy", now);
  const bytes = Buffer.byteLength(text);
  const part = bytes > maxCopied ? `the first ${size(maxCopied)} of ${size(bytes)} ` : "";
  say(state, `${part}copied at ${time(now)}`, now);
  return [{ type: "copy", text }];
}
