import { Readable } from "node:stream";
import type { Aedes } from "aedes";

/** The part of aedes' store that answers a SUBSCRIBE; public, but missing in its types. */
interface RetainedStore {
  createRetainedStreamCombi(filters: string[]): Readable;
}

/**
 * Sends no retained `$…` topic to a filter that begins with a wildcard [MQTT-4.7.2-1]: aedes keeps this rule for live messages only.
 * Call it once, after `listen`.
 */
export function hideDollarTopics(aedes: Aedes): void {
  const store = (aedes as unknown as { persistence: RetainedStore }).persistence;
  const retained = store.createRetainedStreamCombi.bind(store);
  store.createRetainedStreamCombi = (filters) => {
    const wild = filters.filter((filter) => filter.startsWith("#") || filter.startsWith("+"));
    if (wild.length === 0) return retained(filters);
    const exact = filters.filter((filter) => !wild.includes(filter));
    return Readable.from(concat(exact.length > 0 ? retained(exact) : undefined, retained(wild)));
  };
}

async function* concat(all: Readable | undefined, visible: Readable): AsyncGenerator<{ topic: string }> {
  if (all) yield* all;
  for await (const packet of visible as AsyncIterable<{ topic: string }>) if (!packet.topic.startsWith("$")) yield packet;
}
