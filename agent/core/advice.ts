import type { InputPlan } from "./plan.ts";

/** The longest `debounce` that the configuration takes. */
const longest = 10_000;

/**
 * What to change when the longest bounce of a contact comes near its debounce, or goes beyond it; null while there is room.
 * A quarter more than the bounce is enough; a time in which somebody could click is no bounce.
 */
export function adviceOf({ debounce, lineDebounce, gestures: { kind, hold, window, most } }: InputPlan, bounce: number): string | null {
  // What the line itself holds back is never seen; the detents of an encoder bounce as they like.
  if (lineDebounce > 0 || kind === "encoder") return null;
  const enough = Math.ceil((bounce * 1.25) / 10) * 10;
  if (bounce === 0 || enough <= debounce) return null;
  const limit = kind !== "button" ? longest : most > 1 ? Math.min(hold, window) : hold;
  const seen = `bounces ${Math.round(bounce)} ms`;
  return enough < limit ? `${seen}, set debounce ${enough}ms` : `${seen}, look at the contact and its wiring`;
}
