import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

/** CPU time of all living threads so far, in µs. /proc/PID/stat counts in 10 ms: too coarse. */
export function cpuOf(pid) {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  return ns / 1000;
}

/** Voluntary switches of all threads so far: each is one wake-up. */
export function wakeupsOf(pid) {
  let count = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) count += statusOf(`/proc/${pid}/task/${task}/status`, "voluntary_ctxt_switches");
  return count;
}

/** Resident memory in MB (10⁶ bytes). */
export function rssOf(pid) {
  return (statusOf(`/proc/${pid}/status`, "VmRSS") * 1024) / 1e6;
}

function statusOf(file, name) {
  return Number(readFileSync(file, "utf8").match(new RegExp(`^${name}:\\s*(\\d+)`, "m"))?.[1]);
}

/** Ends a child and waits for it. */
export async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** Rejects when the child ends by itself before `promise` has settled. */
export async function unlessEnded(child, name, promise) {
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`${name} ended by itself (${code ?? signal})`);
  });
  ended.catch(() => {});
  return Promise.race([promise, ended]);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
