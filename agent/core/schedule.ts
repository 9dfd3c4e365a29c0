import type { ClockTrigger } from "./rule-plan.ts";
import { type Location, sunTime } from "./sun.ts";

const day = 86_400_000;
const minute = 60_000;
/** Every weekday comes within a week; the sun's may be the day before or after by its offset. */
const daysAhead = 9;

/** Local time − UTC at a moment given in UTC, both in ms: what a time zone is. */
export type Zone = (utc: number) => number;

/** When a trigger is due next, strictly after `after`: UTC ms since 1970; null when that is not within the next days (polar night). */
export function nextDue({ at, days }: Omit<ClockTrigger, "trigger">, after: number, zone: Zone, location: Location | null): number | null {
  const today = Math.floor((after + zone(after)) / day);
  for (let date = today - 1; date <= today + daysAhead; date++) {
    // 1970 began on a Thursday.
    if (days.length > 0 && !days.includes((((date + 4) % 7) + 7) % 7)) continue;
    const due = at.kind === "time" ? utcOf(date * day + at.minute * minute, zone) : sunDue(date, at, location);
    if (due !== null && due > after) return due;
  }
  return null;
}

function sunDue(date: number, at: Extract<ClockTrigger["at"], { kind: "sun" }>, location: Location | null): number | null {
  const time = location === null ? null : sunTime(date, at.event, location);
  return time === null ? null : time + at.offset;
}

/**
 * The moment at which clocks show `local`. An hour that comes twice counts once, the first time; a time that is left out in spring is
 * taken as if the clock had not been changed, so that nothing is left out.
 */
function utcOf(local: number, zone: Zone): number {
  const [early, late] = [local - zone(local - day), local - zone(local + day)];
  const fits = [early, late].filter((utc) => utc + zone(utc) === local);
  return fits.length === 0 ? early : Math.min(...fits);
}
