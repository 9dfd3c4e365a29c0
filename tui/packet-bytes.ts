import type { PacketBytes, TraceEntry } from "../agent/protocol.ts";
import type { Effect } from "./effect.ts";
import { mayOperate, type State } from "./model.ts";
import { selectedPacket } from "./trace.ts";

/** The bytes of the packets that were selected here. */
export interface BytesState {
  /** By the number of the packet; null = the agent has none. */
  known: Map<number, PacketBytes | null>;
  asked: { number: number; at: number } | null;
  /** When the agent was last asked: it keeps bytes only while somebody does. */
  last: number;
}

const maxKnown = 200;
/** The agent forgets after twice that. */
const keepEvery = 5000;
/** For an answer. */
const patience = 5000;

export function createBytes(): BytesState {
  return { known: new Map(), asked: null, last: 0 };
}

/** Asks for the bytes of the selected packet, one question at a time, and now and then for any, so that the agent goes on to keep them. */
export function askBytes(state: State, now: number): readonly Effect[] {
  const { trace, agent, tab } = state;
  const { bytes } = trace;
  if (tab !== "trace" || !agent.up || !mayOperate(state)) return [];
  if (bytes.asked !== null && now - bytes.asked.at < patience) return [];
  // Those here may be of another run of the agent.
  if (trace.fresh && trace.entries.length > 0) return [];
  const number = selectedPacket(trace)?.number ?? 1;
  if (bytes.known.has(number) && now - bytes.last < keepEvery) return [];
  bytes.asked = { number, at: now };
  bytes.last = now;
  return [{ type: "packet-bytes", number }];
}

/** What the agent said of one packet. What was known is not forgotten for it: the agent may have overwritten it meanwhile. */
export function bytesReceived(state: State, number: number, answer: PacketBytes | null, now: number): readonly Effect[] {
  const { bytes } = state.trace;
  bytes.asked = null;
  bytes.known.set(number, answer ?? bytes.known.get(number) ?? null);
  for (const oldest of bytes.known.keys()) {
    if (bytes.known.size <= maxKnown) break;
    bytes.known.delete(oldest);
  }
  return askBytes(state, now);
}

/** The payload of a packet, from its bytes; undefined when not all of it is there. */
export function payloadIn(known: PacketBytes | null | undefined, { size }: TraceEntry): string | undefined {
  if (!known || size === undefined || known.hex.length !== known.size * 2 || size > known.size) return undefined;
  return Buffer.from(known.hex, "hex")
    .subarray(known.size - size)
    .toString("latin1");
}
