import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Aedes, Client } from "aedes";
import { few } from "../shell/few.ts";
import { Access } from "./access.ts";
import { BridgePort } from "./bridge-port.ts";
import { bridgeSession } from "./bridges.ts";
import type { Broker, BrokerAddress, BrokerOptions } from "./broker-terms.ts";
import { Census } from "./census.ts";
import { Crowd } from "./crowd.ts";
import { DialogueLog, type DialogueSettings } from "./dialogue-log.ts";
import { Door } from "./door.ts";
import { DrainingDuplex } from "./drain.ts";
import type { Entrance } from "./entrance.ts";
import { FrameScanner, newCounts } from "./frames.ts";
import { Inflight } from "./inflight.ts";
import { mendOrder } from "./intake.ts";
import { fixedLimits, type Limits, usualLimits } from "./limits.ts";
import { Listeners } from "./listeners.ts";
import { portPair } from "./port-stream.ts";
import { mendConnection, mendProtocol } from "./protocol.ts";
import { publishIn } from "./publish.ts";
import { mendRetained, type Retained } from "./rules.ts";
import { SlowReader } from "./slow-reader.ts";
import { Store, type StoreCounts, tooManyFilters } from "./store.ts";
import { SysTree } from "./sys.ts";
import { mendTakeover } from "./takeover.ts";
import { backlogOf, Turns } from "./turns.ts";
import { type Place, Watch } from "./watch.ts";

/** What is told when it is not somebody who is refused, but something of theirs. */
const limiting: ReadonlySet<string> = new Set(["acl", "oversized", "slow", "queue", "retained", "sessions", "subscriptions"]);

export function createBroker(options: BrokerOptions): Broker {
  return new EmbeddedBroker(options);
}

/** `connection` is there as soon as it may speak MQTT. */
interface Visit {
  socket: Socket;
  connection?: DrainingDuplex;
}
class EmbeddedBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #census = new Census();
  readonly #received = newCounts();
  readonly #sent = newCounts();
  readonly #limits: Limits;
  readonly #crowd: Crowd<Visit>;
  readonly #sys = new SysTree({ census: this.#census, received: this.#received, sent: this.#sent });
  readonly #dialogue: DialogueLog;
  readonly #watch: Watch;
  readonly #access: Access;
  readonly #door: Door;
  readonly #warn: (kind: string, message: string) => void;
  readonly #listeners: Listeners;
  /** While subscribers have not been given what is there, nothing more is taken. */
  readonly #turns = new Turns(() => this.#aedes !== undefined && backlogOf(this.#aedes) > 0);
  #retained: Retained = new Map();
  #aedes: Aedes | undefined;
  #store: Store | undefined;
  #sysTimer: NodeJS.Timeout | undefined;
  #sysInterval: number;
  #startedAt = 0;
  #stopped = false;

  constructor(options: BrokerOptions) {
    this.#sysInterval = options.sysInterval;
    this.#access = options.access ?? new Access({ anonymous: true, users: null });
    this.#limits = { ...usualLimits, ...options.limits };
    this.#crowd = new Crowd(this.#limits, options.now);
    this.#dialogue = new DialogueLog({
      settings: options.dialogue ?? { connections: false, subscribes: false, topics: false },
      info: (message) => options.log.info(message),
      publish: (topic, payload) => void this.publish({ topic, payload, qos: 2, retain: false }).catch(() => undefined),
      now: () => options.now(),
    });
    const log = this.#dialogue.repeats(options.log);
    this.#options = { ...options, log };
    const tell = few(options.now, ({ message, fields }) => log.warn(message, fields));
    this.#warn = (kind, message) => tell(kind, { message, fields: { event: limiting.has(kind) ? "client-limited" : "client-refused" } });
    this.#watch = new Watch(this.#census, this.#dialogue, options.log);
    this.#door = new Door({
      access: this.#access,
      limits: this.#limits,
      watch: this.#watch,
      now: options.now,
      info: (message, fields) => log.info(message, fields),
      warn: (kind, message) => this.#warn(kind, message),
    });
    this.#listeners = new Listeners({
      wanted: options.listeners,
      retryEvery: options.retryEvery ?? 5_000,
      log,
      connection: (socket, entrance) => this.#accept(socket, entrance),
      tls: () => options.tls?.(),
      origins: () => options.origins?.() ?? [],
      maxPacket: this.#limits.maxPacket,
      anonymous: () => this.#access.anonymous,
      warn: (kind, message) => this.#warn(kind, message),
      changed: () => options.changed?.(),
    });
  }

  async start(): Promise<void> {
    this.#startedAt = this.#options.now();
    // Loaded here: with an external broker these 12 MB are never needed.
    const { Aedes } = await import("aedes");
    const aedes = new Aedes({ ...fixedLimits, connectTimeout: this.#limits.connectTimeout });
    await aedes.listen();
    // For several brokers with one store. Here, when the clock is set while it runs, it would take all clients for those of a broker that has died.
    clearInterval((aedes as unknown as { _clearWillInterval: NodeJS.Timeout })._clearWillInterval);
    if (this.#stopped) return void aedes.close();
    this.#aedes = aedes;
    this.#retained = mendRetained(aedes);
    mendProtocol(aedes);
    mendTakeover(aedes);
    this.#watch.start(aedes);
    for (const event of ["clientReady", "clientDisconnect"]) aedes.on(event as "clientReady", () => this.#options.changed?.());
    this.#door.guard(aedes);
    this.#store = new Store(aedes, {
      settings: this.#options.store,
      isOwn: (client) => this.#door.isOwn(client),
      userOf: (client) => this.#door.acl.userOf(client),
      warn: (kind, message) => this.#warn(kind, message),
      expired: (client) => this.#census.expired(client),
    });
    this.#options.bridge?.guard(aedes);
    // The last to decide, the first to be asked: what is dropped is not kept either.
    this.#door.acl.guard(aedes);
    mendOrder(aedes);
    for (const { client, filters, user } of await this.#store.load()) {
      if (client === bridgeSession) continue;
      this.#census.returned(client, filters);
      this.#door.acl.returned(client, user);
    }
    if (this.#stopped) return;
    await (this.#options.bridge?.start(this.#store) ?? BridgePort.forget(this.#store));
    this.setSysInterval(this.#sysInterval);
    await this.#listeners.start();
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#listeners.addresses;
  }

  get clients(): number {
    return this.#census.connected;
  }

  get retained(): Retained {
    return this.#retained;
  }

  get stored(): StoreCounts | undefined {
    return this.#store?.counts;
  }

  publish({ topic, payload, qos, retain }: Parameters<Broker["publish"]>[0]): Promise<void> {
    // Bytes: that is what is kept for those who sleep.
    return publishIn(this.#aedes, { topic, payload: Buffer.from(payload as string), qos, retain });
  }

  connect(): Duplex {
    const [near, far] = portPair();
    this.serve(far);
    return near;
  }

  renew(): void {
    this.#listeners.renew();
  }

  setSysInterval(ms: number): void {
    this.#sysInterval = ms;
    clearInterval(this.#sysTimer);
    // Before the start there is nothing to publish; the start comes here again.
    if (!this.#aedes || this.#stopped || ms === 0) return;
    this.#publishSys();
    this.#sysTimer = setInterval(() => this.#publishSys(), ms).unref();
  }

  setDialogue(settings: DialogueSettings): void {
    this.#dialogue.settings = settings;
  }

  expel(): void {
    this.#door.expel();
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
    await this.#store?.close();
  }

  #accept(socket: Socket, entrance: Entrance): void {
    const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    const refusal = this.#crowd.refuses(address);
    if (this.#stopped || !this.#aedes || refusal) {
      if (refusal) this.#warn(refusal.kind, refusal.sentence);
      socket.destroy();
      return;
    }
    const place = { from: `${address}:${socket.remotePort}`, address, port: socket.localPort ?? 0 };
    const visit: Visit = { socket };
    this.#crowd.came(visit, address);
    socket.once("close", () => this.#crowd.left(visit));
    entrance.admit(socket, (stream) => {
      if (this.#stopped) stream.destroy();
      else visit.connection = this.serve(stream, { place, letIn: () => this.#crowd.letIn(visit) });
    });
  }

  /** `place` is null for a client of this process. */
  serve(stream: Duplex, { place = null, letIn = () => {} }: { place?: Place | null; letIn?(): void } = {}): DrainingDuplex {
    if (!this.#aedes) throw new Error("the built-in broker is not running");
    const { maxPacket, maxQueuedBytes, maxInflight } = this.#limits;
    const connection = new DrainingDuplex(stream, {
      incoming: new FrameScanner(this.#received, maxPacket),
      outgoing: new FrameScanner(this.#sent, Number.POSITIVE_INFINITY),
      writeBuffer: maxQueuedBytes,
      inflight: place && maxInflight > 0 ? new Inflight(maxInflight) : undefined,
      oversized: () => this.#warn("oversized", `broker: a packet of more than ${maxPacket} bytes: connection closed`),
      letIn,
      turns: this.#turns,
    });
    if (place) this.#door.came(connection, place.address);
    const client = this.#aedes.handle(connection) as unknown as Client;
    const held = place && {
      slow: new SlowReader(client, connection, { census: this.#census, warn: this.#warn }),
      tooManyFilters: () => {
        // Before its CONNECT it has no name.
        if (client.id) this.#warn("subscriptions", tooManyFilters(client.id));
      },
    };
    mendConnection(client, connection, this.#watch, held ?? undefined);
    this.#watch.came(client, new Promise((resolve) => stream.once("close", () => resolve())), place);
    return connection;
  }

  #publishSys(): void {
    if (!this.#store) return;
    const moment = { retained: this.#retained, stored: this.#store.counts, startedAt: this.#startedAt, now: this.#options.now() };
    for (const [topic, payload] of this.#sys.changes(this.#options.version, moment)) {
      this.publish({ topic, payload, qos: 2, retain: true }).catch(() => undefined);
    }
  }
}
