import type { Config } from "../config/schema.ts";
import { serverUrls } from "../config/server.ts";
import type { BrokerLink } from "./broker-link.ts";
import { readPem, readTls, SettingError } from "./certificate.ts";
import type { BrokerLogin } from "./protocol.ts";
import { Refused } from "./shell/control.ts";
import { serverName } from "./shell/link-dial.ts";

/** The listener that a terminal takes, best first: on this machine, or over ssh, TLS protects nothing. */
const preferred = ["mqtt", "ws", "mqtts", "wss"];

/**
 * How a terminal reaches the broker that the agent uses. A built-in one has a user of its own for that, who may everything: the group
 * that operates the outputs would gain nothing by less, and a publication that an ACL drops would look like one that arrived.
 */
export function brokerLoginOf(
  config: Config,
  { broker, link, terminal }: Pick<BrokerLink, "terminal"> & { broker: Listening | undefined; link: { view: { server: string } } },
): BrokerLogin {
  try {
    return broker && terminal
      ? { ...builtIn(config, broker), username: terminal.username, password: terminal.password }
      : external(config, link.view.server);
  } catch (error) {
    throw error instanceof SettingError ? new Refused("failed", error.message) : error;
  }
}

interface Listening {
  readonly addresses: readonly { protocol: string; address: string; port: number; problem: string | null }[];
}

function external(config: Config, used: string): BrokerLogin {
  const urls = serverUrls(config.mqtt);
  const { ca, cert, key, servername, insecure } = readTls(config, Date.now()).options;
  const { username, password, tls_min } = config.mqtt;
  const text = (pem: Buffer | undefined) => pem?.toString("latin1") ?? null;
  return {
    url: urls.find((url) => serverName(url) === used) ?? urls[0] ?? null,
    username,
    password,
    ca: text(ca),
    cert: text(cert),
    key: text(key),
    servername: servername ?? null,
    tls_min,
    trust: insecure ? "any" : "ca",
  };
}

function builtIn({ broker: { cert, tls_min } }: Config, { addresses }: Listening): Omit<BrokerLogin, "username" | "password"> {
  const open = addresses.filter(({ problem }) => problem === null);
  const [listener] = preferred.flatMap((wanted) => open.find(({ protocol }) => protocol === wanted) ?? []);
  const secure = listener !== undefined && (listener.protocol === "mqtts" || listener.protocol === "wss");
  return {
    url: listener === undefined ? null : urlOf(listener),
    ca: secure && cert !== null ? readPem("broker.cert", cert).toString("latin1") : null,
    cert: null,
    key: null,
    servername: null,
    tls_min,
    trust: "own",
  };
}

function urlOf({ protocol, address, port }: Listening["addresses"][number]): string {
  // To listen everywhere is no place to connect to.
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}${protocol.startsWith("ws") ? "/mqtt" : ""}`;
}
