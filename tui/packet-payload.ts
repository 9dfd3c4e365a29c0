import type { TraceEntry } from "../agent/protocol.ts";
import type { State } from "./model.ts";
import { payloadIn } from "./packet-bytes.ts";
import type { Message } from "./topic.ts";
import { payloadOf } from "./trace.ts";
import { preview } from "./value.ts";

/** What stands in the rows for the payloads of packets: looked for once, and what was not found again a second later. */
export type PayloadsSeen = Map<number, { text: string | null; width: number; at: number }>;

const maxSeen = 400;
const lookAgain = 1000;

/**
 * The payload of a packet as this terminal received it, where that is among the newest `most` of its topic, else from its bytes; undefined when
 * neither is known: the agent keeps none.
 */
export function packetPayload(
  state: State,
  entry: TraceEntry,
  most?: number,
): { payload: Pick<Message, "bytes" | "size">; received: boolean } | undefined {
  const message = payloadOf(state, entry, most);
  if (message !== undefined) return { payload: message, received: true };
  const bytes = payloadIn(state.trace.bytes.known.get(entry.number), entry);
  return bytes === undefined ? undefined : { payload: { bytes, size: entry.size ?? 0 }, received: false };
}

/** The same in one row of `width` characters; empty when it is not known or there is none. */
export function payloadText(state: State, entry: TraceEntry, width: number, now: number, most?: number): string {
  if (!entry.size) return "";
  const { payloads } = state.trace;
  const seen = payloads.get(entry.number);
  if (seen?.width === width && (seen.text !== null || Math.abs(now - seen.at) < lookAgain)) return seen.text ?? "";
  const found = packetPayload(state, entry, most);
  const text = found === undefined ? null : preview(found.payload, width, state.topics.detail.decoders);
  payloads.delete(entry.number);
  payloads.set(entry.number, { text, width, at: now });
  for (const oldest of payloads.keys()) {
    if (payloads.size <= maxSeen) break;
    payloads.delete(oldest);
  }
  return text ?? "";
}
