import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { readBounded } from "./text.ts";

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

/** Hexadecimal digits behind a factory name: that two of 200 machines share theirs has a chance of 1 in 200,000. */
const digits = 8;
/** As it was before: of 200 machines two shared theirs with a chance of 1 in 4. */
const formerDigits = 4;

/** The default of `node`: the host name in lower case as one topic level; a factory name gets `-` and 8 hex digits. */
export function nodeName(host: Host): string {
  return named(host, digits);
}

/**
 * The same for a machine on which an agent may have run before: topics that others know must not change by an upgrade. `stateDir` has what it
 * left: the name, or, when it was of a version that did not write it down, anything.
 */
export function installedNodeName(host: Host, stateDir: string): string {
  const [name, former] = [nodeName(host), named(host, formerDigits)];
  if (name === former) return name;
  const kept = readBounded(nodeFile(stateDir), 1024);
  if (!kept.ok) return hasRun(stateDir) ? former : name;
  // A state folder that was copied from another machine has the name of that one.
  return kept.bytes.toString("utf8").trim() === former ? former : name;
}

/** Whether a name is one of those that this machine's identity gives it. */
export function isOfIdentity(name: string, host: Host): boolean {
  const names = [nodeName(host), named(host, formerDigits)];
  return names[0] !== names[1] && names.includes(name);
}

/** Where the agent writes down a name that was made of the machine's identity. */
export function nodeFile(stateDir: string): string {
  return join(stateDir, "node");
}

function hasRun(stateDir: string): boolean {
  try {
    return readdirSync(stateDir).some((name) => /\.jsonl?$/.test(name));
  } catch {
    return false;
  }
}

function named({ hostname, machineId }: Host, length: number): string {
  const first = hostname.toLowerCase().split(".")[0] ?? "";
  const name =
    first
      .replaceAll(/[^a-z0-9-]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 58) || "localhost";
  if (!factoryNames.has(name) || machineId === "") return name;
  // machine-id(5): it must not be shown as it is.
  return `${name}-${createHash("sha256").update(`pinbus node ${machineId}`).digest("hex").slice(0, length)}`;
}
