import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Host } from "../config/host.ts";

/** A client id of our own: two default installs must never throw each other off one broker. The machine id itself stays private. */
export function clientIdOf({ hostname, machineId }: Host, node: string): string {
  const machine = machineId === "" ? hostname : machineId;
  return `pinbus-${createHash("sha256").update(`pinbus client ${machine} ${node}`).digest("hex").slice(0, 12)}`;
}

/** Names this boot of the machine; where nobody tells it, each start counts as one. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return randomUUID();
  }
}
