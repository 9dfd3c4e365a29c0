import { isNear } from "./crowd.ts";

export interface PageRequest {
  /** What the browser says about the page; undefined when it is no browser. */
  origin: string | undefined;
  /** The Host that was asked for. */
  host: string | undefined;
  /** Where it was received. */
  localAddress: string | undefined;
}

/**
 * Whether a page in a browser may connect although it brings no password: a browser lets every page of the world reach the addresses of its
 * machine and of its network. On loopback it must be a page of this machine, else a page of the host that it connects to, or one of `allowed`.
 * That the names are equal proves nothing on loopback: a name of anybody may lead there.
 */
export function mayPageConnect({ origin, host, localAddress }: PageRequest, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin.toLowerCase())) return true;
  const page = hostnameOf(origin);
  if (page === undefined) return false;
  if (isNear(localAddress?.replace(/^::ffff:/, "") ?? "")) return isOfThisMachine(page);
  return page === hostnameOf(`http://${host}`);
}

function isOfThisMachine(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || isNear(name.replace(/^\[(.*)\]$/, "$1"));
}

/** Only of `http:` and `https:`; `null` and an extension have none. */
function hostnameOf(url: string): string | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname;
}
