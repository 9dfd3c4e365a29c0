import type { BrokerLogin } from "./protocol.ts";
import type { LinkServer } from "./shell/link-dial.ts";

/** The broker of a running agent, as it tells. */
export function serverOf({ username, password, ca, cert, key, servername, tls_min, trust }: BrokerLogin, url: string): LinkServer {
  return {
    url,
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(ca !== null && { ca: Buffer.from(ca) }),
    ...(cert !== null && { cert: Buffer.from(cert) }),
    ...(key !== null && { key: Buffer.from(key) }),
    ...(servername !== null && { servername }),
    minVersion: `TLSv${tls_min}`,
    // Its own certificate is for another name than the address on this machine.
    insecure: trust !== "ca",
  };
}
