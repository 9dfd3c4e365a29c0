import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Aedes, AedesPublishPacket } from "aedes";
import { FilterSet } from "./filter-set.ts";

/** The part of aedes' store that concerns retained messages; public, but missing in its types. */
interface RetainedStore {
  storeRetained(packet: AedesPublishPacket): PromiseLike<void>;
  createRetainedStreamCombi(filters: string[]): Readable;
}

/** Every retained message as it is now, by its topic. */
export type Retained = ReadonlyMap<string, Pick<AedesPublishPacket, "payload">>;

/** So many topics are compared with the filters of a new subscription in one turn of the loop. */
const topicsAtATime = 100;

/**
 * Mends what aedes 1.2.0 does with retained messages; each rule has a test that fails on bare aedes. Call it once, after `listen`.
 * - A wildcard at the start of a filter matches no `$…` topic [MQTT-4.7.2-1]: aedes keeps this rule for live messages only.
 * - A retained QoS 0 message followed by another QoS 0 message in the same read is lost: storing takes a turn of the promise
 *   queue, so it is given out behind the younger one, whose higher number makes it look like a duplicate.
 * - A new subscriber gets the live value first and the older retained one after it, when both happen at the same time.
 * - Each of its filters is compared with each topic in one turn of the loop: 1000 of them with 10,000 topics stop everything for a second.
 */
export function mendRetained(aedes: Aedes): Retained {
  const store = (aedes as unknown as { persistence: RetainedStore }).persistence;
  const retained = new Map<string, AedesPublishPacket>();
  const byRoot: ByRoot = new Map();
  const keep = store.storeRetained.bind(store);
  store.storeRetained = (packet) => {
    // An empty payload deletes what is stored (MQTT 3.1.1 section 3.3.1.3).
    if (packet.payload.length > 0) retained.set(packet.topic, packet);
    else retained.delete(packet.topic);
    index(byRoot, packet);
    return atOnce(keep(packet));
  };
  // aedes tells of the subscription, and asks for its messages in the same breath.
  let subscriber: { closed: boolean } | undefined;
  aedes.on("subscribe", (_subscriptions, client) => {
    subscriber = client;
  });
  store.createRetainedStreamCombi = (filters) => Readable.from(select(byRoot, filters, subscriber));
  const ownTopics = `$SYS/${aedes.id}/`;
  aedes.authorizeForward = (_client, packet) => {
    if (packet.topic.startsWith(ownTopics)) return null;
    // What a subscription asked for was read from the store some turns ago; live messages have the flag for bridges only.
    if (!packet.retain || packet.brokerId !== null) return packet;
    const now = retained.get(packet.topic);
    if (now === undefined) return null;
    packet.payload = now.payload;
    return packet;
  };
  return retained;
}

/** The memory store has done its work when it returns; aedes may go on in the same turn. */
export function atOnce(stored: PromiseLike<void>): PromiseLike<void> {
  // biome-ignore lint/suspicious/noThenProperty: aedes only calls `then`, and must be answered before the next packet is read
  return { then: (resolve, reject) => (resolve ? Promise.resolve(resolve()) : stored.then(resolve, reject)) };
}

/** The retained messages by the first level of their topics, which most filters name. */
type ByRoot = Map<string, Map<string, AedesPublishPacket>>;

function index(byRoot: ByRoot, packet: AedesPublishPacket): void {
  const root = rootOf(packet.topic);
  const below = byRoot.get(root) ?? new Map<string, AedesPublishPacket>();
  if (packet.payload.length > 0) below.set(packet.topic, packet);
  else below.delete(packet.topic);
  if (below.size > 0) byRoot.set(root, below);
  else byRoot.delete(root);
}

function rootOf(topic: string): string {
  return topic.split("/", 1)[0] ?? "";
}

/** Each that one of the filters matches, once, as long as who asked is there. */
async function* select(byRoot: ByRoot, filters: readonly string[], client?: { closed: boolean }): AsyncGenerator<AedesPublishPacket> {
  const wanted = new FilterSet(filters);
  const roots = new Set(filters.map(rootOf));
  let compared = 0;
  for (const root of roots.has("+") || roots.has("#") ? byRoot.keys() : roots) {
    for (const [topic, packet] of byRoot.get(root) ?? []) {
      if (wanted.matches(topic)) yield packet;
      if (++compared % topicsAtATime > 0) continue;
      await setImmediate();
      if (client?.closed) return;
    }
  }
}
