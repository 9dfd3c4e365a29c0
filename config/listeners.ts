import type { Found, Report } from "./check.ts";
import { address, bad, isLoopback, ok, port, quote, show } from "./formats.ts";
import type { Format, ListOf, Reading, SchemaGroup } from "./leaf.ts";
import { checkPair } from "./pairs.ts";
import type { Config } from "./schema.ts";

/** As a browser sends it: without a path, and without the usual port. */
export const origin: Format<string> = {
  name: "origin",
  shape: "a scheme and a host such as `https://panel.local`, or `*`",
  read(value, source) {
    const given = show(value, source);
    if (given === "*") return ok(given);
    const url = /^https?:\/\/[^/?#@\s]{1,260}\/?$/i.test(given) && URL.canParse(given) ? new URL(given) : undefined;
    return url
      ? ok(url.origin)
      : bad(`${quote(value, source)} is not the origin of a page`, "write it like https://panel.local or http://192.168.1.10:8080");
  },
  write: (value) => value,
};

type BrokerConfig = Config["broker"];
type Listener = BrokerConfig["listeners"][number];
export type Protocol = NonNullable<BrokerConfig["listeners"][number]["protocol"]>;

/** A listener in one line: `ws://0.0.0.0:9000`, `[::]:1883`, `1883`. */
export const shortListener: Required<ListOf<SchemaGroup>>["short"] = {
  shape: "`mqtt://0.0.0.0:1883`, `ws://[::1]:9000`, `0.0.0.0:1883` or `1883`; `mqtt`, `mqtts`, `ws` or `wss`",
  read(given) {
    const [, scheme, six, four, digits] =
      /^(?:(mqtts?|wss?):\/\/)?(?:\[([\da-f:.]{2,45})\]:|([^:/[\]]{0,64}):)?(\d{1,6})$/i.exec(given) ?? [];
    if (digits === undefined)
      return bad(`${quote(given)} is not a listener`, "write it like mqtt://0.0.0.0:1883, ws://0.0.0.0:9000 or 1883");
    const host = six ?? (four || undefined);
    const place: Reading<string | null> = host === undefined ? ok(null) : address.read(host);
    if (!place.ok) return place;
    const number = port.read(digits);
    if (!number.ok) return number;
    return ok({ protocol: scheme?.toLowerCase() ?? null, address: place.value, port: number.value });
  },
};

/** What is spoken on a listener; as of `mqtt.tls: auto`, a port that starts with 8 means TLS. */
export function protocolOf({ protocol, port }: Listener): Protocol {
  return protocol ?? (String(port).startsWith("8") ? "mqtts" : "mqtt");
}

/** Whether a listener speaks TLS. */
export function isSecure(listener: Listener): boolean {
  return ["mqtts", "wss"].includes(protocolOf(listener));
}

export function checkListeners({ broker, mqtt }: Config, { place, unread }: Found, report: Report): void {
  const { listeners, anonymous } = broker;
  checkPorts(broker, report);
  // A client with a certificate is no stranger.
  const isOpen = (listener: Listener) => !(isSecure(listener) && broker.require_certificate === "true");
  const open = listeners.findIndex((listener) => listener.address !== null && !isLoopback(listener.address) && isOpen(listener));
  if (open >= 0 && !hasUsers(broker, unread) && mqtt.server.length === 0) {
    const path = `broker.listeners[${open}].address`;
    if (anonymous === "true")
      report(path, "everybody in the network may switch the outputs of this machine", "add broker.password_file", "warning");
    else report(path, "it lets in everybody in the network", "add broker.password_file, or `anonymous: true` if that is meant");
  }
  if (mqtt.server.length > 0) {
    if (place("broker.listeners").line > 0)
      report("broker.listeners", "it is not used, because mqtt.server names a broker", "remove one of them", "note");
    return;
  }
  if (listeners.length === 0)
    report("broker.listeners", "the built-in broker listens nowhere", "add a listener or name a broker in mqtt.server");
  checkTls(broker, unread, place, report);
}

/** Whether anybody has a password, as far as it could be read. */
export function hasUsers({ password_file: file, username, users }: BrokerConfig, unread: Found["unread"]): boolean {
  const named = ["broker.password_file", "broker.username", "broker.users"];
  return file !== null || username !== null || Object.keys(users).length > 0 || named.some((path) => unread.has(path));
}

function checkPorts({ listeners }: BrokerConfig, report: Report): void {
  const taken = new Map<string, number>();
  for (const [index, { address, port }] of listeners.entries()) {
    for (const host of address === null ? ["127.0.0.1", "::1"] : [address]) {
      const key = `${host} ${port}`;
      const before = taken.get(key);
      taken.set(key, index);
      if (before === undefined || before === index || port === 0) continue;
      report(`broker.listeners[${index}]`, `broker.listeners[${before}] listens on port ${port} too`, "give each a port of its own");
      break;
    }
  }
}

function checkTls(broker: BrokerConfig, unread: Found["unread"], place: Found["place"], report: Report): void {
  const { listeners, cert, key, ca, require_certificate: required } = broker;
  checkPair("broker", broker, ["cert", "key"], { unread }, report);
  if (required === "true" && ca === null && !unread.has("broker.ca"))
    report("broker.require_certificate", "no authority is named that could have signed it", "add broker.ca");
  if (required === "false" && ca !== null)
    report(
      "broker.ca",
      "it is not used, because no client needs a certificate",
      "write require_certificate: true, or remove it",
      "warning",
    );
  const secure = listeners.findIndex(isSecure);
  const found = listeners[secure];
  if (found && cert === null && key === null && !unread.has("broker.cert") && !unread.has("broker.key")) {
    const [what, other] =
      found.protocol === null
        ? [`port ${found.port} means mqtts, as each that starts with 8, and there is no certificate`, ", or write protocol: mqtt"]
        : [`${found.protocol} needs a certificate, and there is none`, ""];
    report(`broker.listeners[${secure}]`, what, `add broker.cert and broker.key${other}`);
  }
  if (found) return;
  for (const name of ["cert", "require_certificate", "tls_min"] as const) {
    const used = name === "cert" ? cert !== null : place(`broker.${name}`).line > 0;
    if (used)
      report(`broker.${name}`, "it is not used, because no listener speaks TLS", "add one with protocol: mqtts, or remove it", "warning");
  }
}
