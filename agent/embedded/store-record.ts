import { isUtf8 } from "node:buffer";

export type QoS = 0 | 1 | 2;

export interface Content {
  topic: string;
  payload: Buffer;
  qos: QoS;
}

/** As text, so that a person can read the file; what is no text is base64. */
export interface ContentRecord {
  topic: string;
  qos: QoS;
  payload?: string;
  base64?: string;
}

export interface MessageRecord extends ContentRecord {
  n: number;
  to: [session: number, qos: QoS][];
  retain: boolean;
  from?: [session: number, id: number];
  /** It was published with the retain flag. */
  flag?: true;
  /** When it came, in ms since 1970; for who wants to know how old it is. */
  at?: number;
}

/**
 * A line of the file. Sessions go by number; `n` is a message that waits for the sessions `to`, each with its QoS, or is the retained one of its topic, or
 * both; without `n` it is retained only, and an empty one deletes. `from`: session and packet identifier of a QoS 2 publisher.
 */
export type StoreRecord =
  | { session: number; client: string }
  /** As whom its client was let in; empty = without a name. */
  | { user: number; name: string }
  | { sub: number; filters: [filter: string, qos: QoS][] }
  | { unsub: number; filters: string[] }
  | { end: number }
  /** When the client went, by the wall clock if that is set; null = it is there. */
  | { gone: number; at: number | "unknown" | null }
  | ContentRecord
  | MessageRecord
  /** The subscriber has it. */
  | { ack: number; n: number }
  /** A QoS 2 message left with this packet identifier; the subscriber has it, and need only be told to forget it. */
  | { sent: number; n: number; id: number }
  | { rec: number; n: number }
  /** The QoS 2 publisher has forgotten this packet identifier. */
  | { rel: number; id: number };

export function contentRecord({ topic, payload, qos }: Content): ContentRecord {
  return isUtf8(payload) ? { topic, qos, payload: payload.toString() } : { topic, qos, base64: payload.toString("base64") };
}

export function contentOf({ topic, qos, payload, base64 }: ContentRecord): Content {
  return { topic, qos, payload: base64 === undefined ? Buffer.from(payload ?? "") : Buffer.from(base64, "base64") };
}
