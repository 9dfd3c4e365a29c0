import { createRequire } from "node:module";
import { createConnection, isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { webSocketStream } from "./link-websocket.ts";

const load = createRequire(import.meta.url);

/** Where the broker is and who we are there. */
export interface LinkServer {
  /** `mqtt://host:port`, or with `mqtts`, `ws` or `wss`, without credentials; `builtInUrl` with `connect`. */
  url: string;
  /** Tried in this order when that one cannot be used. */
  others?: readonly string[];
  username?: string;
  password?: string;
  /** Trusted instead of the system's authorities. */
  ca?: Buffer;
  /** Who we are, in PEM. */
  cert?: Buffer;
  key?: Buffer;
  /** The name that its certificate must have, instead of the one in the URL. */
  servername?: string;
  minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Believes every certificate. */
  insecure?: boolean;
  /** Instead of the resolver of this machine. */
  lookup?: LookupFunction;
  /** A stream to the broker in this process, in place of a connection. */
  connect?(): Duplex;
  /** What that one would drop without a word: whether it takes what this client publishes there. */
  mayPublish?(topic: string, client: string): boolean;
}

/** The broker in this process. */
export const builtInUrl = "inside:";

/**
 * A name may have several addresses. Node gives each 250 ms before it drops the attempt and takes the next one, which is too short for a
 * slow radio link.
 */
const timePerAddress = 2_000;

/**
 * What the client library would do with `connect(url)`, without loading its websocket and proxy parts (12 ms of every start). `opened` is
 * called when MQTT can be spoken. The name is resolved anew each time.
 */
export function dial(server: LinkServer, opened: () => void): Duplex {
  if (server.connect) {
    process.nextTick(opened);
    return server.connect();
  }
  const { host, port, secure, path } = parseServer(server.url);
  const { lookup } = server;
  // Without noDelay the kernel holds a small PUBLISH back until the previous one is acknowledged.
  const address = { host, port, noDelay: true, autoSelectFamilyAttemptTimeout: timePerAddress, ...(lookup && { lookup }) };
  const socket = secure ? dialTls(server, address) : createConnection(address);
  if (path !== undefined) return webSocketStream(socket, { host: serverHost(server.url), path, secure }, opened);
  socket.once(secure ? "secureConnect" : "connect", opened);
  return socket;
}

function dialTls(server: LinkServer, address: { host: string; port: number }): Socket {
  // Loaded late: most links on a home network do without.
  const tls = load("node:tls") as typeof import("node:tls");
  const { ca, cert, key, minVersion = "TLSv1.2", insecure } = server;
  const name = server.servername ?? address.host;
  const socket = tls.connect({
    ...address,
    minVersion,
    ...(isIP(name) === 0 && { servername: name }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(insecure && { rejectUnauthorized: false }),
  });
  socket.setNoDelay(true);
  return socket;
}

const ports: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443, [builtInUrl]: 0 };

/** `path` is there for WebSocket only. Throws for another scheme than `mqtt:`, `mqtts:`, `ws:` and `wss:`. */
export function parseServer(url: string): { host: string; port: number; secure: boolean; path: string | undefined } {
  const parsed = new URL(url);
  const usual = ports[parsed.protocol];
  if (usual === undefined)
    throw new TypeError(`${parsed.protocol}// is no scheme of an MQTT server: use mqtt:// or mqtts://, ws:// or wss://`);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = parsed.protocol === "mqtts:" || parsed.protocol === "wss:";
  const path = parsed.protocol.startsWith("ws") ? parsed.pathname : undefined;
  return { host, port: parsed.port === "" ? usual : Number(parsed.port), secure, path };
}

/** `host:port` with an IPv6 address in brackets. */
function serverHost(url: string): string {
  const { host, port } = parseServer(url);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const builtInName = "built-in broker";

/** For messages: `host:port`, of a WebSocket the whole URL. */
export function serverName(url: string): string {
  if (url === builtInUrl) return builtInName;
  const { path } = parseServer(url);
  return path === undefined ? serverHost(url) : `${url.slice(0, url.indexOf(":"))}://${serverHost(url)}${path}`;
}

/** The beginning of a sentence about what `serverName` calls so. */
export function theBroker(server: string): string {
  return server === builtInName ? `the ${builtInName}` : `the broker ${server}`;
}
