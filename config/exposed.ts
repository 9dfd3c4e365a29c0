import type { Stats } from "node:fs";
import { shellWord } from "./shell-word.ts";

/** Of a file with a secret: that everybody may read it, and what to run so that the service still may; undefined when all is well. */
export function exposed(file: string, stats: Stats | undefined): { message: string; fix: string } | undefined {
  if (!stats?.isFile() || (stats.mode & 0o004) === 0) return undefined;
  // Of a file of root's the service is one of everybody, and has to read it afterwards, too.
  const fix = `run sudo chgrp pinbus ${shellWord(file)} && sudo chmod 640 ${shellWord(file)}`;
  return { message: `everybody may read ${file}`, fix };
}
