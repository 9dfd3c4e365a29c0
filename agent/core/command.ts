import type { Instant, SwitchWord } from "./model.ts";

/** The longest payload that is looked at, in characters; a longer one is malformed unread. */
export const maxCommand = 1024;
/** The longest id that is kept and sent back. */
export const maxId = 64;
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

export interface Command {
  word: SwitchWord;
  forMs: number | null;
  /** Wall clock, ms since 1970. */
  ts: number | null;
  id: string | null;
  /** Why it was sent, in the sender's words. */
  cause: string | null;
}

export type Parsed = { ok: true; command: Command } | { ok: false; message: string; id: string | null };

/** Reads `ON`, `OFF`, `TOGGLE`, `PULSE` in any case, or `{"state","for_ms","ts","id","cause"}`. The payload is never quoted back. */
export function parseCommand(payload: string): Parsed {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (!text.startsWith("{")) {
    const word = wordOf(text);
    return word
      ? { ok: true, command: { word, forMs: null, ts: null, id: null, cause: null } }
      : malformed("not ON, OFF, TOGGLE, PULSE or a JSON object");
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const id = isUsableText(body.id) ? body.id : null;
  if (body.id !== undefined && id === null) return malformed(`"id" ${textRule}`);
  const unknown = Object.keys(body).find((key) => !["state", "for_ms", "ts", "id", "cause"].includes(key));
  if (unknown !== undefined) return malformed('only "state", "for_ms", "ts", "id" and "cause" are known', id);
  const word = typeof body.state === "string" ? wordOf(body.state) : undefined;
  if (!word) return malformed('"state" must be ON, OFF, TOGGLE or PULSE', id);
  const forMs = body.for_ms ?? null;
  if (forMs !== null && !validForMs(forMs)) return malformed(`"for_ms" must be a whole number from 1 to ${maxForMs}`, id);
  if (forMs !== null && word !== "ON" && word !== "PULSE") return malformed('"for_ms" goes with ON or PULSE', id);
  const ts = timeOf(body.ts);
  if (ts === undefined) return malformed('"ts" must be ISO 8601 or milliseconds since 1970', id);
  const cause = body.cause ?? null;
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  return { ok: true, command: { word, forMs, ts, id, cause } };
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
