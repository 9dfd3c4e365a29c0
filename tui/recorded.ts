import { isUtf8 } from "node:buffer";

/** A message as it stands in a recording. */
export interface Recorded {
  /** When it was received, ms since 1970. */
  at: number;
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  /** Null: nobody knows, as of a live message over MQTT 3.1.1. */
  retain: boolean | null;
}

/** As an object of one line of JSON: the payload as text where it is text, else as `payload_base64`. */
export function recordOf({ at, topic, payload, qos, retain }: Recorded): object {
  const content = isUtf8(payload) ? { payload: payload.toString("utf8") } : { payload_base64: payload.toString("base64") };
  return { at: new Date(at).toISOString(), topic, ...content, qos, retain };
}

const longestTopic = 65_535;

/**
 * A line of a recording, or what is wrong with it. Lines of `mosquitto_sub -F %j` and `-F %J` are understood too; there `tst` is the time, and with
 * `%J` the payload is a piece of the JSON itself.
 */
export function readRecord(line: string): Recorded | string {
  const value = parsed(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "it is torn, or no line of JSON";
  const { at: own, tst, topic, qos = 0, retain = null } = value as Record<string, unknown>;
  const at = timeOf(own ?? tst);
  if (at === undefined) return "the time is missing, or is none (at, or tst)";
  if (typeof topic !== "string" || topic === "" || topic.length > longestTopic) return "the topic is missing, or is none";
  if (qos !== 0 && qos !== 1 && qos !== 2) return "qos must be 0, 1 or 2";
  if (retain !== null && typeof retain !== "boolean" && retain !== 0 && retain !== 1) return "retain must be true, false or null";
  const payload = payloadOf(value as Record<string, unknown>);
  if (payload === undefined) return "the payload is missing, or is none (payload, or payload_base64)";
  return { at, topic, payload, qos, retain: retain === null ? null : Boolean(retain) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** ISO 8601; mosquitto leaves the colon out of the time zone, and 2.0.11 has a `Z` before it. */
function timeOf(text: unknown): number | undefined {
  if (typeof text !== "string" || text.length > 40) return undefined;
  const at = Date.parse(text.replace(/Z?([+-]\d\d)(\d\d)$/, "$1:$2"));
  return Number.isNaN(at) || at < 0 ? undefined : at;
}

function payloadOf({ payload, payload_base64: base64 }: Record<string, unknown>): Buffer | undefined {
  if (typeof base64 === "string") return Buffer.from(base64, "base64");
  if (typeof payload === "string") return Buffer.from(payload);
  // Null stands for an empty message there.
  if (payload === null) return Buffer.alloc(0);
  return payload === undefined ? undefined : Buffer.from(JSON.stringify(payload));
}
