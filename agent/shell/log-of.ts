import type { Log, LogFields } from "./log.ts";

// Not in log.ts: the broker's thread needs it, and not the library behind the log.

/** The same log, which says of whom each line is; `told` = the fields as they are written. */
export function logOf(whose: string, log: Log, told = (fields?: LogFields) => fields): Log {
  const say = (level: keyof Log) => (message: string, fields?: LogFields) => log[level](`${whose}: ${message}`, told(fields));
  return { error: say("error"), warn: say("warn"), info: say("info"), debug: say("debug") };
}
