import { isIP } from "node:net";
import { bad, hostName, isScalar, ok, quote, show } from "./formats.ts";
import type { Format, Reading } from "./leaf.ts";
import { suggest } from "./suggest.ts";

const schemes = ["mqtt", "mqtts", "ws", "wss"] as const;
type Scheme = (typeof schemes)[number];
const schemePorts: Readonly<Record<Scheme, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

interface Address {
  scheme: Scheme | undefined;
  host: string;
  port: number | undefined;
  path: string;
}

const example = "write it like 192.168.1.10, broker.local:1884 or wss://broker.local/mqtt";

/** Where a broker is: `host`, `host:port` or a URL of MQTT over TCP or WebSocket. No message repeats a text that may hold a password. */
export const server: Format<string> = {
  name: "server",
  shape: "a host name or an IP address, with `:PORT` if need be, or a URL with `mqtt`, `mqtts`, `ws` or `wss`",
  read(value, source) {
    const given = isScalar(value) ? show(value, source) : "";
    if (given.includes("@")) return bad("a user name or a password stands in the address", "write them as mqtt.username and mqtt.password");
    const reading = readAddress(given);
    return reading.ok
      ? ok(given)
      : bad(
          reading.what.replace("%", () => quote(value, source)),
          reading.fix,
        );
  },
  write: (value) => value,
};

/** `%` in `what` stands for the text. */
function readAddress(text: string): Reading<Address> {
  if (isIP(text) !== 0) return ok({ scheme: undefined, host: text, port: undefined, path: "" });
  const [, scheme, name, digits, path = ""] =
    /^(?:([a-z][a-z0-9+.-]{0,19}):\/\/)?(\[[\da-f:.]{2,45}\]|[\w.-]{1,254})(?::(\d{1,6}))?(\/[\x21-\x7e]{0,200})?$/i.exec(text) ?? [];
  const host = name?.replace(/^\[(.*)\]$/, "$1") ?? "";
  if (isIP(host) === 0 && (name?.startsWith("[") || !hostName.test(host))) return bad("% is not a host name or an IP address", example);
  const known = schemes.find((candidate) => candidate === scheme?.toLowerCase());
  if (scheme !== undefined && known === undefined) {
    const close = suggest(scheme, schemes);
    return bad(`${scheme}:// leads to no MQTT broker`, close ? `did you mean ${close}://?` : "write mqtt://, mqtts://, ws:// or wss://");
  }
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port === 0 || port > 65_535))
    return bad(`${digits} is not a port to connect to`, "write a number between 1 and 65535");
  if (/[?#,]/.test(path)) return bad("the path in % has one of the characters ? # ,", "write the path alone");
  const plain = path === "" || path === "/";
  if (!plain && known !== "ws" && known !== "wss")
    return bad("% has a path, which only WebSocket knows", "remove it, or write ws:// or wss:// in front");
  const other = otherMeaning(host, path, known?.startsWith("ws") ?? false);
  if (other) return other;
  return ok({ scheme: known, host, port, path: path === "" ? "/mqtt" : path });
}

/** A URL, and the resolver, may take a host for another one (`192.168.1` for 192.168.0.1): the password would go there. */
function otherMeaning(host: string, path: string, webSocket: boolean): Reading<never> | undefined {
  const name = host.includes(":") ? `[${host}]` : host;
  const text = `ws://${name}${path}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const meant = url?.hostname ?? "";
  if (isIP(host) === 0 && isIP(meant) !== 0)
    return bad(`% is read as ${meant}`, `write ${meant}, if that is meant, or the whole address or name`);
  if (!webSocket) return undefined;
  if (!url || (isIP(host) === 0 && meant !== host.toLowerCase())) return bad("% is not a host name or an IP address", example);
  if (url.pathname === (path || "/")) return undefined;
  return bad(`the path in % is read as ${url.pathname}`, `write ${url.pathname}, if that is meant`);
}

export interface ServerSettings {
  port: number;
  tls: "auto" | "on" | "off";
}

/** The brokers in the order of trying, as whole URLs. */
export function serverUrls({ server: servers, ...settings }: ServerSettings & { server: readonly string[] }): string[] {
  return servers.map((text) => serverUrl(text, settings));
}

/** `port` and `tls` are for a server that does not say it itself. */
export function serverUrl(text: string, { port, tls }: ServerSettings): string {
  const reading = readAddress(text);
  if (!reading.ok) throw new TypeError("the server was not checked");
  const { scheme, host, path, ...own } = reading.value;
  const wanted = own.port ?? (scheme === undefined ? port : schemePorts[scheme]);
  // Seed 001: TLS when the port starts with 8, unless said otherwise.
  const encrypted = tls === "on" || (tls === "auto" && String(wanted).startsWith("8"));
  const chosen = scheme ?? (encrypted ? "mqtts" : "mqtt");
  const name = host.includes(":") ? `[${host}]` : host;
  return `${chosen}://${name}:${wanted}${chosen.startsWith("ws") ? path : ""}`;
}

/** Whether an entry leaves it to `mqtt.port` or `mqtt.tls`. */
export function leavesOpen(text: string, what: "port" | "tls"): boolean {
  const reading = readAddress(text);
  return reading.ok && reading.value.scheme === undefined && (what === "tls" || reading.value.port === undefined);
}
