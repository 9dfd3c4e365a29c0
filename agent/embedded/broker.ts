import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Aedes, Client } from "aedes";
import { Access } from "./access.ts";
import { Census } from "./census.ts";
import { Crowd } from "./crowd.ts";
import { DrainingDuplex } from "./drain.ts";
import type { BrokerTls, Entrance, Protocol } from "./entrance.ts";
import { type FrameCounts, FrameScanner } from "./frames.ts";
import { Listeners } from "./listeners.ts";
import { streamPair } from "./pair.ts";
import type { PasswordHash } from "./password-file.ts";
import { mendRetained, type Retained } from "./rules.ts";
import { changedValues, sysValues } from "./sys.ts";

export interface BrokerOptions {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  listeners: readonly { protocol: Protocol; address: string | null; port: number }[];
  /** For the listeners with TLS; `renew` asks again. */
  tls?(): BrokerTls | undefined;
  /** Pages of other machines that may connect without a user; `*` = all. Asked for each one. */
  origins?(): readonly string[];
  /** Who may connect; default: everybody. */
  access?: Access;
  /** How often changed `$SYS` values are published; milliseconds. */
  sysInterval: number;
  /** Of pinbus. */
  version: string;
  log: BrokerLog;
  /** Milliseconds, any origin. */
  now(): number;
  /** Wait before a taken port is tried again; default 5 s. */
  retryEvery?: number;
}

export interface BrokerLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface BrokerAddress {
  protocol: Protocol;
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
  /** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
  publish(message: { topic: string; payload: string | Buffer; qos: 0 | 1; retain: boolean }): Promise<void>;
  /** A client of this process, without a socket; throws before the start. */
  connect(): Duplex;
  /** Asks for the certificates again, from the next connection on. */
  renew(): void;
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

/** An accepted connection; `connection` is there as soon as it may speak MQTT. */
interface Visit {
  socket: Socket;
  connection?: DrainingDuplex;
}

class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #census = new Census();
  readonly #received: FrameCounts = { bytes: 0, packets: 0, publishes: 0 };
  readonly #sent: FrameCounts = { bytes: 0, packets: 0, publishes: 0 };
  readonly #crowd = new Crowd<Visit>();
  readonly #lastSys = new Map<string, string>();
  readonly #access: Access;
  /** Who is in, with the name under which each was let in. The agent itself is not among them. */
  readonly #guests = new Map<Client, { username: string | undefined; hash: PasswordHash | undefined }>();
  /** The same and the agent itself: nobody else publishes or subscribes. */
  readonly #letIn = new WeakSet<Client>();
  /** How often each warning came. */
  readonly #warned = new Map<string, number>();
  readonly #listeners: Listeners;
  #retained: Retained = new Map();
  #aedes: Aedes | undefined;
  #sysTimer: NodeJS.Timeout | undefined;
  #sysInterval: number;
  #startedAt = 0;
  #stopped = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#sysInterval = options.sysInterval;
    this.#access = options.access ?? new Access({ anonymous: true, users: null });
    this.#listeners = new Listeners({
      wanted: options.listeners,
      retryEvery: options.retryEvery ?? 5_000,
      log: options.log,
      connection: (socket, entrance) => this.#accept(socket, entrance),
      tls: () => options.tls?.(),
      origins: () => options.origins?.() ?? [],
      anonymous: () => this.#access.anonymous,
      warn: (kind, message) => this.#warn(kind, message),
    });
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
    this.#publishSys();
    this.setSysInterval(this.#sysInterval);
    await this.#listeners.start();
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#listeners.addresses;
  }

  get clients(): number {
    return this.#census.connected;
  }

  publish({ topic, payload, qos, retain }: Parameters<Broker["publish"]>[0]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#aedes || this.#aedes.closed) return reject(new Error("the built-in broker is not running"));
      this.#aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, (error) => (error ? reject(error) : resolve()));
    });
  }

  connect(): Duplex {
    const [near, far] = streamPair();
    this.#serve(far, () => undefined);
    return near;
  }

  renew(): void {
    this.#listeners.renew();
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
    this.#listeners.stop();
    const aedes = this.#aedes;
    if (aedes && !aedes.closed) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    // Also those that have not sent their CONNECT yet, which aedes does not know as clients.
    const open = [...this.#crowd.all];
    const closed = open.map(({ socket }) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
    for (const { socket, connection } of open) (connection ?? socket).destroy();
    await Promise.all(closed);
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
      if (client.conn instanceof DrainingDuplex) client.conn.ready();
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

  #accept(socket: Socket, entrance: Entrance): void {
    const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    const refusal = this.#crowd.refuses(address);
    if (this.#stopped || !this.#aedes || refusal) {
      if (refusal) this.#warn(refusal.kind, refusal.sentence);
      socket.destroy();
      return;
    }
    const visit: Visit = { socket };
    this.#crowd.came(visit, address);
    socket.once("close", () => this.#crowd.left(visit));
    entrance.admit(socket, (stream) => {
      if (this.#stopped) stream.destroy();
      else visit.connection = this.#serve(stream, () => this.#crowd.letIn(visit));
    });
  }

  #serve(stream: Duplex, letIn: () => void): DrainingDuplex {
    if (!this.#aedes) throw new Error("the built-in broker is not running");
    const connection = new DrainingDuplex(stream, {
      incoming: new FrameScanner(this.#received, maxPacketBytes),
      outgoing: new FrameScanner(this.#sent, Number.POSITIVE_INFINITY),
      oversized: () => this.#warn("oversized", `broker: a packet of more than ${maxPacketBytes / 1024} kB: connection closed`),
      letIn,
    });
    this.#aedes.handle(connection);
    return connection;
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
