import type { Host } from "../config/host.ts";
import { speaksMqttio } from "../config/mqttio.ts";
import type { Config } from "../config/schema.ts";
import type { BrokerWay } from "./broker-link.ts";
import type { AgentEvent } from "./core/model.ts";
import { clientIdOf } from "./identity.ts";
import { linkOptions } from "./link-options.ts";
import { createMqttio, mqttioTopics } from "./profile/mqttio.ts";
import { createProfiles } from "./profiles.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import type { Dispatch } from "./shell/dispatch.ts";
import { createLink, type Link, type LinkOptions } from "./shell/link.ts";
import { type Log, logOf } from "./shell/log.ts";
import type { ProfileStore } from "./shell/profile-store.ts";

export interface MqttioOptions {
  config: Config;
  host: Host;
  dispatch: Dispatch;
  current(): Current;
  send(event: AgentEvent): void;
  readClock(): void;
  store: ProfileStore;
  way: BrokerWay;
  tls: NonNullable<LinkOptions["tls"]>;
  /** Why it is not at the broker; null when it is. */
  onProblem(problem: string | null): void;
  clock: Clock;
  log: Log;
}

export interface Mqttio {
  /** After the broker was started. */
  start(): void;
  /** Says that it stops, and disconnects. */
  stop(): Promise<void>;
}

/** The topics of mqtt-io, on a connection of their own: their status has a will of its own, and MQTT knows one for each connection. */
export function createMqttioLink(options: MqttioOptions): Mqttio {
  const { config, host, dispatch, current, send, readClock, store, way, tls, onProblem, clock } = options;
  if (!speaksMqttio(config)) return { start() {}, stop: () => Promise.resolve() };
  const { mqttio } = config;
  const log = logOf("mqtt-io", options.log);
  const status = { topic: mqttioTopics(mqttio).status, qos: 1, retain: true } as const;
  const profiles = createProfiles({
    profiles: { mqttio: createMqttio() },
    current,
    send,
    readClock,
    link: () => link,
    tellAll() {},
    clear: (topic) => link.publish({ kind: "state", topic, payload: "", qos: 1, retain: true }),
    store,
    clock,
    log: options.log,
  });
  const link: Link = createLink({
    ...linkOptions({ config, host, topics: current().plan.topics, ...way }),
    tls,
    clientId: mqttio.client_id ?? `${clientIdOf(host, config.node)}-io`,
    will: { ...status, payload: mqttio.status.dead, delayS: 0 },
    sessionExpiryS: 0,
    subscriptions: [],
    listensTo: () => profiles.listensTo(),
    announce: () => profiles.announcement(),
    birth: () => [],
    online: { ...status, kind: "state", payload: mqttio.status.running },
    log,
    on: {
      online: () => onProblem(null),
      offline: (problem) => onProblem(`mqtt-io: ${problem}`),
      closed: () => profiles.offline(),
      message: (message) => profiles.take(message),
    },
  });
  return {
    start() {
      dispatch.witnesses.add(profiles.witness);
      link.start();
    },
    async stop() {
      profiles.stop();
      await link.stop([{ ...status, kind: "state", payload: mqttio.status.stopped }]);
      dispatch.witnesses.delete(profiles.witness);
    },
  };
}

/** What is commanded on the topics of mqtt-io. */
export function mqttioFilters({ mqttio }: Config): string[] {
  return mqttio.outputs.flatMap(({ name }) => mqttioTopics(mqttio).commands(name));
}
