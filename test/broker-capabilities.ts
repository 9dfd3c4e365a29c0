import type { MqttVersion } from "../agent/shell/link.ts";

/** What each broker of the tests can do. `test/agent/shell/capability-probes.ts` measures every cell; `docs/brokers.md` shows the table. */
export const brokers = {
  "mosquitto 2.0, MQTT 5": "5",
  "mosquitto 2.0, MQTT 3.1.1": "3.1.1",
  "the built-in broker": "3.1.1",
  "RabbitMQ 3.10": "3.1.1",
  "RabbitMQ 4.0, MQTT 5": "5",
  "RabbitMQ 4.0, MQTT 3.1.1": "3.1.1",
} as const satisfies Record<string, MqttVersion>;
export type BrokerName = keyof typeof brokers;

/** Whose value is in which place: as in `brokers`. */
type Values = readonly [string, string, string, string, string, string];

const table = {
  versions: {
    what: "versions of MQTT that it speaks",
    values: ["3.1, 3.1.1, 5", "3.1, 3.1.1, 5", "3.1, 3.1.1", "3.1, 3.1.1", "3.1, 3.1.1, 5", "3.1, 3.1.1, 5"],
  },
  emptyClientId: { what: "takes a client without an id", values: ["yes", "yes", "yes", "yes", "yes", "yes"] },
  retained: { what: "sends what is retained to a subscription to the very topic", values: ["yes", "yes", "yes", "yes", "yes", "yes"] },
  wildcardRetained: { what: "sends what is retained to a subscription with a wildcard", values: ["yes", "yes", "yes", "no", "no", "no"] },
  liveWithoutFlag: {
    what: "a live message comes without the retain flag although its publisher set it",
    values: ["yes", "yes", "yes", "yes", "yes", "yes"],
  },
  qos2: { what: "grants QoS 2", values: ["yes", "yes", "yes", "granted as QoS 1", "granted as QoS 1", "granted as QoS 1"] },
  session: { what: "keeps a session, and what came meanwhile", values: ["yes", "yes", "yes", "yes", "yes", "yes"] },
  willDelay: { what: "waits for the will's delay", values: ["yes", "no", "no", "no", "yes", "no"] },
  shared: { what: "shared subscriptions (`$share/…`)", values: ["yes", "yes", "no", "no", "no", "no"] },
  sys: { what: "statistics below `$SYS/`", values: ["yes", "yes", "yes", "no", "no", "no"] },
  retainHandling: { what: "leaves out what is retained when asked to (`rh` 2)", values: ["yes", "no", "no", "no", "yes", "no"] },
  retainAsPublished: { what: "keeps the retain flag when asked to (`rap`)", values: ["yes", "no", "no", "no", "yes", "no"] },
  noLocal: { what: "leaves out own messages when asked to (`nl`)", values: ["yes", "no", "no", "no", "yes", "no"] },
  responseTopic: { what: "passes on response topic and correlation data", values: ["yes", "no", "no", "no", "yes", "no"] },
  messageExpiry: { what: "passes on what is left of the message expiry", values: ["yes", "no", "no", "no", "yes", "no"] },
  deniedSubscription: {
    what: "answers a subscription that its rules forbid with",
    values: ["code 0x87", "code 0x80", "grants it", "closes the connection", "code 0x87", "code 0x80"],
  },
  deniedPublication: {
    what: "answers a publication that its rules forbid with",
    values: ["code 0x87", "acknowledges it", "acknowledges it", "closes the connection", "closes the connection", "closes the connection"],
  },
  takeover: {
    what: "tells a client why it is sent away when another one comes with its id",
    values: ["no", "no", "no", "no", "code 0x8e", "no"],
  },
  receiveMaximum: { what: "receive maximum", values: ["20", "no", "no", "no", "65535", "no"] },
  maximumPacketSize: { what: "maximum packet size", values: ["unlimited", "no", "no", "no", "268435455", "no"] },
  topicAliasMaximum: { what: "topic alias maximum", values: ["10", "no", "no", "no", "16", "no"] },
  maximumQoS: { what: "maximum QoS", values: ["2", "no", "no", "no", "1", "no"] },
} as const satisfies Record<string, { what: string; values: Values }>;
export type Capability = keyof typeof table;

export function capability(broker: BrokerName, name: Capability): string {
  return table[name].values[Object.keys(brokers).indexOf(broker)] ?? "";
}

/** As `docs/brokers.md` has it. */
export function capabilityTable(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const names = Object.keys(brokers);
  const rows = Object.values(table).map(({ what, values }) => line([what, ...values]));
  return [line(["", ...names]), line(["", ...names].map(() => "---")), ...rows].join("\n");
}
