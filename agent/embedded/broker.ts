import type { Socket } from "node:net";
import type { Aedes, Client } from "aedes";
import { Access } from "./access.ts";
import { AclGate } from "./acl-gate.ts";
import { AddressRate } from "./address-rate.ts";
import { Census } from "./census.ts";
import { Crowd } from "./crowd.ts";
import { DrainingDuplex } from "./drain.ts";
import { type FrameCounts, FrameScanner } from "./frames.ts";
import { type Limits, usualLimits } from "./limits.ts";
import { Listener } from "./listener.ts";
import type { PasswordHash } from "./password-file.ts";
import { describeRefusal, refusalCodes } from "./refusal.ts";
import { mendRetained, type Retained } from "./rules.ts";
import { changedValues, sysValues } from "./sys.ts";

export interface BrokerOptions {
  /** `address: null` = 127.0.0.1 and ::1; `port: 0` = a free one, the same on both. */
  listeners: readonly { protocol: "mqtt"; address: string | null; port: number }[];
  /** Who may connect; default: everybody. */
  access?: Access;
  limits?: Partial<Limits>;
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
  /** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
  publish(message: { topic: string; payload: string | Buffer; qos: 0 | 1; retain: boolean }): Promise<void>;
  /** Another period for the `$SYS` values, from now on. */
  setSysInterval(ms: number): void;
  /** Ends the connections of those whom the rules of `access` let in no more. */
  expel(): void;
  stop(): Promise<void>;
}

/** A subscriber that takes nothing for this long, with all waiting for it that may, is disconnected: it holds the others up. */
const drainTimeout = 5_000;
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
  readonly #limits: Limits;
  readonly #crowd: Crowd<DrainingDuplex>;
  readonly #wrongPasswords: AddressRate;
  readonly #lastSys = new Map<string, string>();
  readonly #access: Access;
  /** Who is in, with the name under which each was let in. The agent itself is not among them. */
  readonly #guests = new Map<Client, { username: string | undefined; hash: PasswordHash | undefined }>();
  /** The same and the agent itself: nobody else publishes or subscribes. */
  readonly #letIn = new WeakSet<Client>();
  readonly #acl = new AclGate({ acl: () => this.#access.acl, refused: (sentence) => this.#warn("acl", sentence) });
  /** How often each warning came. */
  readonly #warned = new Map<string, number>();
  #listeners: Listener[] = [];
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
    this.#limits = { ...usualLimits, ...options.limits };
    this.#crowd = new Crowd(this.#limits, options.now);
    this.#wrongPasswords = new AddressRate(this.#limits.maxFailedLogins, options.now);
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.now();
    // Loaded here: with an external broker these 12 MB are never needed.
    const { Aedes } = await import("aedes");
    const aedes = new Aedes({ connectTimeout: this.#limits.connectTimeout, drainTimeout, queueLimit });
    await aedes.listen();
    if (this.#stopped) return void aedes.close();
    this.#aedes = aedes;
    this.#keepRules(aedes);
    this.#acl.guard(aedes);
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
  }

  #keepRules(aedes: Aedes): void {
    const census = this.#census;
    this.#retained = mendRetained(aedes);
    const restless = new WeakSet<Client>();
    aedes.preConnect = (client, { keepalive = 0 }, done) => {
      const { maxKeepalive } = this.#limits;
      if (maxKeepalive !== null && (keepalive === 0 || keepalive * 1000 > maxKeepalive)) restless.add(client);
      // aedes reads on until `authenticate` is called, some turns later, and would do what comes behind the CONNECT before that.
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
      const address = this.#crowd.addressOf(client.conn);
      void this.#access.lets(username, password, this.#wrongPasswords.of(address)).then((found) => {
        if (client.closed) return;
        const verdict = found === "yes" && restless.has(client) ? "keepalive" : found;
        if (verdict !== "yes" && verdict !== "own") {
          this.#warn(verdict, describeRefusal(verdict, username, address, this.#limits));
          return done(Object.assign(new Error("refused"), { returnCode: refusalCodes[verdict] }), false);
        }
        this.#letIn.add(client);
        this.#acl.admit(client, username, verdict === "own");
        if (verdict === "yes") this.#guests.set(client, { username, hash: this.#access.hashOf(username) });
        done(null, true);
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
    const { maxPacket, maxQueuedBytes } = this.#limits;
    const connection = new DrainingDuplex(socket, {
      incoming: new FrameScanner(this.#received, maxPacket),
      outgoing: new FrameScanner(this.#sent, Number.POSITIVE_INFINITY),
      writeBuffer: maxQueuedBytes,
      oversized: () => this.#warn("oversized", `broker: a packet of more than ${maxPacket} bytes: connection closed`),
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
