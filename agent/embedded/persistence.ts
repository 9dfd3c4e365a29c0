import type { Readable } from "node:stream";
import type { Aedes, AedesPublishPacket, Client } from "aedes";
import type { QoS } from "./store-record.ts";

export type Packet = AedesPublishPacket & { messageId?: number; payload: Buffer };
export interface Subscription {
  clientId: string;
  topic: string;
  qos: QoS;
}
type ById = Pick<Client, "id">;

/** aedes' store, as far as it is used here; public, but missing in its types. */
export interface Persistence {
  storeRetained(packet: Packet): PromiseLike<void>;
  addSubscriptions(client: ById, subscriptions: { topic: string; qos: QoS }[]): Promise<void>;
  removeSubscriptions(client: ById, filters: string[]): Promise<void>;
  cleanSubscriptions(client: ById): Promise<void>;
  subscriptionsByTopic(topic: string): PromiseLike<Subscription[]>;
  outgoingEnqueue(subscription: Subscription, packet: Packet): Promise<void>;
  outgoingEnqueueCombi(subscriptions: Subscription[], packet: Packet): PromiseLike<void>;
  outgoingUpdate(client: Client, packet: Packet | { cmd: "pubrel"; messageId: number }): Promise<void>;
  outgoingClearMessageId(client: Client, packet: { messageId?: number; brokerCounter?: number }): Promise<unknown>;
  outgoingStream(client: Client): Readable;
  incomingStorePacket(client: ById, packet: { messageId: number; [more: string]: unknown }): Promise<void>;
  incomingDelPacket(client: ById, packet: { messageId: number }): Promise<void>;
  cleanIncoming(client: ById): Promise<void>;
}

export function persistenceOf(aedes: Aedes): Persistence {
  return (aedes as unknown as { persistence: Persistence }).persistence;
}

/** How it was; for what takes the place of some of it. */
export function innerOf(
  persistence: Persistence,
): Pick<
  Persistence,
  | "storeRetained"
  | "addSubscriptions"
  | "removeSubscriptions"
  | "cleanSubscriptions"
  | "subscriptionsByTopic"
  | "incomingStorePacket"
  | "incomingDelPacket"
  | "cleanIncoming"
> {
  return {
    storeRetained: persistence.storeRetained.bind(persistence),
    addSubscriptions: persistence.addSubscriptions.bind(persistence),
    removeSubscriptions: persistence.removeSubscriptions.bind(persistence),
    cleanSubscriptions: persistence.cleanSubscriptions.bind(persistence),
    subscriptionsByTopic: persistence.subscriptionsByTopic.bind(persistence),
    incomingStorePacket: persistence.incomingStorePacket.bind(persistence),
    incomingDelPacket: persistence.incomingDelPacket.bind(persistence),
    cleanIncoming: persistence.cleanIncoming.bind(persistence),
  };
}
