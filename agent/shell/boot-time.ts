import { type Clock, clockIsSet } from "./clock.ts";

/** The wall clock is corrected all the time; a boot does not move because of that. */
const tolerance = 30_000;

/** When the machine was started: a time that stays, where an uptime is another number at each look. */
export class BootTime {
  readonly #clock: Pick<Clock, "wall">;
  #at: number | undefined;

  constructor(clock: Pick<Clock, "wall">) {
    this.#clock = clock;
  }

  /** ISO time, from the machine's uptime in seconds; undefined while the clock is not set. */
  read(uptime: number): string | undefined {
    if (!clockIsSet(this.#clock) || !Number.isFinite(uptime)) return undefined;
    const at = this.#clock.wall() - uptime * 1000;
    if (this.#at === undefined || Math.abs(at - this.#at) > tolerance) this.#at = at;
    return new Date(Math.round(this.#at / 1000) * 1000).toISOString();
  }
}
