import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { printable } from "./printable.ts";

/** What the machine is, for `P/info`; a part that nobody knows is absent. */
export interface Inventory {
  hostname?: string;
  model?: string;
  os?: string;
  kernel?: string;
  arch?: string;
}

/** And what is built in, for who helps: without serial numbers and addresses. */
export interface Machine extends Inventory {
  memory?: string;
  /** Device, kind and size of each. */
  disks?: string[];
  /** Name and state of each. */
  network?: string[];
}

const program = fileURLToPath(new URL("./inventory-reader.js", import.meta.url));
const longest = 100;
const mostParts = 16;

/** Asked once, in a process of its own: the package that knows takes 10 MB and starts programs. Undefined when it does not answer in time. */
export async function readInventory(signal: AbortSignal): Promise<Inventory | undefined> {
  return read([], signal);
}

/** The same with what is built in, which takes longer. */
export async function readMachine(signal: AbortSignal): Promise<Machine | undefined> {
  return read(["parts"], signal);
}

function read(args: readonly string[], signal: AbortSignal): Promise<Machine | undefined> {
  // Nothing of the agent's own: its notify socket and its secrets are not for others.
  const env = { PATH: process.env.PATH };
  const options = { env, signal, timeout: 30_000, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout) => resolve(error ? undefined : machineOf(stdout)));
  });
}

/** What the process has printed, as far as it is what it should be. */
export function machineOf(text: string): Machine | undefined {
  try {
    const found = JSON.parse(text) as Record<string, unknown>;
    const words = (name: string) => {
      const value = wordsOf(found[name]);
      return value === undefined ? [] : [[name, value]];
    };
    const lists = (name: string) => {
      const value = found[name];
      return Array.isArray(value) ? [[name, value.slice(0, mostParts).flatMap((part) => wordsOf(part) ?? [])]] : [];
    };
    return Object.fromEntries([
      ...["hostname", "model", "os", "kernel", "arch", "memory"].flatMap(words),
      ...["disks", "network"].flatMap(lists),
    ]);
  } catch {
    return undefined;
  }
}

function wordsOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? printable(value).trim().slice(0, longest) : undefined;
}
