import { execFile } from "node:child_process";
import { managerArgs, systemctlEnv } from "./manager.ts";

export interface SystemctlOptions {
  /** Ask the service manager of this user instead of the system's. */
  user?: boolean | undefined;
  /** The program to ask. */
  systemctl?: string | undefined;
  /** Longest wait for its end, ms. */
  timeout: number;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
  /** More of an answer is not read: it is killed. */
  maxBytes: number;
}

export interface SystemctlEnd {
  /** It ended with 0. */
  ok: boolean;
  stdout: string;
  stderr: string;
  /** Why it did not end with 0: a sentence of ours, or the first line of what it said; empty when it said nothing. */
  why: string;
  /** Of the process; undefined when it did not end by itself. */
  code: number | undefined;
}

/** Runs one systemctl; never rejects. `words` = what to say when the wait was over before it was, or was ended. */
export function runSystemctl(
  args: readonly string[],
  options: SystemctlOptions,
  words: { late: string; withdrawn: string },
): Promise<SystemctlEnd> {
  const { user = false, systemctl = "systemctl", timeout, signal, maxBytes } = options;
  const settings = { env: systemctlEnv(), timeout, signal, maxBuffer: maxBytes };
  return new Promise((resolve) => {
    execFile(systemctl, [...managerArgs(user), ...args], settings, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : undefined;
      const said = stderr.trim().split("\n")[0] ?? "";
      resolve({ ok: error === null, stdout, stderr, code, why: error === null ? said : (failureOf(error, words) ?? said) });
    });
  });
}

function failureOf(
  { code, killed }: { code?: string | number | null; killed?: boolean },
  { late, withdrawn }: { late: string; withdrawn: string },
): string | undefined {
  if (code === "ENOENT") return "there is no systemctl here";
  if (code === "ABORT_ERR") return withdrawn;
  return killed === true ? late : undefined;
}
