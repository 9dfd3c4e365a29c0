import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Whether this is one of these files, or lies in one of these folders: by what it is, for a file has as many names as somebody gives it. */
export async function isAmong(paths: readonly string[], file: Pick<Stats, "dev" | "ino">): Promise<boolean> {
  for (const path of paths) for (const one of await filesAt(path)) if (await isSame(one, file)) return true;
  return false;
}

async function filesAt(path: string): Promise<string[]> {
  const within = await readdir(path, { recursive: true }).catch(() => undefined);
  return within === undefined ? [path] : within.map((name) => join(path, name));
}

async function isSame(path: string, { dev, ino }: Pick<Stats, "dev" | "ino">): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && stats.ino === ino && stats.dev === dev;
}
