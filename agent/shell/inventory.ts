import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What the machine is, for `P/info`; a part that nobody knows is absent. */
export interface Inventory {
  hostname?: string;
  model?: string;
  os?: string;
  kernel?: string;
  arch?: string;
}

const program = fileURLToPath(new URL("./inventory-reader.js", import.meta.url));

/** Asked once, in a process of its own: the package that knows takes 10 MB and starts programs. Undefined when it does not answer in time. */
export function readInventory(signal: AbortSignal): Promise<Inventory | undefined> {
  // Nothing of the agent's own: its notify socket and its secrets are not for others.
  const env = { PATH: process.env.PATH };
  const options = { env, signal, timeout: 30_000, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [program], options, (error, stdout) => resolve(error ? undefined : inventoryOf(stdout)));
  });
}

function inventoryOf(text: string): Inventory | undefined {
  try {
    const found = JSON.parse(text) as Record<string, unknown>;
    const known = ["hostname", "model", "os", "kernel", "arch"].flatMap((name) => {
      const value = found[name];
      return typeof value === "string" && value.trim() !== "" ? [[name, value.trim().slice(0, 100)]] : [];
    });
    return Object.fromEntries(known);
  } catch {
    return undefined;
  }
}
