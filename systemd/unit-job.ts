import { execFile } from "node:child_process";
import { managerArgs, systemctlEnv } from "./manager.ts";

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

function ask(wish: readonly string[], unit: string, options: UnitJobOptions): Promise<UnitJobEnd> {
  const { user = false, systemctl = "systemctl", timeout = 300_000, signal } = options;
  const args = [...managerArgs(user), "--no-ask-password", "--no-pager", "--quiet", ...wish, "--", unit];
  return new Promise((resolve) => {
    execFile(systemctl, args, { env: systemctlEnv(), timeout, signal, maxBuffer: 64 * 1024 }, (error, _stdout, stderr) => {
      if (error === null) resolve({ ok: true });
      else resolve({ ok: false, ...refusalOf(error, stderr, timeout) });
    });
  });
}

function refusalOf(
  error: { code?: string | number | null; killed?: boolean },
  stderr: string,
  timeout: number,
): { denied: boolean; message: string } {
  if (error.code === "ENOENT") return { denied: false, message: "there is no systemctl here" };
  if (error.code === "ABORT_ERR") return { denied: false, message: "the agent ended before systemd was done" };
  if (error.killed === true) return { denied: false, message: `systemd was not done after ${timeout / 1000} s` };
  const said = stderr.trim().split("\n")[0]?.slice(0, 300) ?? "";
  const denied = /interactive authentication required|access denied|not authorized|permission denied/i.test(stderr);
  return { denied, message: said === "" ? `systemctl ended with ${error.code ?? "a signal"}` : said };
}
