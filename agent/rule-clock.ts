import type { AgentEvent } from "./core/model.ts";
import { Almanac } from "./shell/almanac.ts";
import { type Clock, clockIsSet } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Log } from "./shell/log.ts";
import { zoneOf } from "./shell/zone.ts";

export interface RuleClockOptions {
  current(): Current;
  send(event: AgentEvent): void;
  clock: Clock;
  log: Log;
}

export interface RuleClock {
  /** The clocks and the time zone as they are now. */
  reading(): AgentEvent;
  /** Tells them, unless they are known to 2 ms: every command asks. */
  refresh(): void;
  /** When the first of the times for which a rule waits comes, UTC ms since 1970; null = none within the next days, or the clock is not set. */
  next(rule: number): number | null;
  /** Begins, or goes on with what the configuration says by now. */
  restart(): void;
  stop(): void;
}

/** Times of day and the sun for the rules of the configuration that holds. */
export function createRuleClock({ current, send, clock, log }: RuleClockOptions): RuleClock {
  let name = current().config.time_zone;
  let zone = zoneOf(name);
  let almanac: Almanac | undefined;
  let told: boolean | undefined;
  /** Said at the start only when it is not, and at each change. */
  const tellClock = (set: boolean, wall: number) => {
    if (set === told) return;
    const [before, date] = [told, new Date(wall).toISOString()];
    told = set;
    if (!set)
      log.warn(`the clock of this machine is not set (it says ${date.slice(0, 10)}): ages and times of day wait for it`, {
        event: "clock-unset",
      });
    else if (before === false) log.info(`the clock of this machine is set: it is ${date}`, { event: "clock-set" });
  };
  const reading = () => {
    const [wall, at] = [clock.wall(), clock.now()];
    const set = clockIsSet(clock);
    tellClock(set, wall);
    return { type: "clock-read" as const, offset: wall - at, set, zone: zone(wall), at };
  };
  return {
    reading,
    refresh() {
      const wall = clock.wall();
      const { clockOffset, clockSet, zone: known } = current().state;
      const moved = Math.abs(wall - clock.now() - clockOffset) >= 2;
      if (moved || clockIsSet(clock) !== clockSet || zone(wall) !== known) send(reading());
    },
    restart() {
      const { config, plan } = current();
      if (config.time_zone !== name) {
        name = config.time_zone;
        zone = zoneOf(name);
        send(reading());
      }
      almanac?.stop();
      const { latitude, longitude } = config.location;
      almanac = new Almanac({
        clock,
        isSet: () => clockIsSet(clock),
        zone,
        location: latitude === null || longitude === null ? null : { latitude, longitude },
        triggers: plan.listeners.clock,
        dispatch(event) {
          // Its conditions are judged by the clock as it is now: the hour may just have changed.
          send(reading());
          send(event);
        },
        log,
      });
      almanac.start();
    },
    next: (rule) => almanac?.next((trigger) => current().plan.triggers[trigger]?.rule === rule) ?? null,
    stop: () => almanac?.stop(),
  };
}
