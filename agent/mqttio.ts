import { speaksMqttio } from "../config/mqttio.ts";
import type { Config } from "../config/schema.ts";
import { clientIdOf } from "./identity.ts";
import { createMqttio, mqttioTopics } from "./profile/mqttio.ts";
import { type Connection, type ConnectionOptions, createProfileLink } from "./profile-link.ts";

export interface MqttioOptions extends ConnectionOptions {
  /** Why it is not at the broker; null when it is. */
  onProblem(problem: string | null): void;
}

/** The topics of mqtt-io; undefined while it has none. */
export function createMqttioLink(options: MqttioOptions): Connection | undefined {
  const { config, host } = options;
  if (!speaksMqttio(config)) return undefined;
  const { client_id, status } = config.mqttio;
  const topic = mqttioTopics(config.mqttio).status;
  return createProfileLink({
    ...options,
    name: "mqtt-io",
    profile: createMqttio(),
    status: { ...status, topic },
    own: {
      clientId: client_id ?? `${clientIdOf(host, config.node)}-io`,
      // mqtt-io knows no delay: whoever watches its status is told at once.
      will: { topic, payload: status.dead, qos: 1, retain: true, delayS: 0 },
      sessionExpiryS: 0,
    },
  });
}

/** What is commanded on the topics of mqtt-io. */
export function mqttioFilters({ mqttio }: Config): string[] {
  return mqttio.outputs.flatMap(({ name }) => mqttioTopics(mqttio).commands(name));
}
