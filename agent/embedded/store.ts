import type { Aedes, Client } from "aedes";
import { type Clock, clockIsSet, systemClock } from "../shell/clock.ts";
import { Admission } from "./admission.ts";
import { bridgeSession } from "./bridges.ts";
import { Delivery } from "./delivery.ts";
import type { DrainingDuplex } from "./drain.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { Kept } from "./kept.ts";
import { maxFilters } from "./limits.ts";
import { innerOf, type Persistence, persistenceOf } from "./persistence.ts";
import type { Queued, Reader, Session } from "./session.ts";
import type { QoS, StoreRecord } from "./store-record.ts";
import { isFilter, isTopic } from "./topic-filter.ts";

export interface StoreSettings {
  /** Where it is kept; null = in memory only. */
  file: string | null;
  /** Messages that wait for one client; further ones are dropped. */
  maxQueued: number;
  /** How long a session waits for its client, in ms. */
  sessionExpiry: number;
  clock: Clock;
  log: JournalOptions["log"];
  /** Told when the file can no longer be written, and with null when it can again. */
  onProblem(problem: string | null): void;
}

/** When nothing is said: in memory. */
const usual: StoreSettings = {
  file: null,
  maxQueued: 1000,
  sessionExpiry: Number.POSITIVE_INFINITY,
  clock: systemClock,
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  onProblem: () => undefined,
};

export interface StoreOptions {
  settings: StoreSettings | undefined;
  /** Whether it is the agent itself: it says its retained messages anew after each start, so they are not kept. */
  isOwn(client: Client): boolean;
  /** As whom it was let in, empty for no name; undefined for the agent itself. */
  userOf(client: Client): string | undefined;
  /** May come often; `kind` is the same for the same reason. */
  warn(kind: string, message: string): void;
  /** Nobody came back to the session of this client. */
  expired?(client: string): void;
}

export interface StoreCounts {
  /** Sessions whose client is away. */
  disconnected: number;
  /** Sessions that were ended because their client stayed away, since the start. */
  expired: number;
  /** Messages that wait for clients, and their size in bytes. */
  queued: number;
  queuedBytes: number;
  /** Messages for which there was no room, since the start. */
  dropped: number;
}

/** For the log: more subscriptions, or longer ones, than one client may have. */
export function tooManyFilters(client: string): string {
  return `broker: client ${quote(client)} asks for more than ${maxFilters} subscriptions, or for too long ones: connection closed`;
}

/** How often sessions are looked at that nobody came back to. */
const expireEvery = 60_000;

/** Retained messages and sessions, in place of aedes' own queues; on disk if so configured. */
export class Store {
  readonly #settings: StoreSettings;
  readonly #aedes: Aedes;
  readonly #kept: Kept;
  readonly #journal: Journal | undefined;
  readonly #admission: Admission;
  readonly #inner: ReturnType<typeof innerOf>;
  readonly #timer: NodeJS.Timeout;
  readonly #onExpired: (client: string) => void;
  readonly #userOf: (client: Client) => string | undefined;
  readonly #warn: StoreOptions["warn"];
  #expired = 0;

  /** Takes the place of what aedes has. Once, after `listen` and after everything else that decides who may do what. */
  constructor(aedes: Aedes, { settings = usual, isOwn, userOf, warn, expired = () => {} }: StoreOptions) {
    [this.#aedes, this.#settings, this.#onExpired, this.#userOf, this.#warn] = [aedes, settings, expired, userOf, warn];
    const { file, clock, maxQueued, log, onProblem } = settings;
    const wall = () => (clockIsSet(clock) ? clock.wall() : undefined);
    const kept = new Kept({ maxQueued, now: clock.now, wall });
    const snapshot = () => kept.snapshot(this.#admission.pending);
    const journal = file === null ? undefined : new Journal({ file, log, onProblem, snapshot });
    [this.#kept, this.#journal] = [kept, journal];
    this.#inner = innerOf(persistenceOf(aedes));
    this.#admission = new Admission({ aedes, kept, journal, isOwn, warn, wall });
    new Delivery(aedes, kept, journal);
    this.#keepSessions();
    this.#timer = setInterval(() => this.expire(), expireEvery).unref();
  }

  /** Brings back what the last run kept, before the first client; resolves with the sessions. */
  async load(): Promise<{ client: string; filters: string[]; user: string | undefined }[]> {
    await this.#journal?.load((record) => this.#kept.apply(record as StoreRecord));
    this.#kept.loaded(() => ++(this.#aedes as Aedes & { counter: number }).counter);
    for (const { topic, payload, qos } of this.#kept.retained) {
      if (!isTopic(topic)) continue;
      await this.#inner.storeRetained({
        cmd: "publish",
        topic,
        payload,
        qos,
        retain: true,
        dup: false,
        brokerId: this.#aedes.id,
        brokerCounter: 0,
      });
    }
    for (const { client: id, filters, incoming } of this.#kept.sessions.values()) {
      await this.#inner.addSubscriptions(
        { id },
        Array.from(filters, ([topic, qos]) => ({ topic, qos })).filter(({ topic }) => isFilter(topic)),
      );
      for (const messageId of incoming) await this.#inner.incomingStorePacket({ id }, { cmd: "publish", topic: "", qos: 2, messageId });
    }
    this.expire();
    return Array.from(this.#kept.sessions.values(), ({ client, filters, user }) => ({ client, filters: [...filters.keys()], user }));
  }

  get counts(): StoreCounts {
    const { count, bytes } = this.#kept.queued;
    let disconnected = 0;
    for (const { goneAt } of this.#kept.sessions.values()) if (goneAt !== null) disconnected++;
    return { disconnected, expired: this.#expired, queued: count, queuedBytes: bytes, dropped: this.#admission.dropped };
  }

  /** From now on a session of this name is read by somebody in this process; resolves with what waits for it. After `load`. */
  async read(client: string, subscriptions: { topic: string; qos: QoS }[], reader: Reader): Promise<readonly Queued[]> {
    const persistence = persistenceOf(this.#aedes);
    const before = this.#kept.sessions.get(client)?.filters.keys() ?? [];
    const gone = [...before].filter((filter) => !subscriptions.some(({ topic }) => topic === filter));
    if (gone.length > 0) await persistence.removeSubscriptions({ id: client }, gone);
    await persistence.addSubscriptions({ id: client }, subscriptions);
    const session = this.#kept.sessions.get(client);
    if (!session) return [];
    session.goneAt = null;
    session.reader = reader;
    return [...session.queue];
  }

  /** It was read, and waits no more. */
  done(client: string, n: number): void {
    const session = this.#kept.sessions.get(client);
    const queued = session?.byNumber(n);
    if (!session || !queued) return;
    session.remove(queued);
    this.#journal?.add({ ack: session.number, n });
  }

  /** Nobody reads it any more. */
  async forget(client: string): Promise<void> {
    const session = this.#kept.sessions.get(client);
    if (session) await this.#end(session);
  }

  /** Resolves when everything that was given to it is with the kernel, or could not be written. */
  written(): Promise<void> {
    return this.#written(undefined, async () => undefined);
  }

  /** Ends the sessions whose client was away too long. Comes by itself every minute. */
  expire(): void {
    const since = this.#settings.clock.now() - this.#settings.sessionExpiry;
    for (const session of this.#kept.sessions.values()) {
      if (session.client === bridgeSession || session.goneAt === null || session.goneAt > since) continue;
      this.#expired++;
      this.#onExpired(session.client);
      this.#settings.log.info(`broker: nobody came back to the session of client ${quote(session.client)}: ended`);
      void this.#end(session);
    }
  }

  /** Resolves when everything is safe from a power cut, or could not be written. After the broker was closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#journal?.close();
  }

  #keepSessions(): void {
    const persistence = persistenceOf(this.#aedes);
    const inner = this.#inner;
    // aedes brings the whole list once for each filter in it.
    const added = new WeakMap<object, Promise<void>>();
    persistence.addSubscriptions = (client, subscriptions) => {
      const before = added.get(subscriptions);
      if (before) return before;
      const now = add(client, subscriptions);
      added.set(subscriptions, now);
      return now;
    };
    // Each in its turn: a client may unsubscribe before its subscription is answered.
    const add: Persistence["addSubscriptions"] = (client, subscriptions) => {
      const { id } = client;
      const record = this.#subscribed(id, subscriptions);
      this.#known(client as Client);
      if (record === "full") return Promise.reject(new Error("too many sessions or subscriptions"));
      return this.#written(record, () => inner.addSubscriptions({ id }, subscriptions));
    };
    persistence.removeSubscriptions = ({ id }, filters) => {
      const session = this.#kept.sessions.get(id);
      for (const filter of filters) session?.filters.delete(filter);
      return this.#written(session && { unsub: session.number, filters }, () => inner.removeSubscriptions({ id }, filters));
    };
    persistence.cleanSubscriptions = ({ id }) => {
      const session = this.#kept.sessions.get(id);
      return session ? this.#end(session) : inner.cleanSubscriptions({ id });
    };
    // Only its identifier is asked for again.
    persistence.incomingStorePacket = async (client, { messageId }) => {
      const { id, clean, closed } = client as Client;
      // Who has gone without a session will not release it.
      if (!clean || !closed) await inner.incomingStorePacket({ id }, { cmd: "publish", topic: "", qos: 2, messageId });
    };
    persistence.incomingDelPacket = async (client, packet) => {
      const { id } = client;
      this.#admission.released(client, packet.messageId);
      await inner.incomingDelPacket({ id }, packet);
      const session = this.#kept.sessions.get(id);
      // A new message under this identifier would be taken for the old one.
      if (session?.incoming.delete(packet.messageId))
        await this.#written({ rel: session.number, id: packet.messageId }, async () => undefined);
    };
    this.#aedes.on("clientReady", (client) => {
      if (!client.closed) this.#moved(client, null);
    });
    // Behind the end of the one that had its name, which may come after it was ready.
    this.#aedes.on("client", (client) => this.#gone(client, null));
    this.#aedes.on("clientDisconnect", (client) => this.#moved(client, this.#settings.clock.now()));
  }

  /** What is new of it, to be written. */
  #subscribed(client: string, subscriptions: readonly { topic: string; qos: QoS }[]): StoreRecord | "full" | undefined {
    const known = this.#kept.sessions.get(client);
    const topics = subscriptions.map(({ topic }) => topic);
    if (!this.#kept.hasRoomForFilters(known, topics)) {
      this.#warn("subscriptions", tooManyFilters(client));
      return "full";
    }
    const session = known ?? this.#kept.open(client);
    if (!session) {
      this.#warn("sessions", `broker: there are too many sessions for one of client ${quote(client)}: connection closed`);
      return "full";
    }
    if (!known) this.#journal?.add({ session: session.number, client });
    const filters: [string, QoS][] = [];
    for (const { topic, qos } of subscriptions) {
      if (session.filters.get(topic) !== qos) filters.push([topic, qos]);
      session.filters.set(topic, qos);
    }
    return filters.length > 0 ? { sub: session.number, filters } : undefined;
  }

  #end(session: Session): Promise<void> {
    this.#kept.end(session);
    return this.#written({ end: session.number }, async () => {
      await this.#inner.cleanSubscriptions({ id: session.client });
      await this.#inner.cleanIncoming({ id: session.client });
    });
  }

  #moved(client: Client, goneAt: number | null): void {
    const session = client.clean ? undefined : this.#kept.sessions.get(client.id);
    if (!session) return;
    if (goneAt !== null) session.heldBack((client.conn as Partial<DrainingDuplex>).held ?? []);
    session.endGiving(client);
    const { clients } = this.#aedes as unknown as { clients: Readonly<Record<string, Client>> };
    const owner = clients[client.id] ?? client;
    // Another one has it by now, or had it all the time.
    if (goneAt !== null && owner !== client && !owner.clean) return;
    this.#known(client);
    this.#gone(client, goneAt);
  }

  #gone(client: Client, goneAt: number | null): void {
    const session = client.clean ? undefined : this.#kept.sessions.get(client.id);
    if (!session || session.goneAt === goneAt) return;
    session.goneAt = goneAt;
    this.#journal?.add(this.#kept.goneRecord(session));
  }

  /** Notes whose session it is. */
  #known(client: Client): void {
    const [session, user] = [this.#kept.sessions.get(client.id), this.#userOf(client)];
    if (!session || user === undefined || session.user === user) return;
    session.user = user;
    this.#journal?.add({ user: session.number, name: user });
  }

  /** Does what follows when it is written; in the order of the calls, also without a record. */
  #written(record: StoreRecord | undefined, then: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const go = () => resolve(then());
      if (!this.#journal) go();
      else if (record) this.#journal.add(record, go);
      else this.#journal.after(go);
    });
  }
}

function quote(client: string): string {
  return JSON.stringify(client.slice(0, 64));
}
