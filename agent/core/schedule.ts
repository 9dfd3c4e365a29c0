import type { Instant } from "./model.ts";
import type { ClockTrigger } from "./rule-plan.ts";
import { type Location, sunTime } from "./sun.ts";

const day = 86_400_000;
const minute = 60_000;
/** Every weekday comes within a week; the sun's may be the day before or after by its offset. */
const daysAhead = 9;

/** What is later than this was missed (the clock jumped, the machine slept), and is not made up for. */
const grace = minute;
/** Less is the clock being steered. */
const jump = 2000;
/** After a small step back nothing is done twice. */
const stepBack = 3_600_000;
/** The last time that a date can have. */
const lastTime = 8.64e15;

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

/** A time that was seen to have come, so many milliseconds ago. */
export interface TimeCome {
  trigger: number;
  late: number;
  missed: boolean;
}

interface Due {
  trigger: ClockTrigger;
  at: number | null;
  done: number | null;
}

/** The times and the sun for which triggers wait. It learns what time it is by being asked to look. */
export class Schedule {
  readonly #triggers: readonly ClockTrigger[];
  readonly #zone: Zone;
  readonly #location: Location | null;
  /** Undefined while the clock is not set. */
  #due: Due[] | undefined;
  /** Wall clock − monotonic clock, and local time − UTC, by which `#due` was reckoned. */
  #offset = 0;
  #local = 0;

  constructor(triggers: readonly ClockTrigger[], zone: Zone, location: Location | null) {
    this.#triggers = triggers;
    this.#zone = zone;
    this.#location = location;
  }

  /** What has come since the last look, by both clocks as they are now; `wall` is null while that one cannot be trusted. */
  look(now: Instant, wall: number | null): TimeCome[] {
    if (this.#triggers.length === 0) return [];
    if (wall === null || !(Math.abs(wall) <= lastTime)) {
      this.#due = undefined;
      return [];
    }
    const come = this.#due === undefined ? [] : this.#come(this.#due, wall);
    if (this.#due === undefined || Math.abs(wall - now - this.#offset) > jump || this.#zone(wall) !== this.#local) this.#plan(now, wall);
    return come;
  }

  /** When the first is due, UTC ms since 1970; null = none within the next days, or the clock is not set. */
  get first(): number | null {
    return this.next(() => true);
  }

  /** The same of the triggers that `of` names. */
  next(of: (trigger: number) => boolean): number | null {
    const times = (this.#due ?? []).flatMap(({ trigger, at }) => (at === null || !of(trigger.trigger) ? [] : at));
    return times.length === 0 ? null : Math.min(...times);
  }

  #plan(now: Instant, wall: number): void {
    const before = this.#due;
    this.#offset = wall - now;
    this.#local = this.#zone(wall);
    this.#due = this.#triggers.map((trigger, index) => {
      const done = before?.[index]?.done ?? null;
      const from = done !== null && done >= wall && done - wall < stepBack ? done : wall;
      return { trigger, at: this.#after(trigger, from), done };
    });
  }

  #come(due: readonly Due[], wall: number): TimeCome[] {
    return due.flatMap((entry) => {
      // Nothing within the next days (polar night): asked again at each look, which costs less than remembering when to.
      entry.at ??= this.#after(entry.trigger, wall);
      if (entry.at === null || entry.at > wall) return [];
      const late = wall - entry.at;
      entry.done = entry.at;
      entry.at = this.#after(entry.trigger, wall);
      return { trigger: entry.trigger.trigger, late, missed: late > grace };
    });
  }

  #after(trigger: ClockTrigger, after: number): number | null {
    return nextDue(trigger, after, this.#zone, this.#location);
  }
}

/** What the log says of a time that was missed. */
export function missedText({ late }: TimeCome): string {
  return `the time of a rule was missed by ${Math.round(late / 1000)} s, because the clock jumped; it is not made up for`;
}
