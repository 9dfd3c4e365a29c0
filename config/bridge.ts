import { isIP } from "node:net";
import type { Found, Report } from "./check.ts";
import { bad, duration, host, isLoopback, oneOf, path, serverPort, text, topicLevel, wholeNumber } from "./formats.ts";
import { type Format, leaf, listOf, oneOrMore, optional, required } from "./leaf.ts";
import { checkServers, checkWho, mqttSchema } from "./mqtt.ts";
import type { Config } from "./schema.ts";
import { server, serverUrls } from "./server.ts";

const day = 24 * 3600 * 1000;
const { tls_min, tls_verify, username, password, protocol, keepalive } = mqttSchema;

const topicFilter = text(
  "bridged topic filter",
  "a topic filter",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?!\$)(?:(?:\+|[^+#/\u0000-\u001f\u007f-\u009f]*)\/){0,50}(?:#|\+|[^+#/\u0000-\u001f\u007f-\u009f]+)$/,
  "write a topic; + stands for one whole level, # at the end for all that follow, and no $ in front",
);
const topicPrefix = text(
  "topic prefix",
  "the beginning of a topic, with a / at its end",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?:(?!\$)[^+#\u0000-\u001f\u007f-\u009f]{1,255}\/)?$/,
  "write whole levels such as site1/ without + and #, and no $ in front",
);

const zeroOrOne = wholeNumber(0, 1);
const bridgedQos: Format<number> = {
  ...zeroOrOne,
  read: (value, source) =>
    value === 2
      ? bad("the bridge does not speak QoS 2", "write 1: nothing is lost, but a message may come twice")
      : zeroOrOne.read(value, source),
};

const bridgedSchema = {
  filter: required(topicFilter, "Which messages pass."),
  direction: required(
    oneOf("in", "out", "both"),
    "`out` = from here to the central broker, `in` = from there to here, `both` = what either side says.",
  ),
  prefix: leaf(topicPrefix, "", "What stands in front of the topic at the central broker."),
  local_prefix: leaf(topicPrefix, "", "What stands in front of the topic here."),
  qos: leaf(bridgedQos, 1, "The highest QoS; with 0 nothing waits while the connection is away."),
};

/** The bridge of the built-in broker to a central one. */
export const bridgeSchema = {
  server: oneOrMore(
    required(server, "Where a broker is."),
    "The central broker, or several, which are tried in this order; see [bridge.md](bridge.md).",
    0,
    "no bridge",
  ),
  port: leaf(serverPort, 1883, "The port of a server that is named without one."),
  tls: mqttSchema.tls,
  ca: optional(path, "A PEM file with the certificate authority of the central broker.", "the authorities that Node.js knows"),
  cert: optional(path, "A PEM file with the certificate of the bridge, for a broker that asks for one."),
  key: optional(path, "A PEM file with the private key of `broker.bridge.cert`, without a passphrase."),
  servername: optional(host, "The name that the certificate of the central broker must have.", "the name in `broker.bridge.server`"),
  tls_min,
  tls_verify,
  username,
  password,
  protocol,
  keepalive,
  client_id: optional(
    topicLevel,
    "The client id at the central broker, and the name of the bridge below `$SYS/broker/connection`.",
    "derived from the machine's identity",
  ),
  notifications: leaf(
    oneOf("on", "local", "off"),
    "on",
    "Where `$SYS/broker/connection/<client id>/state` says `1` while the bridge is there, and `0` while it is not: at both brokers, or only here.",
  ),
  max_queued: leaf(wholeNumber(1, 100_000), 10_000, "How many messages may wait for the central broker; then the oldest is dropped."),
  message_ttl: leaf(
    duration(1000, 365 * day),
    7 * day,
    "How long a message may wait for the central broker before it is dropped as too old.",
  ),
  topics: listOf(bridgedSchema, "What passes the bridge; the first entry that fits a message decides."),
};

export function checkBridge({ broker, mqtt }: Config, found: Found, report: Report): void {
  const { bridge } = broker;
  const { place, unread } = found;
  checkWho("broker.bridge", bridge, found, report);
  if (bridge.server.length === 0) {
    if (bridge.topics.length > 0 && !unread.has("broker.bridge.server"))
      report("broker.bridge", "it leads nowhere", "name the central broker in broker.bridge.server");
    return;
  }
  if (mqtt.server.length > 0)
    report("broker.bridge", "there is no built-in broker to bridge, because mqtt.server names a broker", "remove one of them");
  if (bridge.topics.length === 0 && ![...unread].some((path) => path.startsWith("broker.bridge.topics")))
    report("broker.bridge", "nothing passes it", "add topics with at least one filter and its direction");
  checkServers("broker.bridge", bridge, found, report);
  if (bridge.tls_verify === "insecure")
    report(
      "broker.bridge.tls_verify",
      "anybody in the network can pretend to be the central broker",
      "write on, and name the authority in broker.bridge.ca",
      "warning",
    );
  const ports = new Map(broker.listeners.map(({ address, port }) => [port, address]));
  for (const [index, url] of serverUrls(bridge).entries()) {
    const { hostname, port } = new URL(url.replace(/^[a-z]+:/, "http:"));
    const name = hostname.replace(/^\[(.*)\]$/, "$1");
    const address = ports.get(Number(port || 80));
    const here = name === "localhost" || (isIP(name) > 0 && (isLoopback(name) || name === address));
    const path = `broker.bridge.server[${index}]`;
    if (here && address !== undefined)
      report(place(path).line > 0 ? path : "broker.bridge.server", "this is the built-in broker itself", "name the central broker");
  }
  for (const [index, { filter, prefix, local_prefix }] of bridge.topics.entries()) {
    const twice = bridge.topics.findIndex((one) => one.filter === filter && one.prefix === prefix && one.local_prefix === local_prefix);
    if (twice < index)
      report(`broker.bridge.topics[${index}]`, `broker.bridge.topics[${twice}] names the same`, "make one of them, with `direction: both`");
  }
}

/** Whether the built-in broker has a bridge. */
export function isBridged({ broker }: Config): boolean {
  return broker.bridge.server.length > 0;
}
