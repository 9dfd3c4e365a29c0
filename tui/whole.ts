import { layout, showsAll } from "./layout.ts";
import type { State } from "./model.ts";

/** Are the other tabs shown in short around the topics? Only then is anything asked for them there. */
export function showsPi({ tab, cols, rows, zoom }: Pick<State, "tab" | "cols" | "rows" | "zoom">): boolean {
  const { body, single } = layout(cols, rows, zoom);
  return tab === "topics" && !single && showsAll(body);
}
