import type { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import type { Aedes, Client } from "aedes";
import { keepBehindConnect } from "./behind-connect.ts";
import { connectionState, isBridge } from "./bridges.ts";
import { type Deliver, deliverDirectly } from "./direct.ts";
import { takeIn } from "./intake.ts";
import { hasFewFilters, maxFilterBytes, maxFilters, maxName } from "./limits.ts";
import { joinPieces } from "./pieces.ts";
import { mendRepeated, takeRepeated } from "./repeated-filters.ts";
import { takeSentAgain } from "./sent-again.ts";
import type { SlowReader } from "./slow-reader.ts";
import { isFilter, isText, isTopic, matchesFilter } from "./topic-filter.ts";
import { takeWhole } from "./whole-packets.ts";

/** A packet as aedes' parser gives it out. */
interface Packet {
  cmd: string;
  /** Bytes, without its first ones. */
  length?: number;
  messageId?: number;
  topic: string;
  qos: number;
  protocolId?: string;
  protocolVersion?: number;
  clientId: string;
  clean?: boolean;
  username?: string;
  password?: Buffer;
  will?: { topic: string; qos: number };
  subscriptions?: { topic: string; qos: number }[];
  unsubscriptions?: string[];
}

/** What of aedes' client is not in its types. */
interface Inside {
  broker: { id: string };
  _parser: EventEmitter & Parameters<typeof joinPieces>[0] & Parameters<typeof takeWhole>[0];
  subscriptions: Record<string, { qos: number }>;
  deliver0: Deliver;
  deliverQoS: Deliver;
  waitForDrain(done: (error?: Error | null) => void): void;
}

/** Who gets what, missing in aedes' types. */
interface Subscribers {
  _matcher: { add(filter: string, listener: unknown): void; remove(filter: string, listener: unknown): void };
  on(filter: string, listener: unknown, done?: () => void): void;
  removeListener(filter: string, listener: unknown, done?: () => void): void;
}

/** Codes of a CONNACK (MQTT 3.1.1 section 3.2.2.3). */
const [badVersion, badClientId, notAuthorised] = [1, 2, 5];

/**
 * Mends what aedes 1.2.0 lets through or passes on; each rule has a test in the conformance suite. Call it once, after
 * `mendRetained`, and `mendConnection` with each connection.
 * - A client's publication below `$SYS` or `$share` is acknowledged and goes nowhere, as with mosquitto; aedes ends the connection. The state of a
 *   bridge is taken.
 * - The DUP flag of a publisher is not that of the copies [MQTT-3.3.1-3].
 * - Who unsubscribes and subscribes again in one read is subscribed.
 * - No message has a higher QoS than its subscription [MQTT-3.8.4-6]: aedes keeps this for filters without a wildcard only.
 */
export function mendProtocol(aedes: Aedes): void {
  mendRepeated(aedes);
  mendSubscriptions(aedes);
  const nowhere = `$${aedes.id}`;
  aedes.authorizePublish = (client, packet, done) => {
    packet.dup = false;
    const ofBridge = client !== null && isBridge(client) && connectionState.test(packet.topic);
    if (packet.topic.startsWith("$") && /^\$(SYS|share)(\/|$)/.test(packet.topic) && !ofBridge) {
      packet.topic = nowhere;
      packet.retain = false;
    }
    done(null);
  };
  const forwards = aedes.authorizeForward;
  aedes.authorizeForward = (client, packet) => {
    const forwarded = forwards(client, packet);
    // What waited, and has an identifier, keeps the QoS with which it came, or it would wait for ever.
    const waited = (packet as Partial<Packet>).messageId !== undefined;
    if (forwarded && forwarded.qos > 0 && !waited)
      forwarded.qos = Math.min(forwarded.qos, grantedQos(client, forwarded.topic)) as 0 | 1 | 2;
    return forwarded;
  };
}

/**
 * aedes ends a subscription one turn later, and forgets then whatever the client has under this filter: also a subscription that came meanwhile, which
 * would get messages for ever. Here it ends at once, and begins at once, so that the answers keep their order.
 */
function mendSubscriptions(aedes: Aedes): void {
  const { mq } = aedes as unknown as { mq: Subscribers };
  mq.on = (filter, listener, done) => {
    mq._matcher.add(filter, listener);
    done?.();
  };
  mq.removeListener = (filter, listener, done) => {
    mq._matcher.remove(filter, listener);
    done?.();
  };
}

/** What a client of another process is held to. */
export interface Held {
  slow: SlowReader;
  /** It asks for more subscriptions than it may have; the connection ends. */
  tooManyFilters(): void;
}

/** Checks what the parser of aedes does not, and gives each message the highest QoS of its overlapping subscriptions [MQTT-3.3.5-1]. */
export function mendConnection(
  client: Client,
  connection: Writable & { acknowledged(id: number): void },
  watch: { unsubscribes(client: Client, filters: readonly string[]): void },
  held?: Held,
): void {
  const inside = client as unknown as Inside;
  const { _parser: parser } = inside;
  deliverDirectly(client, connection);
  held?.slow.mend(inside);
  joinPieces(parser);
  takeWhole(parser);
  const { deliver0, deliverQoS } = inside;
  const ownTopics = `$SYS/${inside.broker.id}/`;
  inside.deliver0 = (packet, done) => {
    // What aedes says of itself reaches nobody; looked at, its younger number would make an older message look like a repetition.
    if (packet.topic.startsWith(ownTopics)) setImmediate(done);
    else if (packet.qos > 0 && grantedQos(client, packet.topic) > 0) inside.deliverQoS(packet, done);
    else deliver0(packet, done);
  };
  inside.deliverQoS = (packet, done) => {
    // A live message with the flag, to a bridge: aedes would not remember that it is on its way. `Delivery` gives the flag back.
    if (packet.retain && packet.qos > 0 && packet.brokerId !== null && !client.clean) packet.retain = false;
    deliverQoS(packet, done);
  };
  const refuse = (code: number) => connection.write(Buffer.from([0x20, 2, 0, code]));
  parser.prependListener("error", (error: Error) => {
    // [MQTT-3.1.2-2]
    if (error.message === "Invalid protocol version") refuse(badVersion);
  });
  const [take] = parser.listeners("packet");
  parser.removeAllListeners("packet");
  let goodbye = false;
  const asked = new Set<string>();
  const pass = keepBehindConnect<Packet>(client, (packet) => {
    if (!takeIn(client, connection, packet)) take?.call(parser, packet);
  });
  parser.on("packet", (packet: Packet) => {
    // [MQTT-3.14.4-2]
    if (goodbye) return;
    goodbye = packet.cmd === "disconnect";
    const tooMany = held !== undefined && hasTooManyFilters(packet, inside, asked);
    if (tooMany) held.tooManyFilters();
    const problem = tooMany ? { sentence: "too many subscriptions" } : packetProblem(packet);
    if (problem === undefined) {
      if (packet.protocolVersion === 3) takeSentAgain(parser);
      if (packet.unsubscriptions) watch.unsubscribes(client, packet.unsubscriptions);
      takeRepeated(packet, client, connection);
      if (packet.cmd === "puback" || packet.cmd === "pubcomp") connection.acknowledged(packet.messageId ?? 0);
      pass(packet);
      return;
    }
    if (problem.code !== undefined) refuse(problem.code);
    parser.emit("error", new Error(problem.sentence));
  });
}

/** Each is looked at for each message, and for each that is retained. `asked` = what the packets before have asked for, which aedes may not have granted yet. */
function hasTooManyFilters({ subscriptions, unsubscriptions }: Packet, client: Inside, asked: Set<string>): boolean {
  if (unsubscriptions) for (const filter of unsubscriptions) asked.delete(filter);
  if (!subscriptions) return false;
  if (subscriptions.length > maxFilters) return true;
  for (const { topic } of subscriptions) asked.add(topic);
  return !hasFewFilters(new Set([...Object.keys(client.subscriptions), ...asked]), maxFilterBytes.connection);
}

/** Why this packet ends the connection; with a code for the CONNACK before the end. */
function packetProblem(packet: Packet): { sentence: string; code?: number } | undefined {
  const { cmd, messageId = 0, qos } = packet;
  const malformed = (sentence: string) => ({ sentence: `malformed packet: ${cmd} ${sentence}` });
  switch (cmd) {
    case "connect":
      return connectProblem(packet);
    case "publish":
      if (!isTopic(packet.topic)) return { sentence: "a publication to a topic that is none" };
      return qos > 0 && messageId < 1 ? malformed("without a packet identifier") : undefined;
    case "subscribe":
    case "unsubscribe": {
      const filters = packet.subscriptions?.map(({ topic }) => topic) ?? packet.unsubscriptions ?? [];
      if (messageId < 1) return malformed("without a packet identifier");
      if (filters.length === 0) return malformed("without a topic filter");
      return filters.every(isFilter) ? undefined : malformed("with a topic filter that is none");
    }
    default:
      return undefined;
  }
}

function connectProblem({ protocolId, protocolVersion = 0, clientId, clean, username, password, will }: Packet) {
  if ((protocolVersion === 3) !== (protocolId === "MQIsdp")) return { sentence: "a protocol of another version", code: badVersion };
  // What version 5 asks for is not judged by these rules; aedes answers it.
  if (protocolVersion === 5) return undefined;
  // [MQTT-3.1.2-22]
  if (password !== undefined && username === undefined && protocolVersion === 4) return { sentence: "a password without a user" };
  // [MQTT-3.1.2-14]
  if (will && (will.qos > 2 || !isTopic(will.topic))) return { sentence: "a will that cannot be published" };
  if (!isText(clientId) || !isText(username ?? "")) return { sentence: "a name with characters that are not allowed" };
  if (clientId.length > maxName) return { sentence: "a client id that is too long", code: badClientId };
  if ((username?.length ?? 0) > maxName) return { sentence: "a user that is too long", code: notAuthorised };
  // [MQTT-3.1.3-8]
  return clientId === "" && !clean ? { sentence: "a session without a client id", code: badClientId } : undefined;
}

function grantedQos(client: Client, topic: string): number {
  const { subscriptions } = client as unknown as Inside;
  let granted = 0;
  // Without a list of its own for each message.
  for (const filter in subscriptions) {
    const qos = subscriptions[filter]?.qos ?? 0;
    if (qos > granted && matchesFilter(filter, topic)) granted = qos;
  }
  return granted;
}
