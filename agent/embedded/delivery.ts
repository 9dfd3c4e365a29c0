import { Readable } from "node:stream";
import type { Aedes, Client } from "aedes";
import { caughtUp } from "./behind-connect.ts";
import { isBridge } from "./bridges.ts";
import type { Journal } from "./journal.ts";
import type { Kept } from "./kept.ts";
import { type Packet, persistenceOf } from "./persistence.ts";
import type { Giving, Queued, Session } from "./session.ts";
import type { StoreRecord } from "./store-record.ts";

/** What goes out to those who have a session: in order, under identifiers of its own, until it is acknowledged. */
export class Delivery {
  readonly #kept: Kept;
  readonly #journal: Journal | undefined;
  readonly #aedes: Aedes;
  /** To which connection a message was given. */
  readonly #given = new WeakMap<Queued, Client>();

  constructor(aedes: Aedes, kept: Kept, journal: Journal | undefined) {
    [this.#aedes, this.#kept, this.#journal] = [aedes, kept, journal];
    const persistence = persistenceOf(aedes);
    persistence.outgoingUpdate = (client, packet) =>
      packet.cmd === "pubrel" ? this.#received(client, packet) : this.#leaves(client, packet);
    persistence.outgoingClearMessageId = (client, packet) => this.#acknowledged(client, packet);
    persistence.outgoingStream = (client) => {
      const session = client.clean || client.closed ? undefined : this.#kept.sessions.get(client.id);
      if (!session) return Readable.from([]);
      // The connection before is over.
      session.giving?.goOn();
      session.giving = { to: client, goOn: () => undefined };
      return Readable.from(this.#waiting(client, session, session.giving));
    };
    const mayForward = aedes.authorizeForward;
    aedes.authorizeForward = (client, packet) => (this.#comesLater(client, packet as Packet) ? null : mayForward(client, packet));
  }

  /** A live message to somebody who has not got yet what waits for it: it goes behind that, or nowhere when there was no room for it. */
  #comesLater(client: Client, { messageId, qos, topic, brokerId, brokerCounter }: Packet): boolean {
    // What is retained never waits, and has no broker.
    if (messageId !== undefined || qos === 0 || brokerId === null || client.clean) return false;
    const session = this.#kept.sessions.get(client.id);
    if (!session || !this.#isBehind(client, session)) return false;
    return session.byCounter(brokerCounter) !== undefined || session.keeps(topic);
  }

  #isBehind(client: Client, session: Session): boolean {
    return session.giving !== undefined || !(client as Client & { connackSent: boolean }).connackSent;
  }

  /** What waits for a client that has come back, one after the other, and what is added meanwhile. */
  async *#waiting(client: Client, session: Session, giving: Giving): AsyncGenerator<object> {
    const brokerId = this.#aedes.id;
    let before = session.count;
    const next = () =>
      new Promise<void>((resolve) => {
        giving.goOn = resolve;
      });
    try {
      for (const queued of session.queue) {
        const { topic, payload, qos, counter: brokerCounter, id: messageId, released, held = false } = queued;
        let left = next();
        // The connection before may have acknowledged it meanwhile.
        const isOnItsWay = () => !client.closed && this.#given.get(queued) !== client && session.byNumber(queued.n) === queued;
        yield released
          ? { cmd: "pubrel", brokerId, brokerCounter, messageId }
          : {
              cmd: "publish",
              brokerId,
              brokerCounter,
              messageId,
              topic,
              payload,
              qos,
              retain: false,
              dup: messageId !== undefined && !held,
            };
        // aedes reads ahead; a live message must not pass what it has read.
        while (isOnItsWay()) {
          await left;
          if (isOnItsWay()) left = next();
        }
        if (client.closed) return;
        // The first one that came meanwhile leaves behind all that waited before.
        if (before-- === 0) client.emit(caughtUp);
      }
    } finally {
      session.endGiving(client);
    }
  }

  async #leaves(client: Client, packet: Packet): Promise<void> {
    const session = this.#kept.sessions.get(client.id);
    const queued = session?.byCounter(packet.brokerCounter);
    if (!session) return;
    // It is not kept, and only given to who is there.
    if (!queued) {
      if (session.leaving > 0) await this.#inTurn(session, undefined);
      return;
    }
    const isNew = queued.id === undefined;
    packet.messageId = queued.id ?? session.identify(queued, packet.messageId ?? 1);
    packet.qos = queued.qos;
    queued.held = false;
    if (queued.flag && isBridge(client)) packet.retain = true;
    // Under another identifier after a crash, a QoS 2 subscriber would take it for another message.
    const record = isNew && queued.qos === 2 ? { sent: session.number, n: queued.n, id: packet.messageId } : undefined;
    if (record || session.leaving > 0) await this.#inTurn(session, record);
    // Not before: what is new would pass it.
    this.#given.set(queued, client);
    session.giving?.goOn();
  }

  /** What comes behind a message that is being written waits with it. */
  async #inTurn(session: Session, record: StoreRecord | undefined): Promise<void> {
    session.leaving++;
    await this.#written(record);
    session.leaving--;
  }

  async #received(client: Client, { messageId }: { messageId: number }): Promise<void> {
    const session = this.#kept.sessions.get(client.id);
    const queued = session?.byId(messageId);
    if (!session || !queued) return;
    this.#given.set(queued, client);
    if (!queued.released) {
      queued.released = true;
      await this.#written({ rec: session.number, n: queued.n });
    }
    session.giving?.goOn();
  }

  async #acknowledged(client: Client, { messageId, brokerCounter }: { messageId?: number; brokerCounter?: number }): Promise<unknown> {
    const session = this.#kept.sessions.get(client.id);
    if (!session) return undefined;
    const queued = session.byId(messageId);
    if (queued) {
      this.#forget(session, queued);
      return { cmd: "publish", topic: queued.topic, payload: queued.payload, qos: queued.qos, retain: false, dup: false, messageId };
    }
    // aedes did not give it to the client: it is not allowed to, or another of its subscriptions did.
    const refused = messageId === undefined && brokerCounter !== undefined ? session.byCounter(brokerCounter) : undefined;
    if (refused && !this.#isBehind(client, session)) {
      setImmediate(() => {
        if (refused.id === undefined) this.#forget(session, refused);
      });
    }
    return undefined;
  }

  #forget(session: Session, queued: Queued): void {
    session.remove(queued);
    session.giving?.goOn();
    this.#journal?.add({ ack: session.number, n: queued.n });
  }

  #written(record: StoreRecord | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#journal) resolve();
      else if (record) this.#journal.add(record, resolve);
      else this.#journal.after(resolve);
    });
  }
}
