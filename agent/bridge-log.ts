import type { Log } from "./shell/log.ts";

/** The same log, which says of whom each line is. */
export function bridgeLog(log: Log): Log {
  return {
    error: (message, fields) => log.error(`bridge: ${message}`, fields),
    warn: (message, fields) => log.warn(`bridge: ${message}`, fields),
    info: (message, fields) => log.info(`bridge: ${message}`, fields),
    debug: (message, fields) => log.debug(`bridge: ${message}`, fields),
  };
}

/** A topic of somebody else, as the log may have it. */
export function quote(topic: string): string {
  return JSON.stringify(topic.slice(0, 128));
}
