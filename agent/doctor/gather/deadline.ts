import { execFile } from "node:child_process";
import { systemctlEnv } from "../../../systemd/manager.ts";
import { messageOf } from "../../message-of.ts";
import type { Fact } from "../finding.ts";
import { kept, type Sentence, say } from "../sentence.ts";

/** Nobody waits longer for one thing than this, whatever it is. */
export const deadlineMs = 5000;

/**
 * Calls `late` after `ms` in which others were waited for: what this process itself is busy with, on a slow machine for seconds, counts as a tenth
 * of it at most. Returns how to call it off.
 */
export function deadline(ms: number, late: () => void): () => void {
  let left = 10;
  // An interval does not make up for turns that it missed.
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    late();
  }, ms / 10);
  return () => clearInterval(timer);
}

/** The fact, or why it is not known; never rejects. `task` stops what it does at the signal. */
export async function within<T>(task: (signal: AbortSignal) => Promise<Fact<T>>, ms = deadlineMs): Promise<Fact<T>> {
  const ending = new AbortController();
  let callOff = () => {};
  const late = new Promise<Fact<T>>((resolve) => {
    callOff = deadline(ms, () => resolve({ unknown: say`no answer within ${ms / 1000} s` }));
  });
  try {
    return await Promise.race([task(ending.signal), late]);
  } catch (error) {
    return { unknown: kept("reason", messageOf(error)) };
  } finally {
    callOff();
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
