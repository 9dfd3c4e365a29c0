import { execFile } from "node:child_process";
import { systemctlEnv } from "../../../systemd/manager.ts";
import type { Fact } from "../finding.ts";
import { kept, type Sentence, say } from "../sentence.ts";

/** Nobody waits longer for one thing than this, whatever it is. */
export const deadlineMs = 5000;

/** The fact, or why it is not known; never rejects and never waits longer than `ms`. `task` stops what it does at the signal. */
export async function within<T>(task: (signal: AbortSignal) => Promise<Fact<T>>, ms = deadlineMs): Promise<Fact<T>> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Fact<T>>((resolve) => {
    timer = setTimeout(() => resolve({ unknown: say`no answer within ${ms / 1000} s` }), ms);
  });
  try {
    return await Promise.race([task(ending.signal), late]);
  } catch (error) {
    return { unknown: kept("reason", error instanceof Error ? error.message : String(error)) };
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

/** What a program prints, in English; undefined when it is not there, fails or is stopped by the signal. */
export function printed(program: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: systemctlEnv(), signal, killSignal: "SIGKILL", maxBuffer: 4 * 1024 * 1024 } as const;
    execFile(program, [...args], options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}

/** A sentence for what only root sees. */
export const asRoot: readonly Sentence[] = [say`sudo pinbus doctor`];
