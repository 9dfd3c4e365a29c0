import { isIP } from "node:net";
import { formatLineName, type LineName, parseLineName } from "../gpio/line.ts";
import type { Format, Reading } from "./leaf.ts";
import { quoteText } from "./problem.ts";
import { suggest } from "./suggest.ts";

export const ok = <T>(value: T): Reading<T> => ({ ok: true, value });
export const bad = (what: string, fix: string): Reading<never> => ({ ok: false, what, fix });

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** `20ms`, `5s`, `10m`, `2h`, `1d` → milliseconds, or undefined. A fraction is fine as long as whole milliseconds come out. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  const factor = units.find(([unit]) => unit === match?.[2])?.[1];
  if (match === null || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor * 1000) / 1000;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Milliseconds → the shortest text that `parseDuration` reads as the same number. */
export function formatDuration(ms: number): string {
  const [unit, factor] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ["ms", 1];
  return `${ms / factor}${unit}`;
}

/** A time in milliseconds between two bounds, both included. */
export function duration(minimum: number, maximum: number): Format<number> {
  const range = `between ${formatDuration(minimum)} and ${formatDuration(maximum)}`;
  return {
    name: `duration ${minimum} ${maximum}`,
    shape: `a time ${range}`,
    read(value, source) {
      const text = show(value, source);
      if (typeof value === "number" && value !== 0) return bad(`${text} has no unit`, `write it as ${text}ms, ${text}s or ${text}m`);
      const ms = value === 0 ? 0 : typeof value === "string" ? parseDuration(value.trim()) : undefined;
      if (ms === undefined) return bad(`${quote(value, source)} is not a time`, "write it like 20ms, 5s, 10m, 2h or 1d");
      return ms < minimum || ms > maximum ? bad(`${text} is out of range`, `write a time ${range}`) : ok(ms);
    },
    write: formatDuration,
  };
}

export function oneOf<const W extends string>(...words: W[]): Format<W> {
  const list = words.join(", ");
  return {
    name: `one of ${list}`,
    shape: words.map((word) => `\`${word}\``).join(" · "),
    read(value, source) {
      const text = show(value, source);
      const word = words.find((candidate) => candidate === text);
      if (word !== undefined) return ok(word);
      const flag = typeof value === "boolean" && words.find((candidate) => candidate === (value ? "on" : "off"));
      const close = flag || suggest(text, words);
      return bad(`${quote(value, source)} is not one of ${list}`, close ? `did you mean ${close}?` : `write ${either(words)}`);
    },
    write: (word) => word,
  };
}

/** A whole number between two bounds, both included. */
export function wholeNumber(minimum: number, maximum: number): Format<number> {
  const range = `between ${minimum} and ${maximum}`;
  return {
    name: `whole number ${minimum} ${maximum}`,
    shape: `a whole number ${range}`,
    read(value, source) {
      const text = show(value, source);
      const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isNaN(number)) return bad(`${quote(value, source)} is not a whole number`, `write a number ${range}`);
      return number < minimum || number > maximum ? bad(`${text} is out of range`, `write a number ${range}`) : ok(number);
    },
    write: String,
  };
}

export const port: Format<number> = {
  name: "tcp port",
  shape: "a port number; 0 to 65535",
  read(value, source) {
    const text = show(value, source);
    const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    return number <= 65_535 ? ok(number) : bad(`${quote(value, source)} is not a port`, "write a number between 0 and 65535");
  },
  write: String,
};
/** A port to connect to. */
export const serverPort: Format<number> = {
  ...port,
  name: "server port",
  shape: "a port number",
  read(value, source) {
    const reading = port.read(value, source);
    return reading.ok && reading.value === 0 ? bad("0 is not a port to connect to", "write a number between 1 and 65535") : reading;
  },
};

/** Text in one line. `pattern` is matched against all of it. */
export function text(name: string, shape: string, pattern: RegExp, fix: string): Format<string> {
  return {
    name,
    shape,
    read(value, source) {
      const given = isScalar(value) ? show(value, source) : undefined;
      return given !== undefined && pattern.test(given) ? ok(given) : bad(`${quote(value, source)} is not ${shape}`, fix);
    },
    write: (value) => value,
  };
}

export const topicLevel = text(
  "topic level",
  "one topic level",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?!\$)[^\s+#/\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write 1 to 64 characters without spaces, +, # and /, and no $ in front",
);
export const id = text("id", "an id", /^(?!constructor$)[a-z0-9-]{1,32}$/, "write 1 to 32 of the characters a-z, 0-9 and -");
/** Without control characters, which would end a line of what is printed for systemd and the shell. */
export const path = text("path", "a path", /^\P{Cc}{1,4000}$/u, "write the path of a file, without control characters");
export const anyText = text("text", "text in one line", /^[^\0\r\n]{1,1024}$/, "write 1 to 1024 characters");
/** As it may stand in a password file. What is none is not repeated: with a colon lost in it, it may have a password in it. */
export const userName: Format<string> = {
  name: "user name",
  shape: "the name of a user",
  read(value) {
    // The last one is no key of an object.
    return typeof value === "string" && /^(?!#)[^:\p{Cc}]{1,128}$/u.test(value) && value !== "__proto__"
      ? ok(value)
      : bad("the name that stands here is none for a user", "write 1 to 128 characters, no colon, and no # in front");
  },
  write: (value) => value,
};
export const clientId = text("client id", "an MQTT client id", /^[\x21-\x7e]{1,128}$/, "write 1 to 128 printable ASCII characters");
export const unit = text(
  "unit",
  "a systemd unit",
  /^(?!-)[\w:.\\@-]{1,200}\.(?:service|socket|timer|target|mount|path|device|slice|scope|swap|automount)$/,
  "write the whole name of a unit, like ssh.service",
);

export const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
export const host: Format<string> = text("host name", "a host name", hostName, "write it like broker.local");

export const address: Format<string> = {
  name: "address",
  shape: "an IP address",
  read(value, source) {
    const given = show(value, source);
    return isIP(given) === 0
      ? bad(`${quote(value, source)} is not an IP address`, "write 127.0.0.1, or 0.0.0.0 for all addresses")
      : ok(given);
  },
  write: (value) => value,
};

/** Reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

export const line: Format<LineName> = {
  name: "line",
  shape: "a GPIO number (`17`), a header pin (`pin11`), a line's name (`GPIO17`) or `{chip: LABEL, offset: 3}`",
  read(value, source) {
    if (isLineName(value)) return ok(value);
    const parsed = parseLineName(value);
    return parsed ? ok(parsed) : bad(`${quote(value, source)} is not a line`, "write 17, pin11, GPIO17 or {chip: LABEL, offset: 3}");
  },
  write: formatLineName,
};

/** A value that has been read before comes back through convict's own check. */
function isLineName(value: unknown): value is LineName {
  return typeof value === "object" && value !== null && "kind" in value;
}

export function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** The text as the person wrote it. */
export function show(value: unknown, source?: string): string {
  return typeof value === "string" ? value : (source ?? (isScalar(value) ? String(value) : ""));
}

export function quote(value: unknown, source?: string): string {
  if (value === null || value === undefined) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (!isScalar(value)) return "a map";
  return quoteText(show(value, source));
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
