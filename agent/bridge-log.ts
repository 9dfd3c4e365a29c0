import type { LogEvent } from "./core/log-events.ts";
import type { Log, LogFields } from "./shell/log.ts";

/** Nobody who asks when the broker was away means the one behind the bridge. */
const own: Readonly<Partial<Record<LogEvent, LogEvent>>> = {
  online: "bridge-online",
  offline: "bridge-offline",
  "credentials-refused": "bridge-offline",
};

/** The same log, which says of whom each line is. */
export function bridgeLog(log: Log): Log {
  const say = (level: keyof Log) => (message: string, fields?: LogFields) => {
    const event = fields?.event && own[fields.event];
    log[level](`bridge: ${message}`, event ? { ...fields, event } : fields);
  };
  return { error: say("error"), warn: say("warn"), info: say("info"), debug: say("debug") };
}

/** A topic of somebody else, as the log may have it. */
export function quote(topic: string): string {
  return JSON.stringify(topic.slice(0, 128));
}
