import type { Aedes, AedesPublishPacket, Client } from "aedes";

/** The part of aedes' store that concerns messages for sessions; public, but missing in its types. */
interface OutgoingStore {
  outgoingEnqueueCombi(subscriptions: readonly object[], packet: AedesPublishPacket): PromiseLike<void>;
  outgoingUpdate(client: Client, packet: { cmd: string; messageId: number; payload?: Buffer }): PromiseLike<void>;
  outgoingClearMessageId(client: Client, packet: { messageId: number }): PromiseLike<{ payload?: Buffer } | undefined>;
}

/** How much waits to be acknowledged by the clients that have a session; kept up to date. */
export interface Waiting {
  count: number;
  /** Of the payloads. */
  bytes: number;
}

/** Call it once, after `listen`. */
export function countWaiting(aedes: Aedes): Waiting {
  const store = (aedes as unknown as { persistence: OutgoingStore }).persistence;
  const waiting = { count: 0, bytes: 0 };
  /** What was sent: a PUBREL takes its place in the store, without a payload. */
  const sizes = new Map<string, number>();
  const keyOf = (client: Client, { messageId }: { messageId: number }) => `${messageId} ${client.id}`;
  const [enqueue, update, clear] = [
    store.outgoingEnqueueCombi.bind(store),
    store.outgoingUpdate.bind(store),
    store.outgoingClearMessageId.bind(store),
  ];
  store.outgoingEnqueueCombi = (subscriptions, packet) => {
    waiting.count += subscriptions.length;
    waiting.bytes += subscriptions.length * packet.payload.length;
    return enqueue(subscriptions, packet);
  };
  store.outgoingUpdate = (client, packet) => {
    if (packet.cmd === "publish") sizes.set(keyOf(client, packet), packet.payload?.length ?? 0);
    return update(client, packet);
  };
  store.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const key = keyOf(client, packet);
    if (cleared) {
      waiting.count -= 1;
      waiting.bytes -= sizes.get(key) ?? cleared.payload?.length ?? 0;
    }
    sizes.delete(key);
    return cleared;
  };
  return waiting;
}
