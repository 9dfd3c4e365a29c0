import type { Socket } from "node:net";
import type { Aedes, Client } from "aedes";
import { Access } from "./access.ts";
import { Census } from "./census.ts";
import { Crowd } from "./crowd.ts";
import { DrainingDuplex } from "./drain.ts";
import { type FrameCounts, FrameScanner } from "./frames.ts";
import { Listener } from "./listener.ts";
import type { PasswordHash } from "./password-file.ts";
import { mendRetained, type Retained } from "./rules.ts";
import { Store, type StoreCounts, type StoreSettings } from "./store.ts";
import { changedValues, sysValues } from "./sys.ts";

export interface BrokerOptions {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  listeners: readonly { protocol: "mqtt"; address: string | null; port: number }[];
  /** Who may connect; default: everybody. */
  access?: Access;
  /** How often changed `$SYS` values are published; milliseconds. */
  sysInterval: number;
  /** Of pinbus. */
  version: string;
  log: BrokerLog;
  /** Milliseconds, any origin. */
  now(): number;
  /** What outlives a connection, and a restart; default: in memory. */
  store?: StoreSettings;
  /** Wait before a taken port is tried again; default 5 s. */
  retryEvery?: number;
}

export interface BrokerLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface BrokerAddress {
  protocol: "mqtt";
  address: string;
  /** The real one once it listens; as configured before. */
  port: number;
  /** Why it does not listen; null when it does. */
  problem: string | null;
}

/** The built-in broker. Construction does nothing. */
export interface Broker {
  /** Resolves when every listener has been tried once; a taken port is a problem in `addresses`, never a rejection. */
  start(): Promise<void>;
  readonly addresses: readonly BrokerAddress[];
  readonly clients: number;
  /** Of the sessions; undefined before the start. */
  readonly stored: StoreCounts | undefined;
  /** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
  publish(message: { topic: string; payload: string | Buffer; qos: 0 | 1; retain: boolean }): Promise<void>;
  /** Another period for the `$SYS` values, from now on. */
  setSysInterval(ms: number): void;
  /** Ends the connections of those whom the rules of `access` let in no more. */
  expel(): void;
  stop(): Promise<void>;
}

/** Larger packets end the connection before they are collected. */
const maxPacketBytes = 256 * 1024;
const connectTimeout = 10_000;
/** A subscriber that takes nothing for this long, with 1 MB waiting for it, is disconnected: it holds the others up. */
const drainTimeout = 5_000;
const [serverUnavailable, notAuthorised] = [3, 5];
/** Packets of one client before it is let in; they arrive in one read, which is bounded in bytes. */
const queueLimit = 5_000;

export function createBroker(options: BrokerOptions): Broker {
  return new EmbeddedBroker(options);
}

class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #census = new Census();
  readonly #received: FrameCounts = { bytes: 0, packets: 0, publishes: 0 };
  readonly #sent: FrameCounts = { bytes: 0, packets: 0, publishes: 0 };
  readonly #crowd = new Crowd<DrainingDuplex>();
  readonly #lastSys = new Map<string, string>();
  readonly #access: Access;
  /** Who is in, with the name under which each was let in. The agent itself is not among them. */
  readonly #guests = new Map<Client, { username: string | undefined; hash: PasswordHash | undefined }>();
  /** The same and the agent itself: nobody else publishes or subscribes. */
  readonly #letIn = new WeakSet<Client>();
  /** How often each warning came. */
  readonly #warned = new Map<string, number>();
  #listeners: Listener[] = [];
  #retained: Retained = new Map();
  #aedes: Aedes | undefined;
  #store: Store | undefined;
  #sysTimer: NodeJS.Timeout | undefined;
  #sysInterval: number;
  #startedAt = 0;
  #stopped = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#sysInterval = options.sysInterval;
    this.#access = options.access ?? new Access({ anonymous: true, users: null });
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.now();
    // Loaded here: with an external broker these 12 MB are never needed.
    const { Aedes } = await import("aedes");
    const aedes = new Aedes({ connectTimeout, drainTimeout, queueLimit });
    await aedes.listen();
    if (this.#stopped) return void aedes.close();
    this.#aedes = aedes;
    this.#keepRules(aedes);
    this.#store = new Store(aedes, {
      settings: this.#options.store,
      isOwn: (client) => this.#letIn.has(client) && !this.#guests.has(client),
      warn: (kind, message) => this.#warn(kind, message),
    });
    for (const { client, filters } of await this.#store.load()) this.#census.returned(client, filters);
    this.#publishSys();
    this.setSysInterval(this.#sysInterval);
    for (const listener of this.#options.listeners) await this.#listen(listener.address, listener.port);
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#listeners.map(({ address, port, problem }) => ({ protocol: "mqtt", address, port, problem }));
  }

  get clients(): number {
    return this.#census.connected;
  }

  get stored(): StoreCounts | undefined {
    return this.#store?.counts;
  }

  publish({ topic, payload, qos, retain }: Parameters<Broker["publish"]>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#aedes || this.#aedes.closed) return reject(new Error("the built-in broker is not running"));
      this.#aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, (error) => (error ? reject(error) : resolve()));
    });
  }

  setSysInterval(ms: number): void {
    this.#sysInterval = ms;
    clearInterval(this.#sysTimer);
    // Before the start there is nothing to publish; the start comes here again.
    if (this.#aedes && !this.#stopped) this.#sysTimer = setInterval(() => this.#publishSys(), ms).unref();
  }

  expel(): void {
    for (const [client, { username, hash }] of this.#guests) {
      if (this.#access.keeps(username, hash)) continue;
      this.#options.log.info(`broker: client ${client.id} may stay no longer: disconnected`, { client: client.id });
      client.close();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#sysTimer);
    for (const listener of this.#listeners) listener.stop();
    const aedes = this.#aedes;
    if (aedes && !aedes.closed) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Also those that have not sent their CONNECT yet, which aedes does not know as clients.
    const open = [...this.#crowd.all];
    for (const connection of open) connection.destroy();
    await Promise.all(open.map(({ over }) => over));
    await this.#store?.close();
  }

  #keepRules(aedes: Aedes): void {
    const census = this.#census;
    this.#retained = mendRetained(aedes);
    // aedes reads on until `authenticate` is called, some turns later, and would do what comes behind the CONNECT before that.
    aedes.preConnect = (client, _packet, done) => {
      (client as Client & { pause(): void }).pause();
      done(null, true);
    };
    const [mayPublish, maySubscribe] = [aedes.authorizePublish, aedes.authorizeSubscribe];
    aedes.authorizePublish = (client, packet, done) => {
      if (client && !this.#letIn.has(client)) done(new Error("a publication before the client was let in"));
      else mayPublish(client, packet, done);
    };
    aedes.authorizeSubscribe = (client, subscription, done) => {
      if (client && !this.#letIn.has(client)) done(new Error("a subscription before the client was let in"), null);
      else maySubscribe(client, subscription, done);
    };
    aedes.authenticate = (client, username, password, done) => {
      void this.#access.lets(username, password).then((verdict) => {
        if (client.closed) return;
        if (verdict === "yes" || verdict === "own") this.#letIn.add(client);
        if (verdict === "yes") this.#guests.set(client, { username, hash: this.#access.hashOf(username) });
        if (verdict === "no" || verdict === "busy") this.#refuse(username, verdict);
        // MQTT 3.1.1 section 3.2.2.3; mosquitto says 5 for a wrong password, too.
        const returnCode = { no: notAuthorised, busy: serverUnavailable }[verdict as "no"];
        if (returnCode === undefined) done(null, true);
        else done(Object.assign(new Error("refused"), { returnCode }), false);
      });
    };
    aedes.on("clientReady", (client) => {
      census.joined(client.id, client.clean);
      if (!(client.conn instanceof DrainingDuplex)) return;
      this.#crowd.letIn(client.conn);
      client.conn.ready();
    });
    aedes.on("clientDisconnect", (client) => {
      census.left(client.id);
      this.#guests.delete(client);
    });
    aedes.on("subscribe", (subscriptions, client) => {
      for (const { topic, qos } of subscriptions) if (qos <= 2) census.subscribed(client.id, topic);
    });
    aedes.on("unsubscribe", (filters, client) => {
      for (const filter of filters) census.unsubscribed(client.id, filter);
    });
    const { log } = this.#options;
    aedes.on("clientError", (client, error) => log.debug(`broker: client ${client.id}: ${error.message}`, { client: client.id }));
    aedes.on("connectionError", (_client, error) => log.debug(`broker: a connection without a client: ${error.message}`));
  }

  #refuse(username: string | undefined, verdict: "no" | "busy"): void {
    const who = username === undefined || username === "" ? "a client without a user" : `user ${JSON.stringify(username.slice(0, 64))}`;
    this.#warn(verdict, `broker: refused ${who}: ${verdict === "busy" ? "too many ask at the same time" : "not authorised"}`);
  }

  /** Told for the 1st, 2nd, 4th, 8th … one: whoever is not let in must not fill the log. */
  #warn(kind: string, message: string): void {
    const count = (this.#warned.get(kind) ?? 0) + 1;
    this.#warned.set(kind, count);
    if (Number.isInteger(Math.log2(count))) this.#options.log.warn(`${message} (${count} since the start)`);
  }

  async #listen(address: string | null, port: number): Promise<void> {
    if (address !== null) return void (await this.#add(address, port).start());
    // A free port must be free on both addresses: some clients try ::1 first, some only 127.0.0.1.
    for (let tries = 0; ; tries += 1) {
      const four = this.#add("127.0.0.1", port);
      await four.start();
      const six = this.#add("::1", four.port);
      const code = await six.start();
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") this.#remove(six);
      if (port !== 0 || code !== "EADDRINUSE" || tries === 10) return;
      this.#remove(four);
      this.#remove(six);
    }
  }

  #add(address: string, port: number): Listener {
    const { log } = this.#options;
    const listener: Listener = new Listener({
      address,
      port,
      retryEvery: this.#options.retryEvery ?? 5_000,
      connection: (socket) => this.#accept(socket),
      changed: (problem) => {
        if (problem === undefined)
          log.info(`the built-in broker listens on ${address}:${listener.port} now`, { address, port: listener.port });
        else log.warn(problem, { address, port: listener.port });
      },
    });
    this.#listeners.push(listener);
    return listener;
  }

  #remove(listener: Listener): void {
    listener.stop();
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    const refusal = this.#crowd.refuses(address);
    if (this.#stopped || !this.#aedes || refusal) {
      if (refusal) this.#warn(refusal.kind, refusal.sentence);
      socket.destroy();
      return;
    }
    const connection = new DrainingDuplex(socket, {
      incoming: new FrameScanner(this.#received, maxPacketBytes),
      outgoing: new FrameScanner(this.#sent, Number.POSITIVE_INFINITY),
      oversized: () => this.#warn("oversized", `broker: a packet of more than ${maxPacketBytes / 1024} kB: connection closed`),
    });
    this.#crowd.came(connection, address);
    void connection.over.then(() => this.#crowd.left(connection));
    this.#aedes.handle(connection);
  }

  #publishSys(): void {
    const values = sysValues({
      version: this.#options.version,
      uptimeS: Math.floor((this.#options.now() - this.#startedAt) / 1_000),
      clientsConnected: this.#census.connected,
      clientsTotal: this.#census.total,
      received: this.#received,
      sent: this.#sent,
      retained: this.#retained.size,
      subscriptions: this.#census.subscriptions,
    });
    for (const [topic, payload] of changedValues(values, this.#lastSys)) {
      this.publish({ topic, payload, qos: 0, retain: true }).catch(() => undefined);
    }
  }
}
