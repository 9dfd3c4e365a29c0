import type { Aedes, AedesPublishPacket, Client } from "aedes";
import type { Acl } from "./acl.ts";
import { Guest } from "./guest.ts";

/** The parts of aedes' store that concern those who sleep; public, but missing in its types. */
interface SessionStore {
  outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: AedesPublishPacket): PromiseLike<void>;
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
 * subscription is always granted, and what may not be read is not delivered. Who was not admitted is the broker itself and may everything. The agent's
 * own subscription is refused when nothing could come of it: the agent has to know what it does not hear.
 */
export class AclGate {
  readonly #options: AclGateOptions;
  readonly #guests = new WeakMap<Client, Guest>();
  /** Of the agent's own clients: the rules under which each came. */
  readonly #entered = new WeakMap<Client, { acl: Acl | undefined }>();
  /** Of sessions that outlive their connection: the last user of each. */
  readonly #sleepers = new Map<string, Guest>();
  readonly #dropped = new WeakSet<object>();

  constructor(options: AclGateOptions) {
    this.#options = options;
  }

  /** Somebody was let in under this name; who operates the agent may everything. */
  admit(client: Client, user: string | undefined, as: "guest" | "agent" | "operator"): void {
    if (as === "operator") return;
    const guest = new Guest(user, client.id, as === "agent");
    this.#guests.set(client, guest);
    if (guest.isAgent) this.#entered.set(client, { acl: this.#options.acl() });
  }

  /** It has its name now, and is not only about to have it: what may wait is what it may read. */
  #named(client: Client): void {
    this.#sleepers.delete(client.id);
    const guest = this.#guests.get(client);
    if (client.clean || !guest) return;
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
    return guest && !guest.isAgent ? (guest.user ?? "") : undefined;
  }

  /** Whether this client may be given a message of this topic. */
  mayRead(client: Client, topic: string): boolean {
    return this.#guests.get(client)?.may("read", topic, this.#options.acl()) ?? true;
  }

  /** Hooks it in; once, after `listen` and after everything else that sets these hooks. */
  guard(aedes: Aedes): void {
    const { authorizePublish, authorizeSubscribe, authorizeForward } = aedes;
    aedes.authorizePublish = (client, packet, done) => {
      const guest = client && this.#guests.get(client);
      if (!guest || guest.may("write", packet.topic, this.#rulesFor(client, packet))) return authorizePublish(client, packet, done);
      this.#drop(packet, guest);
      done(null);
    };
    aedes.authorizeSubscribe = (client, subscription, done) => {
      const guest = client && this.#guests.get(client);
      if (guest?.isAgent && !guest.mayHear(subscription.topic, this.#options.acl())) done(null, null);
      else authorizeSubscribe(client, subscription, done);
    };
    // aedes acknowledges before it publishes, so what is dropped here is acknowledged all the same.
    const publish = aedes.publish.bind(aedes) as (packet: object, client?: unknown, done?: unknown) => void;
    aedes.publish = ((packet: object, client?: unknown, done?: () => void) => {
      if (this.#dropped.has(packet)) done?.();
      else publish(packet, client, done);
    }) as Aedes["publish"];
    aedes.authorizeForward = (client, packet) => (this.mayRead(client, packet.topic) ? authorizeForward(client, packet) : null);
    aedes.on("client", (client) => this.#named(client));
    this.#guardStore((aedes as unknown as { persistence: SessionStore }).persistence);
  }

  /** Those of now; for the agent's will those under which it came, or an `online` that it may not take back any more would stay. */
  #rulesFor(client: Client, packet: object): Acl | undefined {
    const entered = this.#entered.get(client);
    return entered && packet === (client as unknown as { will: object | null }).will ? entered.acl : this.#options.acl();
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

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
