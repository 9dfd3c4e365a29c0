import type { AgentEvent } from "../core/model.ts";
import type { ClockTrigger } from "../core/rule-plan.ts";
import { missedText, Schedule, type Zone } from "../core/schedule.ts";
import type { Location } from "../core/sun.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** The clock is looked at this often: it may be set, or jump. */
const look = 20_000;

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
  readonly #schedule: Schedule;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AlmanacOptions) {
    this.#options = options;
    this.#schedule = new Schedule(options.triggers, options.zone, options.location);
  }

  start(): void {
    if (this.#options.triggers.length > 0) this.tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** When the first of the triggers that `of` names is due, UTC ms since 1970; null = not within the next days, or the clock is not set. */
  next(of: (trigger: number) => boolean): number | null {
    return this.#schedule.next(of);
  }

  /** Looks at the clock now. Public for tests; it comes by itself. */
  tick(): void {
    const { clock, isSet, dispatch, log } = this.#options;
    const wall = clock.wall();
    for (const come of this.#schedule.look(clock.now(), isSet() ? wall : null)) {
      if (come.missed) log.warn(missedText(come), { event: "time-missed" });
      else dispatch({ type: "time-came", trigger: come.trigger, at: clock.now() });
    }
    const wait = (this.#schedule.first ?? Number.POSITIVE_INFINITY) - wall;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tick(), Math.min(look, Math.max(0, Math.ceil(wait)))).unref();
  }
}
