import type { MqttClient } from "mqtt";
import { maxIncomingBytes } from "./link-client.ts";
import type { Incoming } from "./link-terms.ts";
import { Slices } from "./slices.ts";

export interface Taker {
  /** With a promise, the acknowledgement waits for it. */
  take(message: Incoming): Promise<void> | undefined;
  /** That promise was rejected: it is not acknowledged. */
  failed(error: Error): void;
}

/** Hands on every message that comes to a client. The result says whether some that were read wait for their turn. */
export function takeMessages(client: MqttClient, { take, failed }: Taker): () => boolean {
  let taken: Promise<void> | undefined;
  const slices = new Slices(() => performance.now());
  // Called when a publication is about to be acknowledged, right behind its event. The library reads no further before `done` is called: of a heap of
  // messages, and the socket may have a thousand, others wait in it.
  client.handleMessage = (_packet, done) => {
    if (taken) taken.then(() => done(), failed);
    // What cannot be acknowledged any more would keep those behind it.
    else slices.do(() => done(client.stream.writable ? undefined : new Error("the connection is over")));
  };
  // With MQTT 5, `topic` is that of its alias.
  client.on("message", (topic, payload, { retain, qos, length = 0, properties }) => {
    const message: Incoming = { topic, payload, retain, qos };
    if (length >= maxIncomingBytes - 4) message.cut = true;
    if (properties?.responseTopic !== undefined) message.responseTopic = properties.responseTopic;
    if (properties?.correlationData !== undefined) message.correlationData = properties.correlationData;
    if (properties?.messageExpiryInterval !== undefined) message.expiryS = properties.messageExpiryInterval;
    taken = take(message);
  });
  return () => slices.wait;
}
