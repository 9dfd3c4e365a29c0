import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file that is not there yet, as a whole or not at all, and returns when the disk has it. `own` says whose it is, of the open file. */
export function writeNewFile(file: string, text: string | Buffer, mode: number, own?: (descriptor: number) => void): void {
  const created = openSync(file, "wx", mode);
  try {
    own?.(created);
    writeFileSync(created, text);
    fsyncSync(created);
  } catch (error) {
    // Half a password would be taken for the password, and half a configuration for somebody's own.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(created);
  }
}
