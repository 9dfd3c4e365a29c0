import type { Stats } from "node:fs";

/** What a system call has to say of a file: what is wrong, and what to do. */
export interface FileWords {
  message: string;
  fix: string;
}

/** For reading and for writing. */
const either: Readonly<Record<string, FileWords>> = {
  ELOOP: { message: "its symbolic links lead in a circle", fix: "remove them or point them to a file" },
  ENOTDIR: { message: "a part of its path is no directory", fix: "check the path" },
  ENXIO: { message: "this is no file, but a pipe, a socket or a device", fix: "name a file, or remove it" },
  EMFILE: { message: "this process has too many files open", fix: "raise LimitNOFILE of the service, or `ulimit -n`" },
  ENFILE: { message: "this machine has too many files open", fix: "end the program that has them: `lsof`" },
  EIO: { message: "the disk has an error", fix: "see `journalctl -k -p err`, and replace the card" },
};

const writing: Readonly<Record<string, FileWords>> = {
  EISDIR: { message: "a directory is in its place", fix: "move it away" },
  ERR_FS_EISDIR: { message: "a directory is beside it, with .new behind its name", fix: "move it away" },
  ENOSPC: { message: "the disk is full", fix: "make room on it" },
  EDQUOT: { message: "the disk quota of this user is used up", fix: "make room, or raise the quota" },
  EROFS: { message: "the disk is read-only", fix: "see `journalctl -k -p err`, and mount it for writing" },
  EACCES: { message: "this user may not write there", fix: "let it write the file and its folder" },
  EPERM: { message: "this user may not change it", fix: "let it write the file and its folder" },
  EFBIG: { message: "it would be larger than this user may write", fix: "raise `ulimit -f`" },
  ENOENT: { message: "its folder is not there", fix: "create the folder" },
};

const reading: Readonly<Record<string, FileWords>> = {
  EISDIR: { message: "this is a directory", fix: "name a file" },
  ENOENT: { message: "there is no such file", fix: "create it or name another" },
  EACCES: { message: "the file may not be read by this user", fix: "run as a user who may read it" },
};

/** What it is when it is no file: it may hold up who opens it for ever, or have no end. */
export function kindOf(stats: Stats): string | undefined {
  if (stats.isDirectory()) return "directory";
  if (stats.isFIFO()) return "pipe";
  if (stats.isSocket()) return "socket";
  return stats.isFile() ? undefined : "device";
}

/** Undefined when there are no better words than those of the error. */
export function fileWords(error: unknown, doing: "read" | "write"): FileWords | undefined {
  const code = codeOf(error);
  const own = doing === "read" ? reading : writing;
  return code === undefined ? undefined : (own[code] ?? either[code]);
}

/** Why a file could not be written and what to do, in one line: `ENOSPC: the disk is full, make room on it`. */
export function whyUnwritten(error: unknown): string {
  return inOneLine(error, "write");
}

/** The same for reading. */
export function whyUnread(error: unknown): string {
  return inOneLine(error, "read");
}

function inOneLine(error: unknown, doing: "read" | "write"): string {
  const words = fileWords(error, doing);
  if (words) return `${codeOf(error)}: ${words.message}, ${words.fix}`;
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}
