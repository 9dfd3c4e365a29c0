import { mkdirSync } from "node:fs";
import { whyUnwritten } from "../config/file-words.ts";
import { type Host, isOfIdentity, nodeFile } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { replaceFile } from "./shell/atomic-file.ts";
import type { Log } from "./shell/log.ts";
import { readStateFile } from "./shell/state-file.ts";

/** Writes down a name that was made of the machine's identity, before anything else is in the state folder: by that a later version knows it again. */
export async function rememberNode({ node, state_dir: dir }: Pick<Config, "node" | "state_dir">, host: Host, log: Log): Promise<void> {
  if (!isOfIdentity(node, host)) return;
  const file = nodeFile(dir);
  if (contentOf(file) === node) return;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o750 });
    await replaceFile(file, `${node}\n`);
  } catch (error) {
    log.warn(`${file} could not be written: ${whyUnwritten(error)}; write node: ${node} into the configuration, or the name may change`);
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readStateFile(file).trim();
  } catch {
    return undefined;
  }
}
