import { readFileSync, type Stats, statSync } from "node:fs";
import { kindOf } from "../../config/file-words.ts";

/** A larger one was not written by us. */
const defaultBytes = 64 * 1024 * 1024;

/** The text of a file that an earlier run has left. Throws a sentence for what is no file, or too large, and what the system says otherwise. */
export function readStateFile(file: string, maxBytes = defaultBytes): string {
  mustBeFile(statSync(file), maxBytes);
  return readFileSync(file, "utf8");
}

/** Before a path is opened: a pipe would hold up who opens it for ever, and a device has no end. */
export function mustBeFile(stats: Stats, maxBytes: number): void {
  const kind = kindOf(stats);
  if (kind !== undefined) throw new Error(`this is a ${kind} and no file`);
  if (stats.size > maxBytes) throw new Error(`it is larger than ${maxBytes / 1024 / 1024} MB`);
}
