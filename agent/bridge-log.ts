import type { LogEvent } from "./core/log-events.ts";
import type { Log } from "./shell/log.ts";
import { logOf } from "./shell/log-of.ts";

/** Nobody who asks when the broker was away means the one behind the bridge. */
const own: Readonly<Partial<Record<LogEvent, LogEvent>>> = {
  online: "bridge-online",
  offline: "bridge-offline",
  "credentials-refused": "bridge-offline",
};

/** The log of the bridge. */
export function bridgeLog(log: Log): Log {
  return logOf("bridge", log, (fields) => {
    const event = fields?.event && own[fields.event];
    return event ? { ...fields, event } : fields;
  });
}

/** A topic of somebody else, as the log may have it. */
export function quote(topic: string): string {
  return JSON.stringify(topic.slice(0, 128));
}
