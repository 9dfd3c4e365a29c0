import { mkdirSync, readFileSync } from "node:fs";
import { type Host, isOfIdentity, nodeFile } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { replaceFile } from "./shell/atomic-file.ts";
import type { Log } from "./shell/log.ts";

/** Writes down a name that was made of the machine's identity, before anything else is in the state folder: by that a later version knows it again. */
export async function rememberNode({ node, state_dir: dir }: Pick<Config, "node" | "state_dir">, host: Host, log: Log): Promise<void> {
  if (!isOfIdentity(node, host)) return;
  const file = nodeFile(dir);
  if (contentOf(file) === node) return;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o750 });
    await replaceFile(file, `${node}\n`);
  } catch (error) {
    log.warn(
      `${file} could not be written: ${(error as Error).message}; write node: ${node} into the configuration, or the name may change`,
    );
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
