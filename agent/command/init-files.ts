import { closeSync, fchownSync, mkdirSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { exit } from "../exit.ts";
import { replaceFile } from "../shell/atomic-file.ts";
import { CommandError } from "./command.ts";

/** Writes a file that is not there yet; returns what takes it away again. Of root it belongs to whom its folder belongs, so that the service may read it. */
export function createFile(file: string, text: string): () => void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const created = openSync(file, "wx", 0o640);
    try {
      writeFileSync(created, text);
      // As `pinbus passwd`: the service may read what is in /etc/pinbus.
      const { uid, gid } = statSync(dirname(file));
      if (process.getuid?.() === 0) fchownSync(created, uid, gid);
    } finally {
      closeSync(created);
    }
  } catch (error) {
    throw unwritten(file, error);
  }
  return () => rmSync(file, { force: true });
}

/** Replaces the file that is there, which keeps its rights. */
export async function replaceStarter(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text, statSync(file));
  } catch (error) {
    throw unwritten(file, error);
  }
}

function unwritten(file: string, error: unknown): CommandError {
  return new CommandError(exit.refused, `${file} could not be written: ${(error as Error).message}; name another file with --config`);
}
