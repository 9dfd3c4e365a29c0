import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { serverUrls } from "../config/server.ts";
import { BridgeFilters } from "./bridge-filters.ts";
import { bridgeLog, quote } from "./bridge-log.ts";
import { BridgeTries } from "./bridge-tries.ts";
import { linkCertificates } from "./certificate.ts";
import { defaultBackoff } from "./core/backoff.ts";
import type { KeptFile } from "./core/model.ts";
import type { Topics } from "./core/topics.ts";
import { type Bridged, BridgePort } from "./embedded/bridge-port.ts";
import { BridgeTopics } from "./embedded/bridge-topics.ts";
import type { Retained } from "./embedded/rules.ts";
import { matchesFilter } from "./embedded/topic-filter.ts";
import { clientIdOf } from "./identity.ts";
import type { LinkView } from "./protocol.ts";
import type { Clock } from "./shell/clock.ts";
import { few } from "./shell/few.ts";
import { createLink, type Incoming, type Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";
import { Outbox } from "./shell/outbox.ts";

/** What it needs to know: plain values. */
export interface BridgeStart {
  config: Config;
  host: Host;
  /** Of the agent itself. */
  topics: Pick<Topics, "commandFilter" | "pwmFilter" | "nodeFilter" | "counterFilter" | "ruleFilter">;
}

export interface BridgeOptions extends BridgeStart {
  clock: Clock;
  log: Log;
  /** Everything that is retained in the built-in broker. */
  retained(): Retained;
  /** What is wrong with it for longer than a moment, or with its certificates; null when nothing is. */
  onProblem(file: KeptFile, problem: string | null): void;
}

/** The bridge of the built-in broker to a central one. Construction does nothing. */
export interface Bridge {
  /** Its end in the built-in broker. */
  readonly port: BridgePort;
  readonly view: LinkView;
  /** What waits for the central broker. */
  readonly outbox: Outbox;
  /** What did not come in, or went round, by reason. */
  readonly leftOut: Record<"echo" | "large" | "stale" | "unnamed" | "failed", number>;
  /** After the built-in broker was started. */
  start(): void;
  /** Says `0`, and ends the connection. Before the built-in broker is stopped. */
  stop(): Promise<void>;
}

const maxBytes = 8 * 1024 * 1024;
/** A connection that is away no longer than this is nothing that a person has to know. */
const patience = 10_000;

/** Throws SettingError when its certificates cannot be used. */
export function createBridge(options: BridgeOptions): Bridge {
  return new MqttBridge(options);
}

class MqttBridge implements Bridge {
  readonly #options: BridgeOptions;
  readonly #topics: BridgeTopics;
  readonly #log: Log;
  readonly #tellFew: (kind: string, sentence: string) => void;
  readonly port: BridgePort;
  readonly outbox: Outbox;
  readonly #link;
  readonly #certificates;
  readonly #state: string;
  /** What waits, by its number in the outbox: its number in the broker, and its topic there. */
  readonly #waiting = new Map<number, { n: number; topic: string }>();
  #last = 0;
  /** Messages may go out. */
  #open = false;
  readonly #filters: BridgeFilters;
  readonly #tries = new BridgeTries();
  readonly leftOut = { echo: 0, large: 0, stale: 0, unnamed: 0, failed: 0 };
  #problemTimer: NodeJS.Timeout | undefined;
  #problem: string | null = null;

  constructor(options: BridgeOptions) {
    const { config, host, clock, log, onProblem } = options;
    const { bridge } = config.broker;
    const clientId = bridge.client_id ?? `${clientIdOf(host, config.node)}-bridge`;
    this.#options = options;
    this.#topics = new BridgeTopics(bridge.topics as ConstructorParameters<typeof BridgeTopics>[0]);
    this.#log = bridgeLog(log);
    const tell = few(clock.now, ({ message, fields }) => this.#log.warn(message, fields));
    this.#tellFew = (kind, message) => tell(kind, { message, fields: kind === "echo" ? {} : { event: "outbox-dropped" } });
    this.#state = `$SYS/broker/connection/${clientId}/state`;
    const incoming = this.#topics.incoming.map(({ topic }) => topic);
    this.#filters = new BridgeFilters(config.state_dir, incoming, this.#log);
    this.#certificates = linkCertificates({
      config,
      of: "bridge",
      wall: clock.wall,
      log,
      onProblem: (problem) => onProblem("bridge-certificate", problem),
    });
    this.port = new BridgePort({
      filters: this.#topics.outgoing,
      qosOf: (topic) => this.#topics.out(topic)?.qos,
      comesIn: (topic) => this.#topics.comesIn(topic),
      passes: (message) => this.#passes(message),
      waits: (n, message, at) => this.#waits(n, message, at),
      echo: (topic) =>
        this.#drop(
          "echo",
          `a message on ${quote(topic)} went round and came back: do two bridges, or a ring of them, pass the same topics?`,
        ),
      clientId,
      metItself: () => this.#drop("echo", "its own messages come back to it: does broker.bridge.server lead to this broker itself?"),
      now: () => clock.now(),
    });
    this.outbox = new Outbox({
      dir: null,
      boot: "",
      limits: { count: bridge.max_queued, bytes: maxBytes, window: 64 },
      link: () => ({ publish: (publication, settled) => this.#send(publication, settled) }),
      clock,
      log: this.#log,
      done: (number) => this.#done(number),
    });
    const [url = "", ...others] = serverUrls(bridge);
    const notified = bridge.notifications === "on";
    this.#link = createLink({
      server: {
        url,
        others,
        ...(bridge.username !== null && { username: bridge.username }),
        ...(bridge.password !== null && { password: bridge.password }),
      },
      settings: "broker.bridge",
      tls: () => this.#certificates.renew(),
      protocol: bridge.protocol,
      clientId,
      keepalive: bridge.keepalive,
      bridge: true,
      sessionExpiryS: Math.floor(config.broker.session_expiry / 1000),
      will: notified ? { topic: this.#state, payload: "0", qos: 1, retain: true, delayS: 0 } : null,
      online: notified ? this.#says("1") : null,
      subscriptions: this.#topics.incoming.map(({ topic, qos }) => ({ filter: topic, qos })),
      forgets: () => this.#filters.old,
      birth: () => this.#birth(),
      backoff: defaultBackoff,
      random: Math.random,
      log: this.#log,
      on: {
        online: (_version, { hearsItself }) => {
          this.port.hearsItself = hearsItself;
          void this.#tell("1");
          this.#setProblem(null);
          this.#filters.settled();
          this.#opened();
        },
        deaf: () => this.#opened(),
        offline: (problem) => {
          void this.#tell("0");
          this.#setProblem(problem);
        },
        closed: () => {
          this.#open = false;
          this.outbox.disconnected();
        },
        refused: (problem) => this.#setProblem(problem),
        message: () => undefined,
        deliver: (message) => this.#comes(message),
      },
    });
  }

  get view(): LinkView {
    return this.#link.view;
  }

  start(): void {
    const { server, topics } = this.#options.config.broker.bridge;
    this.#log.info(`leads to ${server.join(", else ")}: ${topics.map(({ filter, direction }) => `${filter} ${direction}`).join(", ")}`);
    void this.#tell("0");
    this.#certificates.renew();
    // Nothing is subscribed to that a run after a crash would not know. After a stop the link does not start any more.
    void this.#filters.load().then(() => this.#link.start());
  }

  async stop(): Promise<void> {
    clearTimeout(this.#problemTimer);
    await this.#link.stop(this.#options.config.broker.bridge.notifications === "on" ? [this.#says("0")] : []);
    await this.#tell("0");
    await Promise.all([this.outbox.close(), this.#filters.close()]);
  }

  #opened(): void {
    this.#open = true;
    this.outbox.connected();
  }

  #says(state: "0" | "1"): Publication {
    return { topic: this.#state, payload: state, qos: 1, retain: true, kind: "state" };
  }

  /** To those who listen to the built-in broker. */
  async #tell(state: "0" | "1"): Promise<void> {
    if (this.#options.config.broker.bridge.notifications === "off") return;
    await this.port.tell(this.#state, state).catch(() => undefined);
  }

  #setProblem(problem: string | null): void {
    this.#problem = problem;
    const { onProblem } = this.#options;
    if (problem === null) {
      clearTimeout(this.#problemTimer);
      this.#problemTimer = undefined;
      onProblem("bridge", null);
      return;
    }
    this.#problemTimer ??= setTimeout(() => {
      this.#problemTimer = undefined;
      if (this.#problem !== null) onProblem("bridge", `the bridge: ${this.#problem}`);
    }, patience).unref();
  }

  /** What is retained here and changes only here: a central broker that has lost everything is told again. */
  #birth(): Publication[] {
    const waiting = new Set(Array.from(this.#waiting.values(), ({ topic }) => topic));
    return [...this.#options.retained()].flatMap(([topic, { payload }]): Publication[] => {
      const passage = this.#topics.out(topic);
      if (!passage || waiting.has(topic) || this.#topics.comesIn(topic)) return [];
      return [{ topic: passage.topic, payload, qos: passage.qos, retain: true, kind: "state" }];
    });
  }

  #waits(n: number, { topic, payload, retain }: Bridged, at: number | undefined): void {
    const passage = this.#topics.out(topic);
    // The entries have changed since it came.
    if (!passage) {
      this.port.done(n);
      return;
    }
    const { clock, config } = this.#options;
    const age = at === undefined ? 0 : Math.max(0, clock.wall() - at);
    this.#waiting.set(++this.#last, { n, topic });
    this.outbox.add({ topic: passage.topic, payload, qos: 1, retain, kind: "event" }, Math.max(0, config.broker.bridge.message_ttl - age));
  }

  #done(number: number): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (waiting) this.port.done(waiting.n);
  }

  #isWaiting(topic: string): boolean {
    for (const waiting of this.#waiting.values()) if (waiting.topic === topic) return true;
    return false;
  }

  #passes({ topic, payload, retain }: Bridged): void {
    const passage = this.#topics.out(topic);
    if (passage && this.#open) this.#send({ topic: passage.topic, payload, qos: 0, retain, kind: "event" });
  }

  #send(publication: Publication, settled?: (error: Error | undefined) => void): boolean {
    const here = this.port.hearsItself && this.#topics.in(publication.topic);
    if (here) this.port.leaves(here.topic, Buffer.from(publication.payload));
    return this.#link.publish(publication, settled);
  }

  async #comes({ topic: there, payload, retain, qos, cut }: Incoming): Promise<void> {
    const passage = this.#topics.in(there);
    if (!passage) return this.#drop("unnamed", `the central broker sent ${quote(there)}, which no entry of broker.bridge.topics lets in`);
    if (cut) return this.#drop("large", `the central broker sent a message of more than 256 kB on ${quote(there)}: left out`);
    const { topic } = passage;
    // What is retained there, and was told at the subscription, is older than what waits.
    if (retain && !this.#open && this.#isWaiting(topic)) return undefined;
    const { commandFilter, pwmFilter, nodeFilter, counterFilter, ruleFilter } = this.#options.topics;
    const isCommand = [commandFilter, pwmFilter, nodeFilter, counterFilter, ruleFilter].some((filter) => matchesFilter(filter, topic));
    if (isCommand && (retain || qos > 0))
      return this.#drop(
        "stale",
        `a command on ${quote(there)} may be old: left out; publish commands to this node with QoS 0, or let them in with qos: 0`,
      );
    try {
      await this.port.inject({ topic, payload, qos: Math.min(qos, passage.qos) as 0 | 1, retain });
      this.#tries.succeeded(topic, payload);
    } catch (error) {
      const sentence = `a message on ${quote(there)} could not be published here: ${(error as Error).message}`;
      // Without an acknowledgement it comes again, with the next connection.
      if (qos > 0 && this.#tries.failed(topic, payload)) throw new Error(sentence);
      this.#drop("failed", sentence);
    }
  }

  #drop(reason: keyof Bridge["leftOut"], sentence: string): void {
    this.leftOut[reason]++;
    this.#tellFew(reason, sentence);
  }
}
