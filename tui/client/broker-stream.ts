import { createConnection, isIP, type Socket } from "node:net";
import { connect } from "node:tls";
import type { BrokerTarget } from "./target.ts";

/** A connection to a broker, over its forwarding when there is one: the name in its certificate is that of the broker all the same. */
export function dialBroker(target: BrokerTarget): Socket {
  const { host, port, socket, via, ca, cert, key, servername, minVersion, insecure, pinned } = target;
  const place = socket === undefined ? { host, port } : { path: socket };
  if (via === "mqtt" || via === "ws") return createConnection(place);
  const name = servername ?? host;
  return connect({
    host: name,
    ...place,
    ...(isIP(name) === 0 && { servername: name }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(minVersion !== undefined && { minVersion }),
    ...(insecure && { rejectUnauthorized: false }),
    ...(pinned && { allowPartialTrustChain: true, checkServerIdentity: () => undefined }),
  });
}
