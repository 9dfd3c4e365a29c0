import { runSystemctl } from "./systemctl.ts";

export interface UnitJobOptions {
  user?: boolean;
  /** Wait until the job is done; without it systemd only takes it. */
  wait?: boolean;
  /** The program that asks systemd. */
  systemctl?: string;
  /** Longest wait, ms. The job itself goes on. */
  timeout?: number;
  /** Ends the wait; the job itself goes on. */
  signal?: AbortSignal;
}

/** `denied` = nobody allows this user to do it; else systemd tried, and it failed. */
export type UnitJobEnd = { ok: true } | { ok: false; denied: boolean; message: string };

/**
 * Starts, stops or restarts a unit; never asks for a password, never rejects. The unit must be a valid name (config/formats.ts). A start is
 * asked for as a restart of what does not run: systemd/polkit.rules says why.
 */
export async function runUnitJob(unit: string, verb: "start" | "stop" | "restart", options: UnitJobOptions = {}): Promise<UnitJobEnd> {
  if (verb === "start" && (await ask(["is-active"], unit, options)).ok) return { ok: true };
  const { wait = true } = options;
  return ask([...(wait ? [] : ["--no-block"]), verb === "start" ? "restart" : verb], unit, options);
}

async function ask(wish: readonly string[], unit: string, options: UnitJobOptions): Promise<UnitJobEnd> {
  const { timeout = 300_000 } = options;
  const args = ["--no-ask-password", "--no-pager", "--quiet", ...wish, "--", unit];
  const { ok, stderr, why, code } = await runSystemctl(
    args,
    { ...options, timeout, maxBytes: 64 * 1024 },
    { late: `systemd was not done after ${timeout / 1000} s`, withdrawn: "the agent ended before systemd was done" },
  );
  if (ok) return { ok };
  const denied = /interactive authentication required|access denied|not authorized|permission denied/i.test(stderr);
  return { ok, denied, message: why.slice(0, 300) || `systemctl ended with ${code ?? "a signal"}` };
}
