import type { Aedes, Client } from "aedes";
import { connectionState, isBridge } from "./bridges.ts";
import type { Journal } from "./journal.ts";
import { type Kept, origin } from "./kept.ts";
import { innerOf, type Packet, type Persistence, persistenceOf, type Subscription } from "./persistence.ts";
import { atOnce } from "./rules.ts";
import type { Session } from "./session.ts";
import { type Content, contentRecord, type MessageRecord, type QoS } from "./store-record.ts";

/** As aedes has it for one connection: more QoS 2 messages that are not released end it. */
const maxOpen = 1000;

export interface AdmissionOptions {
  aedes: Aedes;
  kept: Kept;
  /** Undefined = everything stays in memory. */
  journal: Journal | undefined;
  /** Whether it is the agent itself: it says its retained messages anew after each start, so they need not be kept. */
  isOwn(client: Client): boolean;
  /** Told again and again; `kind` is the same for the same reason. */
  warn(kind: string, message: string): void;
  /** Milliseconds since 1970; undefined while nobody has set the clock. */
  wall(): number | undefined;
}

/** Without a turn of the promise queue. */
// biome-ignore lint/suspicious/noThenProperty: aedes only calls `then`
const nobody: PromiseLike<Subscription[]> = { then: (resolve) => Promise.resolve(resolve?.([]) as never) };

/** What is known of a publication between its first look at the store and its last; by its payload, which aedes hands on as it is. */
interface Note {
  isOwn: boolean;
  /** The client id of a bridge, which gets nothing back. */
  bridge: string | undefined;
  record: MessageRecord | undefined;
}

/**
 * What comes in. aedes acknowledges a QoS 1 message before it stores it, and a subscriber never gets a message that has an older number than
 * what it got last; so a message that is to be kept is written before aedes numbers and acknowledges it.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #notes = new WeakMap<object, Note>();
  readonly #pending = new Map<number, MessageRecord>();
  /** How many publications of a client id are on their way to the file: the will of a connection may be, when the next one is there. */
  readonly #held = new Map<string, number>();
  /** Identifiers of QoS 2 messages of each connection, until they are released. */
  readonly #open = new WeakMap<object, Set<number>>();
  /** Messages for which there was no room. */
  dropped = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const {
      aedes,
      kept: { sessions },
    } = options;
    const persistence = persistenceOf(aedes);
    const inner = innerOf(persistence);
    const mayPublish = aedes.authorizePublish;
    aedes.authorizePublish = (client, packet, done) => {
      mayPublish(client, packet, (error) => {
        if (error || !client) done(error);
        else this.#admit(client, packet as Packet, inner.subscriptionsByTopic, done);
      });
    };
    // Only sessions are in that list.
    persistence.subscriptionsByTopic = (topic) => (sessions.size > 0 ? inner.subscriptionsByTopic(topic) : nobody);
    persistence.storeRetained = (packet) => {
      const kept = { ...packet, payload: Buffer.from(packet.payload) };
      return this.#retain(packet, kept) ? inner.storeRetained(kept) : atOnce(Promise.resolve());
    };
    persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
      // Anew, and given out in the same breath: a message that was numbered behind it, and came to its subscribers first, would make it look old.
      packet.brokerCounter = ++(aedes as Aedes & { counter: number }).counter;
      this.#enqueue(subscriptions, packet);
      return atOnce(Promise.resolve());
    };
    persistence.outgoingEnqueue = async (subscription, packet) => this.#enqueue([subscription], packet);
  }

  /** Written, but in no queue yet. */
  get pending(): Iterable<MessageRecord> {
    return this.#pending.values();
  }

  /** A client has ended the exchange of this QoS 2 message. */
  released(client: object, id: number): void {
    this.#open.get(client)?.delete(id);
  }

  #admit(client: Client, packet: Packet, match: Persistence["subscriptionsByTopic"], settle: (error: Error | null) => void): void {
    const done = () => settle(null);
    const { journal, kept } = this.#options;
    const isOwn = this.#options.isOwn(client);
    const bridge = isBridge(client) ? client.id : undefined;
    if ((isOwn && packet.retain) || bridge !== undefined) this.#notes.set(packet.payload, { isOwn, bridge, record: undefined });
    if (journal === undefined) {
      const objection = this.#objection(client, packet);
      if (objection === undefined) this.#opens(client, packet);
      settle(objection === undefined ? null : new Error(objection));
      return;
    }
    if (packet.qos === 0) {
      // Behind what the client sent before, which is added to the file only when its sessions are known.
      if (this.#held.has(client.id)) this.#hold(client, match(packet.topic), journal, done);
      else done();
      return;
    }
    const retain = packet.retain && !isOwn;
    if (!retain && kept.sessions.size === 0 && packet.qos === 1 && !this.#held.has(client.id)) {
      done();
      return;
    }
    this.#held.set(client.id, (this.#held.get(client.id) ?? 0) + 1);
    const go = () => {
      this.#release(client);
      done();
    };
    void match(packet.topic).then((subscriptions) => {
      const objection = this.#objection(client, packet);
      if (objection !== undefined) {
        this.#release(client);
        settle(new Error(objection));
        return;
      }
      const record = this.#recordOf(client, packet, subscriptions, retain);
      if (record) {
        this.#notes.set(packet.payload, { isOwn, bridge, record });
        this.#pending.set(record.n, record);
        journal.add(record, go);
      } else if ((this.#held.get(client.id) ?? 0) > 1) journal.after(go);
      else go();
    });
  }

  #hold(client: Client, known: PromiseLike<unknown>, journal: Journal, done: () => void): void {
    this.#held.set(client.id, (this.#held.get(client.id) ?? 0) + 1);
    void known.then(() =>
      journal.after(() => {
        this.#release(client);
        done();
      }),
    );
  }

  #release({ id }: Client): void {
    const left = (this.#held.get(id) ?? 1) - 1;
    if (left > 0) this.#held.set(id, left);
    else this.#held.delete(id);
  }

  /** Why a QoS 2 message is not taken; what would be kept of it would never be published, or twice. */
  #objection(client: Client, { qos, messageId: id }: Packet): string | undefined {
    if (qos !== 2 || id === undefined) return undefined;
    const publisher = client.clean ? undefined : this.#publisher(client.id);
    if (!client.clean && !publisher) return "too many sessions";
    // Of the session, however often its client comes back.
    const open = publisher?.incoming ?? this.#openOf(client);
    if (open.has(id)) return undefined;
    return open.size >= maxOpen ? `more than ${maxOpen} QoS 2 messages are open` : undefined;
  }

  /** Undefined when nothing of it needs to be kept. */
  #recordOf(client: Client, packet: Packet, subscriptions: readonly Subscription[], retain: boolean): MessageRecord | undefined {
    const { kept } = this.#options;
    const publisher = packet.qos === 2 && !client.clean ? this.#publisher(client.id) : undefined;
    const id = packet.messageId;
    // A repetition: it is in the file, and aedes knows it.
    if (id !== undefined && packet.qos === 2 && (publisher?.incoming ?? this.#openOf(client)).has(id)) return undefined;
    const to: MessageRecord["to"] = [];
    let at: number | undefined;
    for (const [session, qos] of this.#sessionsOf(subscriptions, packet)) {
      if (kept.hasRoom(session, packet)) to.push([session.number, qos]);
      if (session.reader) at = this.#options.wall();
    }
    this.#opens(client, packet);
    if (to.length === 0 && !retain && publisher === undefined) return undefined;
    const record: MessageRecord = { ...contentRecord(packet), n: kept.nextNumber(), to, retain, ...origin(packet.retain, at) };
    if (publisher && id !== undefined) record.from = [publisher.number, id];
    return record;
  }

  /** A QoS 2 message is taken, and open until it is released. */
  #opens(client: Client, { qos, messageId: id }: Packet): void {
    if (qos !== 2 || id === undefined) return;
    this.#openOf(client).add(id);
    if (!client.clean) this.#publisher(client.id)?.incoming.add(id);
  }

  #openOf(client: Client): Set<number> {
    const open = this.#open.get(client) ?? new Set();
    this.#open.set(client, open);
    return open;
  }

  #publisher(client: string): Session | undefined {
    const { kept, journal } = this.#options;
    const known = kept.sessions.get(client);
    if (known) return known;
    const session = kept.open(client);
    if (session) journal?.add({ session: session.number, client });
    return session;
  }

  /** Each session once, with the highest QoS of its subscriptions, or that of the message. */
  #sessionsOf(subscriptions: readonly Subscription[], { qos, payload }: Packet): Map<Session, QoS> {
    const sessions = new Map<Session, QoS>();
    const bridge = this.#notes.get(payload)?.bridge;
    for (const { clientId, qos: granted } of subscriptions) {
      if (clientId === bridge) continue;
      const session = this.#options.kept.sessions.get(clientId);
      if (session) sessions.set(session, Math.max(sessions.get(session) ?? 0, Math.min(granted, qos)) as QoS);
    }
    return sessions;
  }

  #enqueue(subscriptions: readonly Subscription[], packet: Packet): void {
    const { kept, journal, warn } = this.#options;
    const record = this.#notes.get(packet.payload)?.record;
    if (!record && subscriptions.length === 0) return;
    if (record) this.#pending.delete(record.n);
    const written = new Set(record?.to.map(([session]) => session));
    const n = record?.n ?? kept.nextNumber();
    const more: MessageRecord["to"] = [];
    const added: (() => void)[] = [];
    let at = record?.at;
    // A copy: what came over the network is a piece of something larger.
    const payload = subscriptions.length > 0 ? Buffer.from(packet.payload) : packet.payload;
    for (const [session, qos] of this.#sessionsOf(subscriptions, packet)) {
      if (session.reader?.takes(packet) === false) continue;
      if (!kept.hasRoom(session, packet)) {
        this.dropped++;
        warn("queue", `broker: too much waits for client ${JSON.stringify(session.client.slice(0, 64))}: a message to it was dropped`);
        continue;
      }
      if (session.reader) at ??= this.#options.wall();
      const queued = { topic: packet.topic, payload, qos, n, counter: packet.brokerCounter, flag: packet.retain, at };
      session.add(queued);
      if (session.reader) added.push(() => session.reader?.added(queued));
      if (!written.delete(session.number)) more.push([session.number, qos]);
    }
    if (more.length > 0)
      journal?.add({ ...contentRecord(packet), n, to: more, retain: false, ...origin(packet.retain, at) } satisfies MessageRecord);
    for (const number of written) if (kept.numbered(number)) journal?.add({ ack: number, n });
    for (const tell of added) tell();
  }

  /** False: there is no room for it. */
  #retain(packet: Packet, { topic, payload, qos }: Content): boolean {
    const { kept, journal, warn } = this.#options;
    // The broker's own values; nobody but bridges publishes there.
    if (topic.startsWith("$SYS/") && !connectionState.test(topic)) return true;
    const note = this.#notes.get(packet.payload);
    const content: Content = { topic, payload, qos };
    const forget: Content = { topic, payload: Buffer.alloc(0), qos: 0 };
    const wasKept = kept.isRetained(topic);
    // The agent, or this broker's own bridge, whose state holds as long as it runs.
    if (note?.isOwn || (connectionState.test(topic) && note?.bridge === undefined)) {
      if (wasKept && kept.retain(forget)) journal?.add(contentRecord(forget));
      return true;
    }
    const hasRoom = kept.retain(content);
    if (!hasRoom) warn("retained", "broker: too many retained messages: one was not kept");
    if (!hasRoom && note?.record?.retain) journal?.add(contentRecord(forget));
    // With a record it stands in the file already.
    else if (hasRoom && !note?.record?.retain && (wasKept || content.payload.length > 0)) journal?.add(contentRecord(content));
    return hasRoom;
  }
}
