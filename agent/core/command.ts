import type { Instant, SwitchWord } from "./model.ts";

/** The longest payload that is looked at, in characters; a longer one is malformed unread. */
export const maxCommand = 1024;
/** The longest id that is kept and sent back. */
const maxId = 64;
// An id is shown to people again, in the log and by `why`: a control character in it could move their cursor, and one of
// direction could turn the rest of the line around. U+FFFD stands for bytes that are no UTF-8: two such ids would be taken for one.
const usableId = new RegExp(`^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069\\ufffd]{1,${maxId}}$`);
export const textRule = `must be UTF-8 text of 1 to ${maxId} characters, none of them a control character`;

/** Whether a text that a sender chose, an id or a cause, may be shown and sent back. */
export function isUsableText(value: unknown): value is string {
  return typeof value === "string" && usableId.test(value);
}

/** A pulse or timed ON of more than a day is a mistake. */
const maxForMs = 86_400_000;

/** What a PWM takes besides words: per cent, or the length of a pulse. */
export type LevelUnit = "percent" | "pulse";

export interface Command {
  /** Null when there is a level. */
  word: SwitchWord | null;
  level: number | null;
  fadeMs: number | null;
  forMs: number | null;
  /** Wall clock, ms since 1970. */
  ts: number | null;
  id: string | null;
  /** Why it was sent, in the sender's words. */
  cause: string | null;
}

export type Parsed = { ok: true; command: Command } | { ok: false; message: string; id: string | null };

/**
 * Reads `ON`, `OFF`, `TOGGLE`, `PULSE` in any case, or `{"state","for_ms","ts","id","cause"}`; for a PWM also a level, as it is or as `value`, and
 * `fade_ms`. The payload is never quoted back.
 */
export function parseCommand(payload: string, unit: LevelUnit | null = null): Parsed {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (!text.startsWith("{")) {
    const word = wordOf(text) ?? null;
    const level = word === null && unit !== null ? parseLevel(text, unit) : null;
    return word !== null || level !== null
      ? { ok: true, command: { word, level, fadeMs: null, forMs: null, ts: null, id: null, cause: null } }
      : malformed(`not ON, OFF, TOGGLE, PULSE${unit === null ? "" : `, ${unitWords[unit]}`} or a JSON object`);
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const id = isUsableText(body.id) ? body.id : null;
  if (body.id !== undefined && id === null) return malformed(`"id" ${textRule}`);
  const known = knownKeys[unit ?? "none"];
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined)
    return malformed(
      `only ${known
        .map((key) => `"${key}"`)
        .join(", ")
        .replace(/, (?="cause"$)/, " and ")} are known`,
      id,
    );
  const wish = readWish(body, unit);
  if (typeof wish === "string") return malformed(wish, id);
  const { word, level } = wish;
  const forMs = body.for_ms ?? null;
  if (forMs !== null && !validForMs(forMs)) return malformed(`"for_ms" must be a whole number from 1 to ${maxForMs}`, id);
  if (forMs !== null && word !== "ON" && word !== "PULSE" && !(word === null && level !== 0))
    return malformed('"for_ms" goes with ON or PULSE', id);
  const fadeMs = body.fade_ms ?? null;
  if (fadeMs !== null && !validFadeMs(fadeMs)) return malformed(`"fade_ms" must be a whole number from 0 to ${maxFadeMs}`, id);
  const ts = timeOf(body.ts);
  if (ts === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  const cause = body.cause ?? null;
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  return { ok: true, command: { word, level, fadeMs, forMs, ts, id, cause } };
}

const levelKeys: Readonly<Record<LevelUnit, readonly string[]>> = { percent: ["value"], pulse: ["value", "pulse_us"] };
const switchKeys = ["state", "for_ms", "ts", "id", "cause"];
const knownKeys: Readonly<Record<LevelUnit | "none", readonly string[]>> = {
  none: switchKeys,
  percent: [...levelKeys.percent, "fade_ms", ...switchKeys],
  pulse: [...levelKeys.pulse, "fade_ms", ...switchKeys],
};
const unitWords: Readonly<Record<LevelUnit, string>> = { percent: "per cent", pulse: "microseconds" };

/** The word or the level of a command in JSON; a sentence when it has neither, or both. */
function readWish(body: Record<string, unknown>, unit: LevelUnit | null): { word: SwitchWord | null; level: number | null } | string {
  const levels = unit === null ? [] : levelKeys[unit].filter((key) => body[key] !== undefined);
  const [key] = levels;
  if (unit === null || key === undefined) {
    const word = typeof body.state === "string" ? wordOf(body.state) : undefined;
    if (word) return { word, level: null };
    return unit !== null && body.state === undefined ? 'it has neither "value" nor "state"' : '"state" must be ON, OFF, TOGGLE or PULSE';
  }
  if (levels.length > 1 || body.state !== undefined) return `"${key}" does not go with "${levels[1] ?? "state"}"`;
  const level = body[key];
  return typeof level === "number" && Number.isFinite(level) ? { word: null, level } : `"${key}" must be a number`;
}

/** `40`, `40%`, of a servo `1500`; null when it is no number. Whether it is in range is for the contract to say. */
function parseLevel(text: string, unit: LevelUnit): number | null {
  const [, digits, percent] = /^(-?\d{1,6}(?:\.\d{1,3})?)( ?%)?$/.exec(text) ?? [];
  return digits === undefined || (percent !== undefined && unit === "pulse") ? null : Number(digits);
}

/** A fade of more than an hour is a mistake. */
const maxFadeMs = 3_600_000;

export function validFadeMs(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maxFadeMs;
}

/** Whether a length for a pulse can be used: whole milliseconds, at most a day. */
export function validForMs(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= maxForMs;
}

/**
 * Whether a command is too old, or so far in the future that its age means nothing. Ages are judged only while the
 * clock is set: a Pi without a network must still serve its buttons and commands.
 */
export function staleness(ts: number | null, at: Instant, clock: { offset: number; set: boolean }, ttl: number): string | null {
  if (ts === null || !clock.set) return null;
  const age = at + clock.offset - ts;
  if (age > ttl) return `${Math.round(age / 1000)} s old; commands older than ${Math.round(ttl / 1000)} s are refused`;
  if (age < -ttl) return `${Math.round(-age / 1000)} s in the future; is the sender's clock right?`;
  return null;
}

function wordOf(text: string): SwitchWord | undefined {
  switch (text.toUpperCase()) {
    case "ON":
      return "ON";
    case "OFF":
      return "OFF";
    case "TOGGLE":
      return "TOGGLE";
    case "PULSE":
      return "PULSE";
    default:
      return undefined;
  }
}

/** ISO 8601 or milliseconds since 1970 → milliseconds; null when there is none, undefined when it is not a time. */
export function timeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

function malformed(message: string, id: string | null = null): Parsed {
  return { ok: false, message, id };
}
