import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** What the default of `node` is made of. */
export interface Host {
  hostname: string;
  /** Empty when the machine has none. */
  machineId: string;
}

/** This machine. */
export function readHost(): Host {
  return { hostname: hostname(), machineId: readMachineId() };
}

function readMachineId(): string {
  for (const file of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return readFileSync(file, "utf8").trim();
    } catch {
      // Containers and a first boot have none: the next place, or no identity.
    }
  }
  return "";
}

/** Names that thousands of machines have: two of them on one broker would take each other's topics. */
const factoryNames = new Set(["raspberrypi", "debian", "localhost", "pi", "raspbian", "ubuntu"]);

/** The default of `node`: the host name in lower case as one topic level; a factory name gets `-` and 4 hex digits. */
export function nodeName({ hostname, machineId }: Host): string {
  const first = hostname.toLowerCase().split(".")[0] ?? "";
  const name =
    first
      .replaceAll(/[^a-z0-9-]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 58) || "localhost";
  if (!factoryNames.has(name) || machineId === "") return name;
  // machine-id(5): it must not be shown as it is.
  return `${name}-${createHash("sha256").update(`pinbus node ${machineId}`).digest("hex").slice(0, 4)}`;
}
