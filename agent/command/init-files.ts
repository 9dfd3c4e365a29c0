import { fchmodSync, fchownSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { whyUnwritten } from "../../config/file-words.ts";
import { exit } from "../exit.ts";
import { replaceFile } from "../shell/atomic-file.ts";
import { CommandError } from "./command.ts";
import { writeNewFile } from "./new-file.ts";

/**
 * Writes a file that is not there yet; returns what takes it away again. Of root it belongs to whom the folder of the configuration belongs, so that
 * the service may read it, wherever it lies and whatever the umask says. No folder is made but that one.
 */
export function createFile(file: string, text: string, folder = dirname(file)): () => void {
  try {
    mkdirSync(folder, { recursive: true });
    const { uid, gid } = statSync(folder);
    writeNewFile(file, text, 0o640, (created) => {
      if (process.getuid?.() !== 0) return;
      // As `pinbus passwd`: the service may read what is in /etc/pinbus.
      fchownSync(created, uid, gid);
      fchmodSync(created, 0o640);
    });
  } catch (error) {
    throw unwritten(file, error);
  }
  return () => rmSync(file, { force: true });
}

/** Replaces the file that is there, which keeps its rights. */
async function replaceStarter(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text, statSync(file));
  } catch (error) {
    throw unwritten(file, error);
  }
}

/** A configuration and, where it has one, the file of its password: both or none. `replaces`: what the package has put there is. */
export async function writeConfig(
  file: string,
  text: string,
  secret: { file: string; password: string } | null,
  replaces: boolean,
): Promise<void> {
  const undo = secret === null ? undefined : createFile(secret.file, `${secret.password}\n`, dirname(file));
  try {
    if (replaces) await replaceStarter(file, text);
    else createFile(file, text);
  } catch (error) {
    undo?.();
    throw error;
  }
}

function unwritten(file: string, error: unknown): CommandError {
  return new CommandError(exit.refused, `${file} could not be written: ${whyUnwritten(error)}; name another file`);
}
