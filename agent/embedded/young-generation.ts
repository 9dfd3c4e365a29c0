import { setFlagsFromString } from "node:v8";
import type { Worker } from "node:worker_threads";

/** MB of each half of the young generation: nearly all that a publication makes is garbage as soon as it is sent. */
const room = 8;

/**
 * Makes a thread with room for what dies young, also where the agent itself is started with less (`systemd/pinbus`): for a new thread V8 asks the flag
 * of the process, and `resourceLimits` only when there is none. The flag is as before once the thread has its heap, since V8 refuses a
 * code cache that was written with other flags (`agent/bundle.ts`).
 */
export function withRoom(make: () => Worker): Worker {
  const given = process.execArgv.map((arg) => /^--max-semi-space-size=([1-9]\d*)$/.exec(arg)?.[1]).findLast((mb) => mb !== undefined);
  if (given === undefined || Number(given) >= room) return make();
  const setBack = () => setFlagsFromString(`--max-semi-space-size=${given}`);
  setFlagsFromString(`--max-semi-space-size=${room}`);
  try {
    const worker = make();
    for (const event of ["online", "exit"]) worker.once(event, setBack);
    return worker;
  } catch (error) {
    setBack();
    throw error;
  }
}
