import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program in a folder that does what the shell script says. */
export function script(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}
