import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces a file as a whole: after a crash or a power cut it has its old content or its new one, never a part. `like` = whose it is, and who may read it. */
export async function replaceFile(file: string, text: string, like?: { mode: number; uid: number; gid: number }): Promise<void> {
  const next = `${file}.new`;
  // One that a crash has left would keep its own rights.
  await rm(next, { force: true });
  const handle = await open(next, "w", 0o640);
  try {
    if (like) await handle.chmod(like.mode & 0o777);
    if (like) await handle.chown(like.uid, like.gid);
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
  await syncFolder(file);
}

/** The same before it returns. For the start, when nothing else waits: each step in a thread of its own takes longer than the step. */
export function replaceFileNow(file: string, text: string): void {
  const next = `${file}.new`;
  rmSync(next, { force: true });
  const handle = openSync(next, "w", 0o640);
  try {
    writeFileSync(handle, text);
    fdatasyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A power cut may undo a rename that only the folder's cache knows. */
export async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Keeps a file that cannot be understood, with `.bad` behind its name. */
export function setAside(file: string): void {
  try {
    renameSync(file, `${file}.bad`);
  } catch {
    // Not readable and not movable: writing will say so again.
  }
}
