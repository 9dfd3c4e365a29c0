import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Host } from "../config/host.ts";

/** A client id of our own: two default installs must never throw each other off one broker. The machine id itself stays private. */
export function clientIdOf(host: Host, node: string): string {
  return `pinbus-${digest(`pinbus client ${machineOf(host)} ${node}`)}`;
}

/** By what others know the device again: the same under another name of the node. */
export function deviceIdOf(host: Host): string {
  return `pinbus-${digest(`pinbus device ${machineOf(host)}`)}`;
}

/** The connection as a device of Homie is another client. No node has a space in its name. */
export function homieClientOf(host: Host, node: string): string {
  return clientIdOf(host, `${node} homie`);
}

function machineOf({ hostname, machineId }: Host): string {
  return machineId === "" ? hostname : machineId;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** Twelve hexadecimal digits for one device that an agent plays; the second one says that nobody sold it. */
export function deviceMacOf(host: Host, node: string, device: string): string {
  return `02${digest(`pinbus tasmota ${machineOf(host)} ${node} ${device}`)
    .slice(0, 10)
    .toUpperCase()}`;
}

/** Names this boot of the machine; where nobody tells it, each start counts as one. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return randomUUID();
  }
}
