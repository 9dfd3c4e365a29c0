import type { Writable } from "node:stream";
import type { Aedes, Client } from "aedes";

interface Publication {
  cmd: string;
  qos: number;
  messageId?: number;
}

type Done = (error?: Error | null) => void;

/** What of aedes' client is not in its types. */
export interface Publisher {
  broker: {
    authorizePublish(client: Client, packet: Publication, done: Done): void;
    publish(packet: Publication, client: Client, done: Done): void;
  };
  connecting: boolean;
  connected: boolean;
  connackSent: boolean;
  waitForDrain(done: Done): void;
  _parsingBatch: number;
  _nextBatch: Done;
  _keepaliveInterval: number;
  _keepaliveTimer: NodeJS.Timeout | null;
}

/**
 * Takes the publications with QoS 0 and 1 of a client that was let in, as aedes does, which writes an acknowledgement in three pieces. False: aedes has to
 * take this packet.
 */
export function takeIn(client: Client, connection: Writable, packet: Publication): boolean {
  const publisher = client as unknown as Publisher;
  const { broker, _nextBatch: done } = publisher;
  if (packet.cmd !== "publish" || packet.qos > 1 || !publisher.connackSent || !isThere(publisher)) return false;
  publisher._parsingBatch++;
  let isHeld = false;
  broker.authorizePublish(client, packet, (error) => {
    if (error) return done(error);
    if (packet.qos === 0) {
      const give = () => broker.publish(packet, client, done);
      return isHeld || behind.has(client) ? later(client, give) : give();
    }
    const { messageId = 0 } = packet;
    let hasRoom = true;
    // Who does not read its acknowledgement gets nothing more done.
    const taken: Done = (lost) => (lost || hasRoom ? done(lost) : publisher.waitForDrain(done));
    // Not at once: between its number and its subscribers the store may be asked, and what gets a higher number meanwhile would make it look old.
    later(client, () => broker.publish(packet, client, taken));
    // Behind that, for its subscribers wait longer. Who has gone while it was written is not told, but heard.
    if (isThere(publisher)) hasRoom = connection.write(Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]));
  });
  isHeld = true;
  if (publisher._keepaliveInterval > 0) publisher._keepaliveTimer?.refresh();
  return true;
}

/**
 * Keeps the order of what a client sends with QoS 2 and with another one: aedes publishes the former in the same turn, and some promises later. Call it once,
 * after everything else that decides who may publish.
 */
export function mendOrder(aedes: Aedes): void {
  const mayPublish = aedes.authorizePublish;
  aedes.authorizePublish = (client, packet, done) => {
    // A will has no identifier.
    if (!client || packet.qos !== 2 || (packet as { messageId?: number }).messageId === undefined) mayPublish(client, packet, done);
    else mayPublish(client, packet, (error) => (error ? done(error) : later(client, () => done(null))));
  };
}

function isThere({ connecting, connected }: Publisher): boolean {
  return connecting || connected;
}

/** What a client sent, and is published in a later turn: in this order. */
const behind = new WeakMap<Client, (() => void)[]>();

function later(client: Client, give: () => void): void {
  const all = behind.get(client) ?? [];
  behind.set(client, all);
  all.push(give);
  setImmediate(() => {
    const next = all.shift();
    if (all.length === 0) behind.delete(client);
    next?.();
  });
}
