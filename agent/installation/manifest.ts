import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { localHome } from "./local-files.ts";
import type { Machine } from "./machine.ts";

/** What an installation has put where, kept beside the launcher, so that it can be undone exactly. */
export interface Manifest {
  /** Null until all of it is done for the first time; "" while something is put in the place of another version. */
  version: string | null;
  /** The folder of the program that was installed from. */
  home: string;
  /** SHA-256 of each file as it was written, by path. */
  files: Record<string, string>;
  /** Folders that were made, the outer ones first. */
  folders: string[];
}

export const manifestFile = `${localHome}/installed.json`;

/** Undefined when nothing is installed. Throws when it cannot be understood. */
export function readManifest({ root }: Machine): Manifest | undefined {
  const text = bytesOf(join(root, manifestFile))?.toString("utf8");
  if (text === undefined) return undefined;
  const { version, home, files, folders } = JSON.parse(text) as Partial<Manifest>;
  if (version === undefined || !home || !files || !folders)
    throw new Error(`${manifestFile} is not what \`pinbus service install\` writes`);
  return { version, home, files, folders };
}

export function sumOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Undefined when there is no such file. */
export function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
