import { backoffDelay, refusedDelay } from "../core/backoff.ts";
import { messageOf } from "../message-of.ts";
import type { LinkView } from "../protocol.ts";
import { answerTimeout, LinkConnection } from "./link-connection.ts";
import { NetworkWatch, readAddresses } from "./link-network.ts";
import type { LinkProblem } from "./link-problems.ts";
import { Refusals, refusalOf } from "./link-refusals.ts";
import { type KnownServer, Servers } from "./link-servers.ts";
import type { Link, LinkOptions, MqttVersion, Publication, Settled } from "./link-terms.ts";
import { Twin } from "./link-twin.ts";
import { isTold } from "./seldom.ts";

export type { Announcement, Incoming, Link, LinkOptions, ListenedTopic, MqttVersion, Publication, Settled } from "./link-terms.ts";

// Held: see `clock.ts`.
const { performance: watch } = globalThis;
/** Monotonic: the wall clock of a Pi jumps when the network comes. */
const monotonic = () => watch.now();
/** A timer that is later than this was lost. */
const slack = 5_000;

/** More topics than a configuration has. */
const maxUnsent = 10_000;

/** Construction does nothing; see `docs/link.md`. */
export function createLink(options: LinkOptions): Link {
  return new MqttLink(options);
}

class MqttLink implements Link {
  readonly #options: LinkOptions;
  readonly #servers: Servers;
  readonly #refusals: Refusals;
  #refusalsTold: string | null = null;
  readonly #network: NetworkWatch;
  readonly #twin: Twin;
  #phase: "idle" | "connecting" | "online" | "waiting" | "stopped" = "idle";
  #connection: LinkConnection | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #version: MqttVersion | null = null;
  /** Told last; null while online. */
  #problem: string | null;
  #since: string | null = null;
  #attempt = 0;
  /** Since when the connection is of use, heard or deaf. */
  #openAt = Number.POSITIVE_INFINITY;
  #packetAt = 0;
  /** When what the link waits for is overdue. */
  #deadline = 0;
  #timesOnline = 0;
  #sent = 0;
  #received = 0;
  /** Bytes of the connections that are over. */
  #past = { sent: 0, received: 0 };
  #dropped = 0;
  #coalesced = 0;
  /** Topics of states that wait for the next birth. */
  readonly #unsent = new Set<string>();
  #refused = 0;
  #progress = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#servers = new Servers(options);
    this.#twin = new Twin(options.clientId);
    this.#problem = this.#servers.problem;
    this.#refusals = new Refusals({
      isRetained: (topic) => options.birth(null).some((publication) => publication.topic === topic),
      changed: () => this.#tellRefusals(),
    });
    this.#network = new NetworkWatch({
      read: options.network?.read ?? readAddresses,
      every: options.network?.every,
      gone: (address) => this.#addressGone(address),
      appeared: () => this.#trySoon(),
    });
  }

  start(): void {
    if (this.#phase !== "idle") return;
    this.#network.start();
    this.#servers.begin(monotonic());
    this.#connect();
  }

  publish(publication: Publication, settled?: Settled): boolean {
    if (this.#connection?.publish(publication, settled)) return true;
    if (publication.kind === "state") this.#superseded(publication.topic);
    else if (settled === undefined) this.#dropped += 1;
    return false;
  }

  relisten(): void {
    this.#connection?.relisten();
  }

  async stop(farewell: readonly Publication[]): Promise<void> {
    this.#phase = "stopped";
    this.#network.stop();
    clearTimeout(this.#retryTimer);
    this.#refusals.clear();
    await this.#connection?.leave(farewell);
    this.#connection = undefined;
    this.#problem = "stopped";
  }

  get view(): LinkView {
    return {
      server: this.#servers.current.name,
      online: this.#phase === "online",
      version: this.#version,
      since: this.#since,
      problem: this.#problem ?? this.#missing,
      reconnects: Math.max(0, this.#timesOnline - 1),
      sent: this.#sent,
      received: this.#received,
    };
  }
  get bytes(): { sent: number; received: number } {
    const { sent, received } = this.#connection?.bytes ?? { sent: 0, received: 0 };
    return { sent: this.#past.sent + sent, received: this.#past.received + received };
  }
  get largestPacket(): number | undefined {
    return this.#connection?.largestPacket;
  }
  get dropped(): number {
    return this.#dropped;
  }
  get coalesced(): number {
    return this.#coalesced;
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
    this.#openAt = Number.POSITIVE_INFINITY;
    this.#expectWithin(this.#options.connectTimeout ?? 10_000);
    try {
      const connection = this.#openConnection();
      this.#connection = connection;
      connection.open();
    } catch (error) {
      const reason = messageOf(error);
      this.#closed({ sentence: `the connection to ${this.#servers.current.name} could not be started: ${reason}`, retry: "slow" });
    }
  }

  #openConnection(): LinkConnection {
    const { url, name: server, protocol } = this.#servers.current;
    const version = protocol.current;
    const { log } = this.#options;
    this.#refusals.clear();
    const { asBridge } = protocol;
    const options = { ...this.#options, server: { ...this.#options.server, ...this.#options.tls?.(), url }, asBridge };
    return new LinkConnection(options, version, {
      greeted: () => {
        this.#version = version;
        const news = protocol.greeted();
        if (news !== undefined) log.info(news, { server });
      },
      ready: () => this.#online(version, this.#options.bridge !== true || (version !== "5" && !asBridge)),
      deaf: (problem) => {
        this.#openAt = Math.min(this.#openAt, monotonic());
        this.#failed(this.#servers.current, problem);
        this.#options.on.deaf?.();
      },
      closed: (problem) => this.#closed(problem),
      message: (message) => {
        const { on } = this.#options;
        if (on.deliver) return on.deliver(message);
        on.message(message);
        return undefined;
      },
      listening: () => this.#tellRefusals(),
      replaced: () => {
        this.#coalesced += 1;
      },
      wantsBytes: () => this.#options.on.wantsBytes?.() ?? false,
      packet: (direction, packet, wire) => {
        const at = monotonic();
        this.#packetAt = at;
        this.#options.on.packet?.(direction, packet, wire);
        if (direction === "sent") this.#sent += 1;
        else this.#received += 1;
        // Twice the keep alive: one period until the ping, one until the library gives up on its answer.
        if (this.#options.keepalive > 0) this.#expectWithin(Math.max(answerTimeout, 2 * this.#options.keepalive), at);
        else this.#deadline = Number.POSITIVE_INFINITY;
      },
      refused: (publication, code) => {
        const { topic } = publication;
        this.#refused += 1;
        // Without its status it is deaf, which is told as such.
        if (topic === this.#options.will?.topic) return;
        if (isTold(this.#refusals.refused(publication, code))) log.warn(refusalOf(topic, code), { event: "topic-refused", topic });
        this.#tellRefusals();
      },
      accepted: (topic) => {
        if (this.#refusals.accepted(topic)) this.#tellRefusals();
      },
    });
  }

  #online(version: MqttVersion, hearsItself: boolean): void {
    const { name: server } = this.#servers.current;
    this.#phase = "online";
    this.#unsent.clear();
    this.#servers.succeeded();
    this.#problem = null;
    this.#since = this.#time();
    this.#openAt = Math.min(this.#openAt, monotonic());
    this.#timesOnline += 1;
    this.#options.log.info(`online at ${server} with MQTT ${version}`, { event: "online", server, version });
    this.#refusalsTold = null;
    this.#options.on.online(version, { hearsItself });
    this.#tellRefusals();
  }

  /** What the broker does not let us publish or hear, while online. */
  get #missing(): string | null {
    const sentences = [this.#refusals.sentence, this.#connection?.unheard ?? null].filter((sentence) => sentence !== null);
    return sentences.length === 0 ? null : sentences.join("; ");
  }

  /** A state that could not be sent: the birth tells the newest of each topic. */
  #superseded(topic: string): void {
    if (this.#unsent.has(topic)) this.#coalesced += 1;
    else if (this.#unsent.size < maxUnsent) this.#unsent.add(topic);
  }

  #tellRefusals(): void {
    const sentence = this.#missing;
    // Whoever is told publishes its health, which may be what is refused.
    if (this.#phase !== "online" || sentence === this.#refusalsTold) return;
    this.#refusalsTold = sentence;
    this.#options.on.refused?.(sentence);
  }

  #closed(ended: LinkProblem): void {
    const problem = this.#twin.judge(ended, { now: monotonic(), saidAt: this.#packetAt, openAt: this.#openAt });
    this.#past = this.bytes;
    this.#connection = undefined;
    this.#options.on.closed?.();
    if (this.#phase === "stopped") return;
    const server = this.#servers.current;
    if (server.protocol.failed(problem.retry)) {
      this.#options.log.debug(problem.sentence, { server: server.name });
      this.#connect();
      return;
    }
    const { backoff, random } = this.#options;
    const now = monotonic();
    const slow = problem.retry === "slow" || problem.retry === "other-version";
    server.restsUntil = slow ? now + refusedDelay(backoff, random()) : 0;
    if (problem.reference !== undefined) this.#servers.follow(problem.reference);
    // A broker that takes us only to drop us again is treated as if it had not taken us.
    const lasted = now - this.#openAt >= 5 * backoff.first;
    if (lasted) this.#attempt = 0;
    if (!(lasted && this.#phase === "online") && this.#servers.next(now)) {
      this.#failed(server, problem);
      this.#connect();
      return;
    }
    const wait = backoffDelay(backoff, this.#attempt, random());
    const delay = Math.ceil(this.#servers.rest(now)) || (problem.retry === "soon" ? Math.min(wait, 10 * backoff.first) : wait);
    this.#failed(server, problem, delay);
    this.#attempt += 1;
    this.#beginRoundIn(delay);
  }

  #beginRoundIn(delay: number): void {
    this.#phase = "waiting";
    this.#expectWithin(delay);
    this.#retryTimer = setTimeout(() => {
      this.#servers.begin(monotonic());
      this.#connect();
    }, delay);
  }

  /** Told once for each new reason; in the log also after 2, 4, 8 … times. */
  #failed(server: KnownServer, { sentence, event = "offline" }: LinkProblem, retryIn?: number): void {
    const wasOnline = this.#phase === "online";
    if (wasOnline) this.#since = this.#time();
    const attempt = this.#servers.failed(server, sentence);
    if (isTold(attempt))
      this.#options.log.warn(sentence, { event, server: server.name, attempt, ...(retryIn !== undefined && { retry_ms: retryIn }) });
    const { problem } = this.#servers;
    const isNew = wasOnline || this.#problem !== problem;
    this.#problem = problem;
    if (isNew) this.#options.on.offline(problem);
  }

  /** The other side cannot answer to an address that nobody has any more; without this only the keep alive would show it. */
  #addressGone(address: string): void {
    if (this.#connection?.localAddress !== address) return;
    const { name } = this.#servers.current;
    this.#connection.giveUp({
      sentence: `this machine no longer has the address ${address}, from which it was connected to ${name}`,
      retry: "backoff",
    });
  }

  /** The network has changed: what was out of reach may be reached now. A broker that refused us is left alone all the same. */
  #trySoon(): void {
    if (this.#phase !== "waiting" || this.#servers.rest(monotonic()) > 0) return;
    clearTimeout(this.#retryTimer);
    this.#attempt = 0;
    this.#beginRoundIn(backoffDelay(this.#options.backoff, 0, this.#options.random()));
  }

  #expectWithin(time: number, from = monotonic()): void {
    this.#deadline = from + time + slack;
  }

  #time(): string {
    return new Date((this.#options.now ?? Date.now)()).toISOString();
  }
}
