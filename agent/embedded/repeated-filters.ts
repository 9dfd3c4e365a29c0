import type { Writable } from "node:stream";
import type { Aedes, Client } from "aedes";

interface Subscription {
  topic: string;
  qos: number;
}

/** A SUBSCRIBE as aedes' parser gives it out. */
export interface Subscribe {
  messageId?: number;
  subscriptions?: Subscription[];
}

type Answer = (granted: readonly Subscription[]) => void;

/** The code of a refused subscription (MQTT 3.1.1 section 3.9.3). */
const refused = 0x80;
/** Of each SUBSCRIBE that is answered here, by the first subscription that aedes keeps of it. */
const answers = new WeakMap<object, Answer>();

/**
 * aedes 1.2.0 forgets a filter that stands again in the same SUBSCRIBE before it answers, so that codes are missing [MQTT-3.8.4-5]. Such a SUBSCRIBE
 * is handed on without its identifier, which aedes does not answer, and is answered here: each filter has the code that it would have by itself.
 * Called with each SUBSCRIBE before aedes takes it, and `mendRepeated` once before.
 */
export function takeRepeated(packet: Subscribe, client: Client, connection: Writable): void {
  const { subscriptions, messageId } = packet;
  if (!subscriptions) return;
  // What aedes keeps: in the order in which they came first, each as it came last.
  const kept = new Map(subscriptions.map((subscription) => [subscription.topic, subscription]));
  const [first] = kept.values();
  if (!first || kept.size === subscriptions.length || messageId === undefined) return;
  const asked = subscriptions.map(({ topic, qos }) => ({ topic, qos }));
  delete packet.messageId;
  answers.set(first, (granted) => {
    const denied = new Set(granted.flatMap(({ topic, qos }) => (qos === refused ? topic : [])));
    const codes = asked.map(({ topic, qos }) => (denied.has(topic) ? refused : qos));
    if (!client.closed) connection.write(suback(messageId, codes));
  });
}

/** Answers what `takeRepeated` has taken, in front of what is retained. */
export function mendRepeated(aedes: Aedes): void {
  aedes.on("subscribe", (granted) => {
    const [first] = granted;
    if (first) answers.get(first)?.(granted);
  });
}

function suback(id: number, codes: readonly number[]): Buffer {
  const length: number[] = [];
  for (let left = codes.length + 2; left > 0; left >>= 7) length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  return Buffer.from([0x90, ...length, id >> 8, id & 0xff, ...codes]);
}
