import { fstatSync } from "node:fs";

export type Env = Readonly<Record<string, string | undefined>>;

/** Descriptors that systemd passes start here (sd_listen_fds(3)). */
const firstFd = 3;

/**
 * The descriptor that systemd passed under this name (`OpenFile=PATH:NAME` in the unit, systemd 253 and later),
 * or undefined when there is none, or when the variables were meant for another process and only inherited.
 */
export function passedFd(env: Env, name: string, pid: number = process.pid): number | undefined {
  if (Number(env.LISTEN_PID) !== pid) return undefined;
  const count = Number(env.LISTEN_FDS);
  if (!Number.isInteger(count) || count < 1) return undefined;
  const index = (env.LISTEN_FDNAMES ?? "").split(":").slice(0, count).indexOf(name);
  return index < 0 ? undefined : firstFd + index;
}

/** Whether this descriptor is the journal stream that systemd connected: a shell in between may have redirected it. */
export function isJournalStream(env: Env, fd: number): boolean {
  if (env.JOURNAL_STREAM === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return env.JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    return false; // the descriptor is closed
  }
}
