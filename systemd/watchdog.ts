import type { Env } from "./fds.ts";
import type { Notify } from "./notify.ts";

export interface WatchdogOptions {
  notify: Pick<Notify, "watchdog">;
  /** systemd's limit in microseconds: `watchdogUsec(process.env)`. */
  usec: number;
  /** By name: did it make real progress since it was last asked? `progressed` makes one from a growing number. */
  checks: Readonly<Record<string, () => boolean>>;
  /** A check that made no progress for a whole round; said once until it moves again. */
  onStall(name: string): void;
  onRecovery?(name: string): void;
}

/** The limit that systemd set for this process, in microseconds; undefined when it watches nothing. */
export function watchdogUsec(env: Env, pid: number = process.pid): number | undefined {
  if (env.WATCHDOG_PID !== undefined && Number(env.WATCHDOG_PID) !== pid) return undefined;
  const usec = Number(env.WATCHDOG_USEC);
  return Number.isSafeInteger(usec) && usec > 0 ? usec : undefined;
}

/** A check from a number that grows whenever the watched part does something. The first question counts as progress. */
export function progressed(read: () => number): () => boolean {
  let last: number | undefined;
  return () => {
    const now = read();
    const moved = now !== last;
    last = now;
    return moved;
  };
}

/**
 * Feeds systemd's watchdog three times within its limit, but only when every check made progress since the last feed; so
 * a hung part ends in a restart, and a bare timer proves nothing. Each check is asked once per round, and its progress
 * is kept until the feed. Returns the function that ends it.
 */
export function startWatchdog(options: WatchdogOptions): () => void {
  const names = Object.keys(options.checks);
  const moved = new Set<string>();
  const stalled = new Set<string>();
  const round = () => {
    for (const name of names) {
      if (options.checks[name]?.()) {
        moved.add(name);
        if (stalled.delete(name)) options.onRecovery?.(name);
      } else if (!moved.has(name) && !stalled.has(name)) {
        stalled.add(name);
        options.onStall(name);
      }
    }
    if (moved.size < names.length) return;
    moved.clear();
    options.notify.watchdog();
  };
  const timer = setInterval(round, options.usec / 3000);
  round();
  return () => clearInterval(timer);
}
