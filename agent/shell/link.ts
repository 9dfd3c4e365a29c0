import type { Packet } from "mqtt";
import { type Backoff, backoffDelay, refusedDelay } from "../core/backoff.ts";
import type { LinkView } from "../protocol.ts";
import { answerTimeout, LinkConnection } from "./link-connection.ts";
import { serverName } from "./link-dial.ts";
import type { LinkProblem } from "./link-problems.ts";
import { ProtocolChoice } from "./link-protocol.ts";

/** Where the broker is and who we are there. */
export interface LinkServer {
  /** `mqtt://host:port` or `mqtts://host:port`, without credentials. */
  url: string;
  username?: string;
  password?: string;
  /** Trusted instead of the system's authorities. */
  ca?: Buffer;
}

export interface LinkOptions {
  server: LinkServer;
  /** `auto` = MQTT 5, and 3.1.1 with a broker that does not speak it. */
  protocol: "auto" | "5" | "3.1.1";
  clientId: string;
  /** Milliseconds; MQTT knows whole seconds, so it is rounded up. */
  keepalive: number;
  /** The delay is sent on MQTT 5 only. */
  will: { topic: string; payload: string; qos: 1; retain: true; delayS: number };
  sessionExpiryS: number;
  /** Without the own status topic: the link adds it. */
  subscriptions: readonly { filter: string; qos: 0 | 1 }[];
  /** Topics of others; asked anew after each connect and by `relisten`. */
  listensTo?(): readonly ListenedTopic[];
  /** Everything retained, asked anew after each connect, published in this order before `online`. `problem` = why `online` will not be said. */
  birth(problem: string | null): readonly Publication[];
  /** Said last; its topic is the will's. */
  online: Publication;
  backoff: Backoff;
  /** In [0, 1). */
  random(): number;
  log: LinkLog;
  on: {
    /** Commands are heard, all retained states are at the broker, and `online` was acknowledged. */
    online(version: MqttVersion): void;
    /** After `online`, and once for each new reason while it cannot come online. */
    offline(problem: string): void;
    message(message: Incoming): void;
    /** Connected, and states and events may be published, but commands are not heard: `online` is not said. */
    deaf?(): void;
    /** Every packet of every connection. */
    packet?(direction: "sent" | "received", packet: Packet): void;
  };
  /** Wall clock, for `view.since`; milliseconds. */
  now?: () => number;
  /** Time for name, TCP, TLS and CONNACK together; default 10 s. */
  connectTimeout?: number;
}

export interface ListenedTopic {
  topic: string;
  /** What the broker has retained counts, too. */
  retained: boolean;
}

export type MqttVersion = "5" | "3.1.1";

export interface LinkLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface Publication {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
  retain: boolean;
  /** Sent on MQTT 5 only. */
  properties?: { responseTopic?: string; correlationData?: Buffer };
  /**
   * state = only the newest value of a topic matters; the others are delivered in order or not at all. history = what has waited for the
   * broker and can wait on: it goes behind everything else.
   */
  kind: "state" | "event" | "telemetry" | "answer" | "history";
}

/**
 * Called once for a publication that was taken: undefined = the broker has it; an error with a numeric `code` = the broker refused it;
 * any other = the connection ended before it was acknowledged.
 */
export type Settled = (error: Error | undefined) => void;

/** The broker itself has said no: to send it again is of no use. */
export function isRefusal(error: Error | undefined): boolean {
  return typeof (error as { code?: unknown } | undefined)?.code === "number";
}

export interface Incoming {
  topic: string;
  /** Of a packet of more than 256 kB only the beginning. */
  payload: Buffer;
  retain: boolean;
  qos: number;
  responseTopic?: string;
  correlationData?: Buffer;
  /** What is left of the publisher's message expiry interval (MQTT 5), in seconds. */
  expiryS?: number;
}

export interface Link {
  start(): void;
  /**
   * False: not sent and counted in `dropped`, because the link is offline or too much waits for acknowledgement. A state is not
   * counted, because `birth()` sends it again. While online a state is never dropped: a newer value replaces one that still waits.
   * Nor is what comes with `settled`: its owner bounds it, and keeps what was not acknowledged.
   */
  publish(publication: Publication, settled?: Settled): boolean;
  /** Asks `listensTo` again: subscribes to what is new and unsubscribes from what is gone. */
  relisten(): void;
  /** Publishes the farewell (`offline`), waits at most 2 s for its acknowledgement, disconnects. Starts no more. */
  stop(farewell: readonly Publication[]): Promise<void>;
  readonly view: LinkView;
  /** On the wire, over all connections. */
  readonly bytes: { sent: number; received: number };
  /** Publications that were not sent, without states. */
  readonly dropped: number;
  /** Publications that the broker refused (PUBACK with a failure code, MQTT 5). */
  readonly refused: number;
  /** Larger at each look as long as nothing that the link waits for is overdue: for the watchdog. */
  readonly progress: number;
}

/** Monotonic: the wall clock of a Pi jumps when the network comes. */
const monotonic = () => performance.now();
/** A timer that is later than this was lost. */
const slack = 5_000;

/** Construction does nothing; see `docs/architecture.md`, "The link". */
export function createLink(options: LinkOptions): Link {
  return new MqttLink(options);
}

class MqttLink implements Link {
  readonly #options: LinkOptions;
  readonly #server: string;
  #phase: "idle" | "connecting" | "online" | "waiting" | "stopped" = "idle";
  #connection: LinkConnection | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #protocol: ProtocolChoice;
  #version: MqttVersion | null = null;
  #problem: string | null;
  #since: string | null = null;
  #attempt = 0;
  #onlineAt = 0;
  /** When what the link waits for is overdue. */
  #deadline = 0;
  #timesOnline = 0;
  #sent = 0;
  #received = 0;
  /** Bytes of the connections that are over. */
  #past = { sent: 0, received: 0 };
  #dropped = 0;
  #refused = 0;
  #progress = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#server = serverName(options.server.url);
    this.#problem = `not connected to ${this.#server} yet`;
    this.#protocol = new ProtocolChoice(options.protocol);
  }

  start(): void {
    if (this.#phase === "idle") this.#connect();
  }

  publish(publication: Publication, settled?: Settled): boolean {
    if (this.#connection?.publish(publication, settled)) return true;
    if (publication.kind !== "state" && settled === undefined) this.#dropped += 1;
    return false;
  }

  relisten(): void {
    this.#connection?.relisten();
  }

  async stop(farewell: readonly Publication[]): Promise<void> {
    this.#phase = "stopped";
    clearTimeout(this.#retryTimer);
    await this.#connection?.leave(farewell);
    this.#connection = undefined;
    this.#problem = "stopped";
  }

  get view(): LinkView {
    return {
      server: this.#server,
      online: this.#phase === "online",
      version: this.#version,
      since: this.#since,
      problem: this.#problem,
      reconnects: Math.max(0, this.#timesOnline - 1),
      sent: this.#sent,
      received: this.#received,
    };
  }
  get bytes(): { sent: number; received: number } {
    const { sent, received } = this.#connection?.bytes ?? { sent: 0, received: 0 };
    return { sent: this.#past.sent + sent, received: this.#past.received + received };
  }
  get dropped(): number {
    return this.#dropped;
  }
  get refused(): number {
    return this.#refused;
  }
  get progress(): number {
    const resting = this.#phase === "idle" || this.#phase === "stopped";
    if (resting || monotonic() < this.#deadline) this.#progress += 1;
    return this.#progress;
  }

  #connect(): void {
    this.#phase = "connecting";
    this.#expectWithin(this.#options.connectTimeout ?? 10_000);
    try {
      const connection = this.#openConnection();
      this.#connection = connection;
      connection.open();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#closed({ sentence: `the connection to ${this.#server} could not be started: ${reason}`, retry: "slow" });
    }
  }

  #openConnection(): LinkConnection {
    const version = this.#protocol.current;
    const { log } = this.#options;
    return new LinkConnection(this.#options, version, {
      greeted: () => {
        this.#version = version;
        const news = this.#protocol.greeted();
        if (news !== undefined) log.info(news, { server: this.#server });
      },
      ready: () => this.#online(version),
      deaf: (problem) => {
        this.#failed(problem);
        this.#options.on.deaf?.();
      },
      closed: (problem) => this.#closed(problem),
      message: (message) => this.#options.on.message(message),
      packet: (direction, packet) => {
        this.#options.on.packet?.(direction, packet);
        if (direction === "sent") this.#sent += 1;
        else this.#received += 1;
        // Twice the keep alive: one period until the ping, one until the library gives up on its answer.
        if (this.#options.keepalive > 0) this.#expectWithin(Math.max(answerTimeout, 2 * this.#options.keepalive));
        else this.#deadline = Number.POSITIVE_INFINITY;
      },
      refused: (topic, code) => {
        this.#refused += 1;
        log.warn(`the broker refuses the publication of ${topic} (${code}): allow this client to publish there`, { topic });
      },
    });
  }

  #online(version: MqttVersion): void {
    this.#phase = "online";
    this.#problem = null;
    this.#since = this.#time();
    this.#onlineAt = monotonic();
    this.#timesOnline += 1;
    this.#options.log.info(`online at ${this.#server} with MQTT ${version}`, { server: this.#server, version });
    this.#options.on.online(version);
  }

  #closed(problem: LinkProblem): void {
    this.#past = this.bytes;
    this.#connection = undefined;
    if (this.#phase === "stopped") return;
    if (this.#protocol.failed(problem.retry)) {
      this.#options.log.debug(problem.sentence, { server: this.#server });
      this.#connect();
      return;
    }
    const { backoff, random } = this.#options;
    // A broker that takes us only to drop us again is treated as if it had not taken us.
    if (this.#phase === "online" && monotonic() - this.#onlineAt >= 5 * backoff.first) this.#attempt = 0;
    const slow = problem.retry === "slow" || problem.retry === "other-version";
    const delay = slow ? refusedDelay(backoff, random()) : backoffDelay(backoff, this.#attempt, random());
    this.#failed(problem, delay);
    this.#attempt += 1;
    this.#phase = "waiting";
    this.#expectWithin(delay);
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  /** Told once for each new reason; in the log also after 2, 4, 8 … attempts. */
  #failed({ sentence }: LinkProblem, retryIn?: number): void {
    const wasOnline = this.#phase === "online";
    if (wasOnline) this.#since = this.#time();
    const isNew = wasOnline || this.#problem !== sentence;
    this.#problem = sentence;
    const attempt = this.#attempt + 1;
    if (isNew || Number.isInteger(Math.log2(attempt))) {
      this.#options.log.warn(sentence, { server: this.#server, attempt, ...(retryIn !== undefined && { retry_ms: retryIn }) });
    }
    if (isNew) this.#options.on.offline(sentence);
  }

  #expectWithin(time: number): void {
    this.#deadline = monotonic() + time + slack;
  }

  #time(): string {
    return new Date((this.#options.now ?? Date.now)()).toISOString();
  }
}
