import { type Debounce, roomToSpare } from "./debounce.ts";
import type { InputPlan } from "./input-plan.ts";

/** The longest `debounce` that the configuration takes. */
const longest = 10_000;
/** One long burst may have been a hand or a spark; that many are the contact. */
const evidence = 3;

/**
 * What to change when a contact was seen several times to bounce for nearly as long as its debounce, or longer; null while there is room.
 * A time in which somebody could click is no bounce.
 */
export function adviceOf(
  { debounce, lineDebounce, gestures: { kind, hold, window, most } }: InputPlan,
  { bounce, tight }: Pick<Debounce, "bounce" | "tight">,
): string | null {
  // What the line itself holds back is never seen; the detents of an encoder bounce as they like.
  if (lineDebounce > 0 || kind === "encoder") return null;
  const enough = Math.ceil((bounce * roomToSpare) / 10) * 10;
  if (tight < evidence || enough <= debounce) return null;
  const limit = kind !== "button" ? longest : most > 1 ? Math.min(hold, window) : hold;
  const seen = `bounces ${Math.round(bounce)} ms`;
  return enough < limit ? `${seen}, set debounce ${enough}ms` : `${seen}, look at the contact and its wiring`;
}
