import type { Found, Report } from "./check.ts";
import { anyText, clientId, duration, host, oneOf, path, serverPort } from "./formats.ts";
import { leaf, oneOrMore, optional, required, secret } from "./leaf.ts";
import { checkPair } from "./pairs.ts";
import type { Config } from "./schema.ts";
import { leavesOpen, server, serverUrls } from "./server.ts";

const second = 1000;

/** The link to the broker. */
export const mqttSchema = {
  server: oneOrMore(
    required(server, "Where a broker is."),
    "The MQTT broker, or several, which are tried in this order; without one the built-in broker is started.",
    0,
    "the built-in broker",
  ),
  port: leaf(serverPort, 1883, "The port of a server that is named without one."),
  tls: leaf(
    oneOf("auto", "on", "off"),
    "auto",
    "Whether the connection to a server that is no URL is encrypted; `auto` means yes when its port starts with 8.",
  ),
  ca: optional(path, "A PEM file with the certificate authority of the broker.", "the authorities that Node.js knows"),
  cert: optional(path, "A PEM file with the certificate of this client, for a broker that asks for one."),
  key: optional(path, "A PEM file with the private key of `mqtt.cert`, without a passphrase."),
  servername: optional(host, "The name that the certificate of the broker must have.", "the name in `mqtt.server`"),
  tls_min: leaf(oneOf("1.2", "1.3"), "1.2", "The oldest version of TLS that is spoken."),
  tls_verify: leaf(
    oneOf("on", "insecure"),
    "on",
    "`insecure` believes every certificate: the connection is encrypted, but anybody may be the broker. The agent says so at each start and is `degraded`.",
  ),
  username: optional(anyText, "The user name at the broker."),
  password: secret(anyText, "The password at the broker: `{file: PATH}`, `{env: NAME}`, `{credential: NAME}` or text."),
  protocol: leaf(
    oneOf("auto", "5", "3.1.1", "3.1"),
    "auto",
    "The version of MQTT; `auto` tries 5 and falls back to 3.1.1; `3.1` is for brokers from before 2014.",
  ),
  keepalive: leaf(duration(5 * second, 65_535 * second), 60 * second, "How long the connection may be silent before it is checked."),
  client_id: optional(
    clientId,
    "The client id at the broker; MQTT 3.1 takes 23 characters at most.",
    "derived from the machine's identity",
  ),
  env: leaf(oneOf("off", "owlcms"), "off", "`owlcms` reads the variables of owlcms too; see [broker.md](broker.md#from-the-environment)."),
  command_ttl: leaf(duration(100, 24 * 3600 * second), 10 * second, "A command that is older than this is refused."),
};

/** The longest client id of MQTT 3.1. */
export const maxClientId31 = 23;

type Connection = Omit<Config["mqtt"], "command_ttl" | "client_id" | "env">;

export function checkMqtt({ mqtt }: Config, found: Found, report: Report): void {
  checkWho("mqtt", mqtt, found, report);
  if (mqtt.protocol === "3.1" && (mqtt.client_id?.length ?? 0) > maxClientId31)
    report("mqtt.client_id", `MQTT 3.1 takes at most ${maxClientId31} characters`, "shorten it, or remove it");
  if (mqtt.tls_verify === "insecure")
    report(
      "mqtt.tls_verify",
      "anybody in the network can pretend to be the broker",
      "write on, and name the authority in mqtt.ca",
      "warning",
    );
  if (mqtt.server.length > 0) {
    checkServers("mqtt", mqtt, found, report);
    return;
  }
  if (found.unread.has("mqtt.server")) return;
  for (const key of ["username", "ca", "cert"] as const) {
    if (mqtt[key] === null) continue;
    const other = key === "username" ? ", or write broker.username and broker.password" : "";
    report(`mqtt.${key}`, "it is not used, because the built-in broker is started", `name the broker in mqtt.server${other}`, "warning");
  }
}

/** Who we are at a broker; `path` = where the settings stand. */
export function checkWho(path: string, settings: Connection, found: Found, report: Report): void {
  checkPair(path, settings, ["username", "password"], found, report);
  checkPair(path, settings, ["cert", "key"], found, report);
}

/** The servers, and settings of the connection to them that stand in the file for nothing. */
export function checkServers(path: string, settings: Connection, { place }: Found, report: Report): void {
  const stands = (key: string) => place(`${path}.${key}`).line > 0;
  const urls = serverUrls(settings);
  for (const [index, url] of urls.entries()) {
    if (urls.indexOf(url) === index) continue;
    report(`${path}.server[${index}]`, `it is the same as ${path}.server[${urls.indexOf(url)}]`, "remove one of them");
  }
  for (const key of ["port", "tls"] as const) {
    if (!stands(key) || settings.server.some((text) => leavesOpen(text, key))) continue;
    report(`${path}.${key}`, `it is not used, because ${path}.server says it itself`, "remove it", "warning");
  }
  if (urls.some((url) => /^(mqtts|wss):/.test(url))) return;
  for (const key of ["ca", "cert", "servername", "tls_min", "tls_verify"] as const) {
    const used = key === "tls_min" || key === "tls_verify" ? stands(key) : settings[key] !== null;
    if (used) report(`${path}.${key}`, "it is not used, because no server is reached with TLS", "remove it or write tls: on", "warning");
  }
}
