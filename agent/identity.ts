import { createHash } from "node:crypto";
import type { Host } from "../config/host.ts";

/** A client id of our own: two default installs must never throw each other off one broker. The machine id itself stays private. */
export function clientIdOf({ hostname, machineId }: Host, node: string): string {
  const machine = machineId === "" ? hostname : machineId;
  return `pinbus-${createHash("sha256").update(`pinbus client ${machine} ${node}`).digest("hex").slice(0, 12)}`;
}
