import { readFileSync } from "node:fs";
import type { BrokerLogin, Status } from "../../agent/protocol.ts";
import { serverUrls } from "../../config/server.ts";

/** A broker to look at. */
export interface BrokerTarget {
  host: string;
  port: number;
  via: "mqtt" | "mqtts" | "ws" | "wss";
  /** Of a WebSocket. */
  path?: string;
  /** A local socket that leads there: a forwarding. */
  socket?: string;
  username?: string;
  password?: string;
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** The name that its certificate must have, instead of `host`. */
  servername?: string;
  minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Believes every certificate. */
  insecure?: boolean;
  /** `ca` is the broker's own certificate, so its name does not matter. */
  pinned?: boolean;
}

/** The part of the agent's configuration that says where its broker is. */
export interface BrokerConfig {
  /** In the order of trying. */
  server: string[];
  port: number;
  tls: "auto" | "on" | "off";
  ca: string | null;
  cert: string | null;
  key: string | null;
  servername: string | null;
  tls_min: "1.2" | "1.3";
  tls_verify: "on" | "insecure";
  username: string | null;
  password: string | null;
}

const ports = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** `mqtt://user:password@host:1883`, `mqtts:`, `ws:`, `wss:`, or only `host[:port]`. Throws RangeError with a sentence. */
export function parseBroker(text: string): BrokerTarget {
  let url: URL;
  try {
    url = new URL(text.includes("://") ? text : `mqtt://${text}`);
  } catch {
    throw new RangeError(`--broker ${text}: expected mqtt://host:port`);
  }
  const via = url.protocol.slice(0, -1);
  if (via !== "mqtt" && via !== "mqtts" && via !== "ws" && via !== "wss") {
    throw new RangeError(`--broker: ${url.protocol}// is not known; use mqtt, mqtts, ws or wss`);
  }
  if (url.hostname === "") throw new RangeError("--broker: the host is missing");
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? ports[via] : Number(url.port),
    via,
    ...(via === "ws" || via === "wss" ? { path: url.pathname === "/" ? "/mqtt" : url.pathname } : {}),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
  };
}

/** The external brokers of the configuration, in the order of trying; none when the agent runs its own. */
export function configuredBrokers(mqtt: BrokerConfig): BrokerTarget[] {
  return serverUrls(mqtt).map((url) => ({
    ...parseBroker(url),
    ...(mqtt.username === null ? {} : { username: mqtt.username }),
    ...(mqtt.password === null ? {} : { password: mqtt.password }),
    ...(mqtt.ca === null ? {} : { ca: readFileSync(mqtt.ca) }),
    ...(mqtt.cert === null || mqtt.key === null ? {} : { cert: readFileSync(mqtt.cert), key: readFileSync(mqtt.key) }),
    ...(mqtt.servername === null ? {} : { servername: mqtt.servername }),
    minVersion: `TLSv${mqtt.tls_min}`,
    ...(mqtt.tls_verify === "insecure" ? { insecure: true } : {}),
  }));
}

/** The broker of a running agent, as it tells who may operate it; undefined while its built-in one listens nowhere. Throws RangeError. */
export function loginBroker(login: BrokerLogin): BrokerTarget | undefined {
  if (login.url === null) return undefined;
  const { username, password, ca, cert, key, servername, trust } = login;
  return {
    ...parseBroker(login.url),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(ca === null ? {} : { ca: Buffer.from(ca, "latin1") }),
    ...(cert === null || key === null ? {} : { cert: Buffer.from(cert, "latin1"), key: Buffer.from(key, "latin1") }),
    ...(servername === null ? {} : { servername }),
    minVersion: `TLSv${login.tls_min}`,
    ...(trust === "any" ? { insecure: true } : {}),
    ...(trust === "own" && ca !== null ? { pinned: true } : {}),
  };
}

/** The one of these brokers to which a running agent is connected; undefined while it is connected to none of them. */
export function usedBroker(configured: readonly BrokerTarget[], { link }: Status): BrokerTarget | undefined {
  const names = [link.server, `mqtt://${link.server}`, `mqtts://${link.server}`];
  return link.online ? configured.find((target) => names.includes(formatBroker(target))) : undefined;
}

/**
 * The broker of a running agent: its built-in one, undefined when none of the listeners stands; else the external one, for
 * which we have no credentials without the configuration (an open broker needs none).
 */
export function agentBroker(status: Status): BrokerTarget | undefined {
  if (status.broker === undefined) {
    const external = parseBroker(status.link.server);
    return String(external.port).startsWith("8") ? { ...external, via: "mqtts" } : external;
  }
  // Without TLS: whose authority it would be stands in no status.
  const open = status.broker.listeners.filter(({ problem }) => problem === null);
  const listener = open.find(({ protocol }) => protocol === "mqtt") ?? open.find(({ protocol }) => protocol === "ws");
  if (listener === undefined) return undefined;
  const { address: host, port } = listener;
  return listener.protocol === "ws" ? { host, port, via: "ws", path: "/mqtt" } : { host, port, via: "mqtt" };
}

/** For people; never with a password. */
export function formatBroker(target: BrokerTarget): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return `${target.via}://${host}:${target.port}${target.path ?? ""}`;
}
