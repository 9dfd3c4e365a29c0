import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, lstat, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces a file as a whole: after a crash or a power cut it has its old content or its new one, never a part. `like` = whose it is, and who may
 * read it: a person's file, of which a link stays a link, unless somebody else has put it there.
 */
export async function replaceFile(path: string, text: string, like?: { mode: number; uid: number; gid: number }): Promise<void> {
  const file = like ? await behindLink(path, like.uid) : path;
  const next = `${file}.new`;
  // One that a crash has left would keep its own rights.
  await rm(next, { force: true });
  const handle = await open(next, like ? "wx" : "w", 0o640);
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

/** As the kernel follows links in /tmp: root must not write for another user where only root may. */
async function behindLink(path: string, owner: number): Promise<string> {
  try {
    const { uid } = await lstat(path);
    return [0, owner, process.getuid?.()].includes(uid) ? await realpath(path) : path;
  } catch {
    // There is none, or it leads nowhere.
    return path;
  }
}

/** The same before it returns. For the start, when nothing else waits: each step in a thread of its own takes longer than the step. */
export function replaceFileNow(file: string, text: string): void {
  replaceUnsynced(file, text, fdatasyncSync);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** As a whole for whoever reads it, also after the end of this process. Waits for no disk, so a power cut may leave nothing of it. */
export function replaceUnsynced(file: string, text: string, written: (handle: number) => void = () => undefined): void {
  const next = `${file}.new`;
  rmSync(next, { force: true });
  const handle = openSync(next, "w", 0o640);
  try {
    writeFileSync(handle, text);
    written(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
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

/** Keeps a file that cannot be understood, with `.bad` behind its name. Returns what became of it, for the log. */
export function setAside(file: string): string {
  try {
    const stats = lstatSync(file);
    // What is no file has nothing that could be worth more than what was set aside before.
    if (!stats.isFile() && existsSync(`${file}.bad`)) return "move it away";
    renameSync(file, `${file}.bad`);
    return `it is kept as ${file}.bad`;
  } catch {
    // Not readable and not movable: writing will say so again.
    return "move it away";
  }
}

/** For a file of the state folder, which could perhaps not be made at the start. */
export async function makeFolder(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
}

/** To append to a file of the state folder. Never waits for somebody who would read what is no file. */
export async function openToAppend(file: string): Promise<FileHandle> {
  await makeFolder(file);
  return open(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o640);
}
