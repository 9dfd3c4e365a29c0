import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { defaultBackoff } from "./core/backoff.ts";
import type { Topics } from "./core/topics.ts";
import { clientIdOf } from "./identity.ts";
import type { LinkOptions } from "./shell/link.ts";
import type { LinkServer } from "./shell/link-dial.ts";

export interface LinkSettings {
  config: Config;
  host: Host;
  topics: Topics;
  url: string;
  others: readonly string[];
  /** How the broker in this process is reached, and who we are there; without it, what the configuration says. */
  own?: OwnBroker | undefined;
}

export type OwnBroker = Required<Pick<LinkServer, "username" | "password" | "connect" | "mayPublish">>;

/** How the link meets the broker at `url`, or one of the others, as configured: who it is, what it listens to, what is said when it dies. */
export function linkOptions({ config, host, topics, url, others, own }: LinkSettings) {
  const { protocol, client_id, keepalive } = config.mqtt;
  const { username, password } = own ?? config.mqtt;
  return {
    server: {
      url,
      others,
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      ...(own && { connect: own.connect, mayPublish: own.mayPublish }),
    },
    // There is nothing to find out about our own broker.
    protocol: own && protocol === "auto" ? "3.1.1" : protocol,
    clientId: client_id ?? clientIdOf(host, config.node),
    keepalive,
    will: { topic: topics.status, payload: "offline", qos: 1, retain: true, delayS: 5 },
    sessionExpiryS: 60,
    subscriptions: nodeFilters(topics).map((filter) => ({ filter, qos: 1 })),
    backoff: defaultBackoff,
    random: Math.random,
  } satisfies Partial<LinkOptions>;
}

/** What every node subscribes to, whatever it has. */
export function nodeFilters({ commandFilter, nodeFilter, counterFilter, ruleFilter }: Topics): string[] {
  return [commandFilter, nodeFilter, counterFilter, ruleFilter];
}
