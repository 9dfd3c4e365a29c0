import { Readable } from "node:stream";
import type { Aedes, AedesPublishPacket } from "aedes";

/** The part of aedes' store that concerns retained messages; public, but missing in its types. */
interface RetainedStore {
  storeRetained(packet: AedesPublishPacket): PromiseLike<void>;
  createRetainedStreamCombi(filters: string[]): Readable;
}

/** Every retained message as it is now. */
export type Retained = ReadonlyMap<string, string | Buffer>;

/**
 * Mends what aedes 1.2.0 does with retained messages; each rule has a test that fails on bare aedes. Call it once, after `listen`.
 * - A wildcard at the start of a filter matches no `$…` topic [MQTT-4.7.2-1]: aedes keeps this rule for live messages only.
 * - A retained QoS 0 message followed by another QoS 0 message in the same read is lost: storing takes a turn of the promise
 *   queue, so it is given out behind the younger one, whose higher number makes it look like a duplicate.
 * - A new subscriber gets the live value first and the older retained one after it, when both happen at the same time.
 */
export function mendRetained(aedes: Aedes): Retained {
  const store = (aedes as unknown as { persistence: RetainedStore }).persistence;
  const retained = new Map<string, string | Buffer>();
  const keep = store.storeRetained.bind(store);
  store.storeRetained = (packet) => {
    // An empty payload deletes what is stored (MQTT 3.1.1 section 3.3.1.3).
    if (packet.payload.length > 0) retained.set(packet.topic, packet.payload);
    else retained.delete(packet.topic);
    return atOnce(keep(packet));
  };
  const select = store.createRetainedStreamCombi.bind(store);
  store.createRetainedStreamCombi = (filters) => {
    const wild = filters.filter((filter) => filter.startsWith("#") || filter.startsWith("+"));
    if (wild.length === 0) return select(filters);
    const exact = filters.filter((filter) => !wild.includes(filter));
    return Readable.from(concat(exact.length > 0 ? select(exact) : undefined, select(wild)));
  };
  const ownTopics = `$SYS/${aedes.id}/`;
  aedes.authorizeForward = (_client, packet) => {
    if (packet.topic.startsWith(ownTopics)) return null;
    // What a subscription asked for was read from the store some turns ago; live messages have the flag for bridges only.
    if (!packet.retain || packet.brokerId !== null) return packet;
    const payload = retained.get(packet.topic);
    if (payload === undefined) return null;
    packet.payload = payload;
    return packet;
  };
  return retained;
}

/** The memory store has done its work when it returns; aedes may go on in the same turn. */
export function atOnce(stored: PromiseLike<void>): PromiseLike<void> {
  // biome-ignore lint/suspicious/noThenProperty: aedes only calls `then`, and must be answered before the next packet is read
  return { then: (resolve, reject) => (resolve ? Promise.resolve(resolve()) : stored.then(resolve, reject)) };
}

async function* concat(all: Readable | undefined, visible: Readable): AsyncGenerator<{ topic: string }> {
  if (all) yield* all;
  for await (const packet of visible as AsyncIterable<{ topic: string }>) if (!packet.topic.startsWith("$")) yield packet;
}
