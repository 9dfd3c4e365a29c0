import type { Client } from "aedes";

/** Where mosquitto's bridges say whether they are there, at both ends. */
export const connectionState = /^\$SYS\/broker\/connection\/[^/]+\/state$/;

/** The session of this broker's own bridge; no client can have this name. */
export const bridgeSession = "\0bridge";

const bridges = new WeakSet<Client>();

/** The client said that it is a bridge: what it publishes does not come back to it, and flags are as they were published. */
export function markBridge(client: Client): void {
  bridges.add(client);
}

export function isBridge(client: Client): boolean {
  return bridges.has(client);
}
