import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import type { Driver } from "../gpio/driver.ts";
import { type BrokerLink, connectBroker } from "./broker-link.ts";
import type { Certificates, TlsSettings } from "./certificate.ts";
import type { AgentEvent, KeptFile } from "./core/model.ts";
import { listenedTopics } from "./incoming.ts";
import { linkOptions } from "./link-options.ts";
import { createOutboxes, type Outboxes } from "./outboxes.ts";
import type { Plugs } from "./plugs.ts";
import type { Profiles } from "./profiles.ts";
import { Retained } from "./retained.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { createLink, type Incoming, type Link } from "./shell/link.ts";
import type { AdjustableLog } from "./shell/log.ts";
import { paced } from "./shell/paced.ts";
import { PacketTrace } from "./shell/packet-trace.ts";
import { PublishedLog } from "./shell/published-log.ts";

export interface BusOptions {
  config: Config;
  version: string;
  /** ISO time. */
  started: string;
  host: Host;
  driver: Driver;
  certificates: Certificates<TlsSettings["options"]>;
  current(): Current;
  send(event: AgentEvent): void;
  receive(message: Incoming): void;
  plugs(): Pick<Plugs, "listensTo" | "connected" | "disconnected">;
  profiles(): Pick<Profiles, "listensTo" | "listening" | "announcement" | "tellAgain" | "changed" | "offline">;
  /** Every state is at the broker: what else it is to be told. */
  online(): void;
  onProblem(file: KeptFile, problem: string | null): void;
  clock: Clock;
  log: AdjustableLog;
}

/** The broker, the way to it, and all that the agent has to say there besides what rules and lines publish. */
export interface Bus {
  readonly brokerLink: BrokerLink;
  readonly link: Link;
  readonly outboxes: Outboxes;
  readonly retained: Retained;
  readonly trace: PacketTrace;
  start(): Promise<void>;
  /** Tells what is well and what is not: once a second at most, as it is then. */
  tellHealth(): void;
  /** Tells everything once more. */
  tellAll(): void;
  /** Asks for and tells everything once more. */
  resync(): void;
  /** Nobody owns this retained topic any more. */
  clear(topic: string): void;
  /** These have an owner again: no connect empties them any more. */
  owned(topics: readonly string[]): void;
  /** The new configuration holds; `cleared` are retained topics that nobody owns any more. */
  reloaded(before: Config, after: Config, cleared: readonly string[]): void;
  /** Says goodbye and disconnects. What waits is kept by `outboxes.close`. */
  stop(): Promise<void>;
}

/** A peer that comes and goes many times a second fills no broker with it. */
const healthEvery = 1000;

/** Construction does nothing but read certificates, and throws SettingError when they cannot be used. */
export function createBus(options: BusOptions): Bus {
  const { config, version, started, host, driver, certificates, current, send, receive, plugs, profiles, online, onProblem, clock, log } =
    options;
  const { topics } = current().plan;
  const published = new PublishedLog({
    link: () => link,
    topic: (name) => topics.log(name),
    level: () => current().config.log.mqtt,
    now: () => clock.now(),
  });
  const closing = new AbortController();
  const trace = new PacketTrace(clock.now);
  const outboxes = createOutboxes({ config, link: () => link, clock, log: log.local, onProblem });
  const retained = new Retained({ version, started, driver, current });
  const linkChanged = (online: boolean, problem: string | null) => send({ type: "link-changed", online, problem, at: clock.now() });
  const brokerLink = connectBroker({
    config,
    version,
    log: log.local,
    clock,
    problems: (problems) => send({ type: "broker-changed", problems, at: clock.now() }),
    onProblem,
    bridge: { host, topics },
    link: (url, { others = [], own } = {}) =>
      createLink({
        ...linkOptions({ config, host, topics, url, others, own }),
        tls: () => certificates.renew(),
        listensTo: () => listenedTopics(current().plan, [...plugs().listensTo(), ...profiles().listensTo()]),
        // An OFF that a plug has missed goes in front of everything.
        announce: () => [...plugs().connected(), ...profiles().announcement()],
        birth: (problem) => retained.birth(problem),
        online: retained.status("online"),
        log: log.local,
        on: {
          online: () => {
            retained.born();
            linkChanged(true, null);
            health.flush();
            outboxes.connected();
            online();
            published.online();
            // Not before somebody can read it: it must not take its time from the start.
            retained.learn(closing.signal, (info) => {
              link.publish(info);
              profiles().changed();
            });
          },
          offline: (problem) => linkChanged(false, problem),
          message: receive,
          deaf: () => outboxes.connected(),
          closed: () => {
            outboxes.disconnected();
            plugs().disconnected();
            profiles().offline();
          },
          listening: (topic, step) => profiles().listening(topic, step),
          packet: (direction, packet, wire) => trace.packet(direction, packet, wire),
          wantsBytes: () => trace.wantsBytes,
          refused: (problem) => linkChanged(true, problem),
        },
      }),
  });
  const { link } = brokerLink;
  const health = paced(() => link.publish(retained.health()), healthEvery, clock);
  log.tell((entry) => published.take(entry));
  const tellAll = () => {
    const { online, problem } = current().state.link;
    profiles().tellAgain();
    // `online` is said only while commands are heard.
    const status = online ? [retained.status("online")] : [];
    for (const publication of [...status, ...retained.birth(online ? null : problem), retained.health()]) link.publish(publication);
  };
  return {
    brokerLink,
    link,
    outboxes,
    retained,
    trace,
    start: () => brokerLink.start(),
    tellHealth: () => health.tell(),
    tellAll,
    resync() {
      link.relisten();
      tellAll();
    },
    clear(topic) {
      link.publish(retained.clear(topic));
    },
    owned(topics) {
      retained.owned(topics);
    },
    reloaded(before, after, cleared) {
      link.relisten();
      brokerLink.renew(after);
      certificates.renew();
      for (const publication of retained.reloaded(before, after, cleared)) link.publish(publication);
      profiles().changed();
    },
    stop() {
      closing.abort();
      published.stop();
      health.stop();
      return brokerLink.stop([retained.status("offline")]);
    },
  };
}
