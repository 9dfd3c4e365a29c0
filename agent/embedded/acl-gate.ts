import type { Aedes, AedesPublishPacket, Client } from "aedes";
import { type Acl, Rights } from "./acl.ts";

/** The parts of aedes' store that concern those who sleep; public, but missing in its types. */
interface SessionStore {
  outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: AedesPublishPacket): Promise<void>;
}

export interface AclGateOptions {
  /** The rules as they are now; undefined: everybody may everything. */
  acl(): Acl | undefined;
  /** A publication was dropped: a sentence. */
  refused(sentence: string): void;
}

/** More sleeping sessions than this are judged when they come back. */
const maxSleepers = 10_000;

/**
 * Holds the clients of aedes to the rules, as mosquitto 2.0 does: a publication that is not allowed is acknowledged and dropped, a will too; a
 * subscription is always granted, and what may not be read is not delivered. Who was not admitted is the broker itself and may everything.
 */
export class AclGate {
  readonly #options: AclGateOptions;
  readonly #guests = new WeakMap<Client, Guest>();
  /** Of sessions that outlive their connection: the last user of each. */
  readonly #sleepers = new Map<string, Guest>();
  readonly #dropped = new WeakSet<object>();

  constructor(options: AclGateOptions) {
    this.#options = options;
  }

  /** Somebody was let in under this name; `own` = the agent itself, or who operates it. */
  admit(client: Client, user: string | undefined, own: boolean): void {
    this.#sleepers.delete(client.id);
    if (own) return;
    const guest = new Guest(user, client.id);
    this.#guests.set(client, guest);
    if (client.clean) return;
    this.#sleepers.set(client.id, guest);
    const [oldest] = this.#sleepers.size > maxSleepers ? this.#sleepers.keys() : [];
    if (oldest !== undefined) this.#sleepers.delete(oldest);
  }

  /** A session from before the start; undefined when nobody knows whose it is. */
  returned(client: string, user: string | undefined): void {
    if (user !== undefined) this.#sleepers.set(client, new Guest(user, client));
  }

  /** Under which name it was let in, empty for none; undefined for the agent itself. */
  userOf(client: Client): string | undefined {
    const guest = this.#guests.get(client);
    return guest && (guest.user ?? "");
  }

  /** Whether this client may be given a message of this topic. */
  mayRead(client: Client, topic: string): boolean {
    return this.#guests.get(client)?.may("read", topic, this.#options.acl()) ?? true;
  }

  /** Hooks it in; once, after `listen` and after everything else that sets these hooks. */
  guard(aedes: Aedes): void {
    const { authorizePublish, authorizeForward } = aedes;
    aedes.authorizePublish = (client, packet, done) => {
      const guest = client && this.#guests.get(client);
      if (!guest || guest.may("write", packet.topic, this.#options.acl())) return authorizePublish(client, packet, done);
      this.#drop(packet, guest);
      done(null);
    };
    // aedes acknowledges before it publishes, so what is dropped here is acknowledged all the same.
    const publish = aedes.publish.bind(aedes) as (packet: object, client?: unknown, done?: unknown) => void;
    aedes.publish = ((packet: object, client?: unknown, done?: () => void) => {
      if (this.#dropped.has(packet)) done?.();
      else publish(packet, client, done);
    }) as Aedes["publish"];
    aedes.authorizeForward = (client, packet) => (this.mayRead(client, packet.topic) ? authorizeForward(client, packet) : null);
    this.#guardStore((aedes as unknown as { persistence: SessionStore }).persistence);
  }

  #guardStore(store: SessionStore): void {
    const enqueue = store.outgoingEnqueueCombi.bind(store);
    store.outgoingEnqueueCombi = (subscriptions, packet) => {
      const acl = this.#options.acl();
      return enqueue(
        subscriptions.filter(({ clientId }) => this.#sleepers.get(clientId)?.may("read", packet.topic, acl) ?? true),
        packet,
      );
    };
  }

  #drop(packet: { topic: string }, { user, client }: Guest): void {
    this.#dropped.add(packet);
    const who = user === undefined || user === "" ? "" : ` of user ${quote(user)}`;
    this.#options.refused(`broker: client ${quote(client)}${who} may not publish to ${quote(packet.topic)}: dropped`);
  }
}

/** Somebody who was let in, and what he may by the rules of now. */
class Guest {
  readonly user: string | undefined;
  readonly client: string;
  #rights: { acl: Acl; rights: Rights } | undefined;

  constructor(user: string | undefined, client: string) {
    this.user = user;
    this.client = client;
  }

  may(access: "read" | "write", topic: string, acl: Acl | undefined): boolean {
    if (acl === undefined) return true;
    if (this.#rights?.acl !== acl) this.#rights = { acl, rights: new Rights(acl, this.user ?? "", this.client) };
    return this.#rights.rights.may(access, topic);
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
