import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { type FileWords, fileWords, kindOf } from "./file-words.ts";

/** A Raspberry Pi with every line in use needs about 10 kB. */
export const maxConfigBytes = 512 * 1024;

export type FileReading = { ok: true; bytes: Buffer; stats?: Stats } | FileRefusal;
type FileRefusal = { ok: false } & FileWords;

/** Who makes a pipe writes into it at once: so long, in ms, a process may wait for all of it that has nothing else to do. */
export const pipePatience = 5000;
const silentPipe: FileRefusal = { ok: false, message: "this is a pipe, and nobody writes into it", fix: "name a file" };

/**
 * Reads a file or a pipe, and never more than `limit` bytes of it, whatever its size claims to be. The process waits `patience` ms at most for what comes
 * through a pipe; without it, all of it must be there.
 */
export function readBounded(file: string, limit: number, patience = 0): FileReading {
  let fd: number | undefined;
  try {
    // Before it is opened: a device may do something then.
    const kind = unreadable(statSync(file));
    if (kind !== undefined) return { ok: false, message: `this is a ${kind}`, fix: "name a file" };
    // A pipe into which nobody writes would never be open without O_NONBLOCK.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    const bytes = Buffer.alloc(limit + 1);
    const until = performance.now() + patience;
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = stats.isFIFO() ? readPipe(fd, bytes, length, until) : readSync(fd, bytes, length, bytes.length - length, null);
      if (read < 0) return silentPipe;
    }
    if (stats.isFIFO() && length === 0) return silentPipe;
    return length > limit ? tooLarge(limit) : { ok: true, bytes: bytes.subarray(0, length), stats };
  } catch (error) {
    return { ok: false, ...explain(error) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Number 3 of the major number 1, on every Linux: an empty file. */
const nullDevice = 0x103;

function unreadable(stats: Stats): string | undefined {
  const isNull = stats.isCharacterDevice() && stats.rdev === nullDevice;
  return stats.isFIFO() || isNull ? undefined : kindOf(stats);
}

/** Bytes read, 0 at the end; -1 when nothing came until then. */
function readPipe(fd: number, bytes: Buffer, at: number, until: number): number {
  for (;;) {
    try {
      return readSync(fd, bytes, at, bytes.length - at, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      if (performance.now() > until) return -1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

export function tooLarge(limit: number): FileRefusal {
  return { ok: false, message: `the file is larger than ${limit / 1024} kB`, fix: "name the right file or shorten it" };
}

function explain(error: unknown): FileWords {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return fileWords(error, "read") ?? { message: `the file cannot be read (${code})`, fix: "check the path and the disk" };
}

export type TextReading = { ok: true; text: string } | { ok: false; line: number; column: number; message: string; fix: string };

/** Bytes → text without a byte order mark, or the place of the first byte or character that no configuration has. */
export function decodeText(bytes: Buffer): TextReading {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (wide) return { ok: false, line: 1, column: 1, message: "the file is UTF-16", fix: "save it as UTF-8" };
  const text = bytes.toString("utf8");
  if (!isUtf8(bytes)) {
    const at = firstBadByte(bytes, text);
    const where = placeIn(text, at.index);
    return {
      ok: false,
      ...where,
      message: `byte ${at.offset} (0x${hex(bytes[at.offset] ?? 0, 2)}) is not UTF-8`,
      fix: "save the file as UTF-8",
    };
  }
  const start = text.startsWith("\ufeff") ? 1 : 0;
  const rest = text.slice(start);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  const index = rest.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufeff\ufffe\uffff]|\r(?!\n)/);
  if (index < 0) return { ok: true, text: rest };
  const character = `U+${hex(rest.charCodeAt(index), 4)}`;
  return { ok: false, ...placeIn(rest, index), message: `the control character ${character} stands here`, fix: "remove it" };
}

/** Decoding replaces each bad sequence by U+FFFD: the first one that does not stand so in the bytes is the place. */
function firstBadByte(bytes: Buffer, text: string): { index: number; offset: number } {
  let offset = 0;
  let from = 0;
  for (let index = text.indexOf("\ufffd"); index >= 0; index = text.indexOf("\ufffd", from)) {
    offset += Buffer.byteLength(text.slice(from, index));
    if (bytes.readUIntBE(offset, Math.min(3, bytes.length - offset)) !== 0xefbfbd) return { index, offset };
    offset += 3;
    from = index + 1;
  }
  return { index: 0, offset: 0 };
}

function placeIn(text: string, index: number): { line: number; column: number } {
  const lines = text.slice(0, index).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
