import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { defaultBackoff } from "./core/backoff.ts";
import type { Topics } from "./core/topics.ts";
import { clientIdOf } from "./identity.ts";
import type { LinkOptions } from "./shell/link.ts";

export interface LinkSettings {
  config: Config;
  host: Host;
  topics: Topics;
  url: string;
  others: readonly string[];
  /** Who we are at the broker in this process; without it, what the configuration says. */
  own?: { username: string; password: string } | undefined;
}

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
    },
    protocol,
    clientId: client_id ?? clientIdOf(host, config.node),
    keepalive,
    will: { topic: topics.status, payload: "offline", qos: 1, retain: true, delayS: 5 },
    sessionExpiryS: 60,
    subscriptions: [topics.commandFilter, topics.nodeFilter, topics.counterFilter, topics.ruleFilter].map((filter) => ({ filter, qos: 1 })),
    backoff: defaultBackoff,
    random: Math.random,
  } satisfies Partial<LinkOptions>;
}
