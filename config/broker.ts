import { bridgeSchema } from "./bridge.ts";
import { address, anyText, duration, oneOf, path, port, userName, wholeNumber } from "./formats.ts";
import { leaf, listOf, mapOf, optional, passwordOrHash, required, secret } from "./leaf.ts";
import { origin, shortListener } from "./listeners.ts";

const second = 1000;
const day = 24 * 3600 * second;

const listenerSchema = {
  protocol: optional(
    oneOf("mqtt", "mqtts", "ws", "wss"),
    "What is spoken on the port: MQTT over TCP, TLS, WebSocket, or WebSocket over TLS.",
    "`mqtt`; `mqtts` when the port starts with 8",
  ),
  address: optional(address, "The address to listen on; `0.0.0.0` and `::` are all of this machine's.", "127.0.0.1 and ::1"),
  port: leaf(port, 1883, "The port to listen on; 0 takes a free one."),
};

/** The built-in broker. */
export const brokerSchema = {
  listeners: {
    ...listOf(listenerSchema, "Where the built-in broker listens.", {
      value: [{ protocol: "mqtt", address: null, port: 1883 }],
      shown: "`[{protocol: mqtt, port: 1883}]`",
    }),
    short: shortListener,
  },
  username: optional(anyText, "A user of the built-in broker besides those of `broker.password_file`."),
  password: secret(anyText, "The password of that user: `{file: PATH}`, `{env: NAME}`, `{credential: NAME}` or text."),
  users: mapOf(
    passwordOrHash(
      anyText,
      "The hash of that user's password, as it stands behind the colon in a line of `pinbus passwd`, or the password: `{file: PATH}`, `{env: NAME}`, `{credential: NAME}` or text.",
    ),
    "Users of the built-in broker besides those of `broker.password_file`, by name.",
    userName,
  ),
  password_file: optional(
    path,
    "The users of the built-in broker, as `pinbus passwd` and `mosquitto_passwd` write them; read again by a reload.",
    "no users",
  ),
  anonymous: optional(
    oneOf("true", "false"),
    "Whether clients without a user may connect; without users this means everybody, with any user and password.",
    "`true` without users, `false` with them",
  ),
  cert: optional(path, "A PEM file with the certificate chain of the listeners with TLS, their own first."),
  key: optional(path, "A PEM file with the private key of `broker.cert`, without a passphrase."),
  ca: optional(path, "A PEM file with the authority of the clients' certificates.", "no client needs one"),
  require_certificate: leaf(oneOf("true", "false"), "false", "Whether clients need a certificate of `broker.ca` on listeners with TLS."),
  tls_min: leaf(oneOf("1.2", "1.3"), "1.2", "The oldest version of TLS that is spoken."),
  origins: listOf(
    required(origin, "The scheme and the host of a page."),
    "Pages of other hosts that may connect from a browser without a user, as `https://host` or `https://host:port`; `*` = all.",
  ),
  sys_interval: leaf(
    duration(0, day),
    10 * second,
    "How often the built-in broker publishes what has changed below `$SYS/broker/`; `0s` = not at all.",
  ),
  log: {
    connections: leaf(oneOf("off", "on"), "off", "Whether the log tells who connects to the built-in broker and who leaves it."),
    subscribes: leaf(oneOf("off", "on"), "off", "Whether the log tells who subscribes to what at the built-in broker."),
    topics: leaf(
      oneOf("off", "on"),
      "off",
      "Whether what the built-in broker logs is also published below `$SYS/broker/log/`, as mosquitto does it.",
    ),
  },
  acl_file: optional(
    path,
    "Who may publish and read what, in the syntax of mosquitto's `acl_file`; read again by a reload. See [broker.md](broker.md#who-may-do-what).",
    "everybody may everything",
  ),
  max_connections: leaf(
    wholeNumber(2, 10_000),
    100,
    "How many connections the built-in broker has at most; a tenth of them, at most 10, is for this machine alone.",
  ),
  max_packet: leaf(
    wholeNumber(1024, 16_777_216),
    262_144,
    "The largest packet that a client may send, in bytes; a larger one ends its connection.",
  ),
  connect_timeout: leaf(duration(second, 60 * second), 10 * second, "How soon after its connection a client must send its CONNECT."),
  keepalive_max: optional(
    duration(10 * second, 65_535 * second),
    "The longest keep alive that a client may ask for; who asks for a longer one or none is refused.",
    "no limit",
  ),
  max_queued_bytes: leaf(
    wholeNumber(16_384, 67_108_864),
    1_048_576,
    "How many bytes may wait for a client that is connected and reads slowly; with more than that for 5 s it is disconnected.",
  ),
  max_inflight: leaf(
    wholeNumber(0, 65_535),
    20,
    "How many QoS 1 and 2 messages may be under way to one client that it has not acknowledged; further ones wait. 0 = no limit.",
  ),
  max_connects: leaf(wholeNumber(10, 1_000_000), 3000, "How often in a minute one other machine may connect."),
  max_failed_logins: leaf(
    wholeNumber(5, 100_000),
    60,
    "How many wrong passwords from one address are looked at in a minute; an IPv6 network of 64 bits counts as one address.",
  ),
  persistence: leaf(
    oneOf("on", "off"),
    "on",
    "Whether retained messages and the sessions of clients are kept in `state_dir`, so that a restart does not lose them.",
  ),
  max_queued: leaf(wholeNumber(1, 65_534), 1000, "How many messages may wait for one client that is away; further ones are dropped."),
  bridge: bridgeSchema,
  session_expiry: leaf(duration(second, 365 * day), 60 * day, "How long a session waits for its client before it is ended."),
};
