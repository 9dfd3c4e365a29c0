import { bad, formatDuration, ok, parseDuration } from "./formats.ts";
import type { Format } from "./leaf.ts";
import { quoteText } from "./problem.ts";

/** `07:00` → minutes since midnight. */
export const timeOfDay: Format<number> = {
  name: "time of day",
  shape: 'a time of day such as `"07:00"`',
  read(value) {
    const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(typeof value === "string" ? value.trim() : "") ?? [];
    if (hours === undefined) return bad(`${shown(value)} is not a time of day`, 'write it like "07:00" or "22:30"');
    return ok(Number(hours) * 60 + Number(minutes));
  },
  write: formatTimeOfDay,
};

function formatTimeOfDay(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** `-30m`, `1h`: before or after something, in milliseconds. */
export function signedDuration(most: number): Format<number> {
  const range = `between -${formatDuration(most)} and ${formatDuration(most)}`;
  return {
    name: `signed duration ${most}`,
    shape: `a time ${range}`,
    read(value, source) {
      const text = typeof value === "string" ? value.trim() : (source ?? String(value));
      const ms = value === 0 ? 0 : parseDuration(text.replace(/^[+-]/, ""));
      if (ms === undefined) return bad(`${shown(value)} is not a time`, "write it like -30m or 1h");
      return ms > most ? bad(`${text} is out of range`, `write a time ${range}`) : ok(text.startsWith("-") ? -ms : ms);
    },
    write: (ms) => (ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms)),
  };
}

/** A number between two bounds, both included. */
export function decimal(minimum: number, maximum: number): Format<number> {
  const range = `between ${minimum} and ${maximum}`;
  return {
    name: `number ${minimum} ${maximum}`,
    shape: `a number ${range}`,
    read(value, source) {
      const text = typeof value === "string" ? value.trim() : (source ?? String(value));
      if (!/^[+-]?\d{1,6}(\.\d{1,12})?$/.test(text)) return bad(`${shown(value)} is not a number`, `write a number ${range}`);
      const number = Number(text);
      return number < minimum || number > maximum ? bad(`${text} is out of range`, `write a number ${range}`) : ok(number);
    },
    // Not 1e-7, which is not read.
    write: (number) => (number !== 0 && Math.abs(number) < 1e-6 ? number.toFixed(12) : String(number)),
  };
}

export const anyNumber = decimal(-999_999, 999_999);

export const timeZone: Format<string> = {
  name: "time zone",
  shape: "a time zone such as `Europe/Berlin`",
  read(value) {
    const fix = "write a name of the time zone database, like Europe/Berlin or UTC";
    if (typeof value !== "string" || !/^[A-Za-z][\w+/-]{0,63}$/.test(value)) return bad(`${shown(value)} is not a time zone`, fix);
    try {
      new Intl.DateTimeFormat("en", { timeZone: value });
      return ok(value);
    } catch {
      return bad(`${shown(value)} is not a time zone that this machine knows`, fix);
    }
  },
  write: (value) => value,
};

function shown(value: unknown): string {
  if (value === null || value === undefined) return "an empty value";
  return typeof value === "object" ? "a map" : quoteText(String(value));
}
