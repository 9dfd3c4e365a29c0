import { createRequire } from "node:module";
import { createConnection, isIP, type Socket } from "node:net";
import type { LinkServer } from "./link.ts";

const load = createRequire(import.meta.url);

/** What the client library would do with `connect(url)`, without loading its websocket and proxy parts (12 ms of every start). */
export function dial(server: LinkServer): Socket {
  const { host, port, secure } = parseServer(server.url);
  // Without noDelay the kernel holds a small PUBLISH back until the previous one is acknowledged.
  if (!secure) return createConnection({ host, port, noDelay: true });
  // Loaded late: most links on a home network do without.
  const tls = load("node:tls") as typeof import("node:tls");
  const socket = tls.connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(server.ca && { ca: server.ca }),
  });
  socket.setNoDelay(true);
  return socket;
}

/** Default ports: 1883, and 8883 with TLS. Throws for another scheme than `mqtt:` and `mqtts:`. */
export function parseServer(url: string): { host: string; port: number; secure: boolean } {
  const parsed = new URL(url);
  if (parsed.protocol !== "mqtt:" && parsed.protocol !== "mqtts:") {
    throw new TypeError(`${parsed.protocol}// is no scheme of an MQTT server: use mqtt:// or mqtts://`);
  }
  const secure = parsed.protocol === "mqtts:";
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: parsed.port === "" ? (secure ? 8883 : 1883) : Number(parsed.port), secure };
}

/** `host:port` for messages; an IPv6 address in brackets. */
export function serverName(url: string): string {
  const { host, port } = parseServer(url);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
