import type { AgentEvent } from "../core/model.ts";
import type { ClockTrigger } from "../core/rule-plan.ts";
import { nextDue, type Zone } from "../core/schedule.ts";
import type { Location } from "../core/sun.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** The clock is looked at this often: it may be set, or jump. */
const look = 20_000;
/** What is later than this was missed (the clock jumped, the machine slept), and is not made up for. */
const grace = 60_000;
/** Less is the clock being steered. */
const jump = 2000;
/** After a small step back nothing is done twice. */
const stepBack = 3_600_000;

export interface AlmanacOptions {
  clock: Clock;
  /** Whether the wall clock can be trusted. */
  isSet(): boolean;
  zone: Zone;
  location: Location | null;
  triggers: readonly ClockTrigger[];
  dispatch(event: AgentEvent): void;
  log: Log;
}

/** Tells the core when the time of a trigger has come. Without triggers it does nothing at all. */
export class Almanac {
  readonly #options: AlmanacOptions;
  #due: { trigger: ClockTrigger; at: number | null; done: number | null }[] | undefined;
  #offset = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AlmanacOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.triggers.length > 0) this.tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Looks at the clock now. Public for tests; it comes by itself. */
  tick(): void {
    const { clock, isSet } = this.#options;
    const wall = clock.wall();
    if (!isSet()) this.#due = undefined;
    else if (this.#due === undefined) this.#plan(wall);
    else {
      this.#come(wall);
      if (Math.abs(wall - clock.now() - this.#offset) > jump) this.#plan(wall);
    }
    const first = Math.min(...(this.#due ?? []).map(({ at }) => at ?? Number.POSITIVE_INFINITY));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tick(), Math.min(look, Math.max(0, Math.ceil(first - wall)))).unref();
  }

  #plan(wall: number): void {
    const { clock, triggers } = this.#options;
    const before = this.#due;
    this.#offset = wall - clock.now();
    this.#due = triggers.map((trigger, index) => {
      const done = before?.[index]?.done ?? null;
      const from = done !== null && done >= wall && done - wall < stepBack ? done : wall;
      return { trigger, at: this.#next(trigger, from), done };
    });
  }

  #come(wall: number): void {
    for (const entry of this.#due ?? []) {
      // Nothing within the next days (polar night): asked again at each look, which costs less than remembering when to.
      entry.at ??= this.#next(entry.trigger, wall);
      if (entry.at === null || entry.at > wall) continue;
      const late = wall - entry.at;
      entry.done = entry.at;
      entry.at = this.#next(entry.trigger, wall);
      const { clock, dispatch, log } = this.#options;
      if (late <= grace) dispatch({ type: "time-came", trigger: entry.trigger.trigger, at: clock.now() });
      else log.warn(`the time of a rule was missed by ${Math.round(late / 1000)} s, because the clock jumped; it is not made up for`);
    }
  }

  #next(trigger: ClockTrigger, after: number): number | null {
    return nextDue(trigger, after, this.#options.zone, this.#options.location);
  }
}
