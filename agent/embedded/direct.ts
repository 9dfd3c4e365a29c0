import type { Writable } from "node:stream";
import type { AedesPublishPacket, Client } from "aedes";
import { type Outgoing, publishPacket } from "./publish-packet.ts";

/** Gives a message to a client; `done` when it has taken it, or will not: no error, which would end the thread. */
export type Deliver = (packet: AedesPublishPacket, done: () => void) => void;

/** What of aedes' client is not in its types. */
export interface Receiver {
  broker: { authorizeForward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null | undefined };
  connecting: boolean;
  connected: boolean;
  duplicates: Record<string, number>;
  deliver0: Deliver;
  deliverQoS: Deliver;
  waitForDrain(done: (error?: Error | null) => void): void;
  _nextId: number;
}

/**
 * Has what a client gets leave in the turn of the loop in which it came, in one piece, instead of one turn later and in five: aedes would first prepare
 * a message for all its subscribers. Messages of a session that outlives its connection go aedes' way, behind what waits for it. Before all else that
 * mends `deliver0` and `deliverQoS`.
 */
export function deliverDirectly(client: Client, connection: Writable): void {
  const receiver = client as unknown as Receiver;
  const { deliver0, deliverQoS } = receiver;
  const deliver = (packet: AedesPublishPacket, qos: number, done: () => void) => {
    const message = !isEcho(client, packet) && isNew(receiver, packet) && receiver.broker.authorizeForward(client, packet);
    if (!message) return later(done);
    const withQos = Math.min(qos, message.qos);
    const messageId = withQos > 0 ? nextId(receiver) : undefined;
    const { topic, payload, retain } = message as AedesPublishPacket & { payload: Buffer };
    if (write(connection, { topic, payload, qos: withQos, retain, messageId })) later(done);
    else receiver.waitForDrain(() => done());
  };
  const isDirect = () => client.clean && (receiver.connecting || receiver.connected);
  receiver.deliver0 = (packet, done) => {
    if (isDirect()) deliver(packet, 0, done);
    else deliver0(packet, done);
  };
  receiver.deliverQoS = (packet, done) => {
    // As aedes has it: by then others have mended it.
    if (packet.qos === 0) receiver.deliver0(packet, done);
    else if (isDirect()) deliver(packet, packet.qos, done);
    else deliverQoS(packet, done);
  };
}

/** What aedes notes of a message, missing in its types: who sent it, and whether the subscription is without that. */
type Noted = AedesPublishPacket & { clientId?: string; nl?: boolean };

/** A bridge does not get back what came from it. */
function isEcho({ id }: Client, { clientId, nl = false }: Noted): boolean {
  return nl && clientId === id;
}

/** As aedes knows it: nobody gets a message after a younger one. What is retained has no number. */
function isNew({ duplicates }: Receiver, { brokerId, brokerCounter }: AedesPublishPacket): boolean {
  if (!brokerId) return true;
  if ((duplicates[brokerId] ?? 0) >= brokerCounter) return false;
  duplicates[brokerId] = brokerCounter;
  return true;
}

function nextId(receiver: Receiver): number {
  const id = receiver._nextId;
  receiver._nextId = id >= 65_535 ? 1 : id + 1;
  return id;
}

/** False: it has more waiting than it may. */
function write(connection: Writable, message: Outgoing): boolean {
  const [first, rest] = publishPacket(message);
  if (!rest) return connection.write(first);
  connection.cork();
  connection.write(first);
  const hasRoom = connection.write(rest);
  connection.uncork();
  return hasRoom;
}

let waiting: (() => void)[] = [];

/** Not at once: the next message would be given out, and so on, deeper and deeper. */
function later(done: () => void): void {
  if (waiting.push(done) === 1) setImmediate(goOn);
}

function goOn(): void {
  const all = waiting;
  waiting = [];
  for (const done of all) done();
}
