import { keepAnswer } from "./answers.ts";
import { isUsableText, maxCommand, textRule, timeOf } from "./command.ts";
import type { AnswerTo, Effect } from "./model.ts";

/** `ts` is wall clock, ms since 1970; `cause` why it was sent, in the sender's words. */
export type Parsed<Wish> =
  | { ok: true; wish: Wish; ts: number | null; id: string | null; cause: string | null }
  | { ok: false; message: string; id: string | null };

/** How a wish is said, as a text alone or in JSON; null for what is none. */
export interface WishForm<Wish> {
  ofText(text: string): Wish | null;
  /** The texts that there are, for a sentence. */
  texts: string;
  ofJson(body: Readonly<Record<string, unknown>>): Wish | null;
  keys: readonly string[];
  /** What the JSON must say, for a sentence. */
  needs: string;
}

/** Reads a text or `{…, "ts", "id", "cause"}`. The payload is never quoted back. */
export function parseEnvelope<Wish>(payload: string, { ofText, texts, ofJson, keys, needs }: WishForm<Wish>): Parsed<Wish> {
  if (payload.length > maxCommand) return malformed(`longer than ${maxCommand} characters`);
  const text = payload.trim();
  if (!text.startsWith("{")) {
    const wish = ofText(text);
    return wish === null ? malformed(`not ${texts} or a JSON object`) : { ok: true, wish, ts: null, id: null, cause: null };
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return malformed("not valid JSON");
  }
  const { id = null, ts, cause = null, ...said } = body;
  if (id !== null && !isUsableText(id)) return malformed(`"id" ${textRule}`);
  if (Object.keys(said).some((key) => !keys.includes(key)))
    return malformed(`only ${[...keys, "ts", "id"].map((key) => `"${key}"`).join(", ")} and "cause" are known`, id);
  if (cause !== null && !isUsableText(cause)) return malformed(`"cause" ${textRule}`, id);
  const wish = ofJson(said);
  if (wish === null) return malformed(needs, id);
  const time = timeOf(ts);
  return time === undefined ? malformed('"ts" must be ISO 8601 or milliseconds since 1970', id) : { ok: true, wish, ts: time, id, cause };
}

function malformed(message: string, id: string | null = null): Parsed<never> {
  return { ok: false, message, id };
}

/**
 * What answers a command on `topic`; null when one with its id was answered before: that answer goes out again. What was served is told by the state,
 * unless somebody waits for an answer.
 */
export function answering(
  { retain, responseTopic, correlationData }: { retain: boolean; responseTopic: string | null; correlationData: Uint8Array | null },
  id: string | null,
  topic: string,
  kept: { answers: Map<string, string> },
  effects: Effect[],
): ((body: Readonly<Record<string, unknown>>) => void) | null {
  const to: AnswerTo = { via: "mqtt", responseTopic, correlationData, id };
  const first = retain || id === null ? undefined : kept.answers.get(id);
  if (first !== undefined) {
    effects.push({ type: "reply", topic, to, payload: first });
    return null;
  }
  return (body) => {
    const payload = JSON.stringify({ id, ...body });
    if (!retain) keepAnswer(kept, to, payload);
    if (body.ok !== true || id !== null || responseTopic !== null) effects.push({ type: "reply", topic, to, payload });
  };
}
