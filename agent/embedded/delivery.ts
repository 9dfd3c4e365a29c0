import { Readable } from "node:stream";
import type { Aedes, Client } from "aedes";
import { caughtUp } from "./behind-connect.ts";
import { isBridge } from "./bridges.ts";
import type { Journal } from "./journal.ts";
import type { Kept } from "./kept.ts";
import { type Packet, persistenceOf } from "./persistence.ts";
import type { Queued, Session } from "./session.ts";
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
      const session = client.clean ? undefined : this.#kept.sessions.get(client.id);
      if (session) session.giving = () => undefined;
      return Readable.from(session ? this.#waiting(client, session) : []);
    };
    const mayForward = aedes.authorizeForward;
    aedes.authorizeForward = (client, packet) => (this.#comesLater(client, packet as Packet) ? null : mayForward(client, packet));
  }

  /** A live message to somebody who has not got yet what waits for it: it goes behind that. */
  #comesLater(client: Client, { messageId, qos, brokerCounter }: Packet): boolean {
    if (messageId !== undefined || qos === 0 || client.clean) return false;
    const session = this.#kept.sessions.get(client.id);
    return session?.byCounter(brokerCounter) !== undefined && this.#isBehind(client, session);
  }

  #isBehind(client: Client, session: Session): boolean {
    return session.giving !== undefined || !(client as Client & { connackSent: boolean }).connackSent;
  }

  /** What waits for a client that has come back, one after the other, and what is added meanwhile. */
  async *#waiting(client: Client, session: Session): AsyncGenerator<object> {
    const brokerId = this.#aedes.id;
    let mine = session.giving;
    let before = session.count;
    const next = () =>
      new Promise<void>((resolve) => {
        mine = resolve;
        session.giving = mine;
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
      // Another connection may be given it by now.
      if (session.giving === mine) session.giving = undefined;
    }
  }

  async #leaves(client: Client, packet: Packet): Promise<void> {
    const session = this.#kept.sessions.get(client.id);
    const queued = session?.byCounter(packet.brokerCounter);
    // There was no room for it: it is only given to who is there.
    if (!session || !queued) return;
    const isNew = queued.id === undefined;
    packet.messageId = queued.id ?? session.identify(queued, packet.messageId ?? 1);
    packet.qos = queued.qos;
    queued.held = false;
    if (queued.flag && isBridge(client)) packet.retain = true;
    // Under another identifier after a crash, a QoS 2 subscriber would take it for another message.
    const record = isNew && queued.qos === 2 ? { sent: session.number, n: queued.n, id: packet.messageId } : undefined;
    // What comes behind a message that is being written waits with it.
    if (record || session.leaving > 0) {
      session.leaving++;
      await this.#written(record);
      session.leaving--;
    }
    // Not before: what is new would pass it.
    this.#given.set(queued, client);
    session.giving?.();
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
    session.giving?.();
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
    session.giving?.();
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
