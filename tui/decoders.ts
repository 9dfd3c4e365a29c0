import { ExtData, Decoder as Unpacker } from "@msgpack/msgpack";
import { Tokenizer } from "cborg";
import type { Piece, Pieces } from "./document.ts";
import type { Decoder } from "./value.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const shownBytes = 64;
const largestBignum = 64;

/** The binary formats, in the order in which they are tried. */
export const decoders: readonly Decoder[] = [
  { mode: "cbor", name: "CBOR", pieces: cborPieces },
  { mode: "msgpack", name: "MessagePack", pieces: msgpackPieces },
];

/** RFC 8949. Refused: strings in chunks, and simple values that have no name. */
function cborPieces(bytes: Uint8Array): Pieces {
  const tokens = new Tokenizer(bytes, { allowBigInt: true, retainStringBytes: true });
  let tag: number | null = null;
  return () => {
    if (tokens.done()) return undefined;
    const token = tokens.next();
    const { name } = token.type;
    if (name === "tag") {
      tag = Number(token.value);
      return { kind: "tag", text: String(token.value) };
    }
    const tagged = tag;
    tag = null;
    if (name === "break") return { kind: "end" };
    if (name === "map" || name === "array") return { kind: name, size: token.value };
    if (name === "string") return leaf(quoted(token.byteValue ?? new Uint8Array()));
    if (name === "bytes") return leaf(hexText(token.value) + bignum(tagged, token.value));
    if (name === "float") return number(floatText(token.value) + epoch(tagged, token.value), token.value);
    if (name === "uint" || name === "negint") return number(String(token.value) + epoch(tagged, Number(token.value)), Number(token.value));
    if (name === "true" || name === "false") return number(name, name === "true" ? 1 : 0);
    return leaf(name);
  };
}

const leafSizes: Readonly<Record<number, number>> = {
  ...{ 192: 1, 194: 1, 195: 1, 202: 5, 203: 9, 204: 2, 205: 3, 206: 5, 207: 9, 208: 2, 209: 3, 210: 5, 211: 9 },
  ...{ 212: 3, 213: 4, 214: 6, 215: 10, 216: 18 },
};
/** How many bytes hold the length, and what else stands before the data. */
const lengths: Readonly<Record<number, readonly [bytes: 1 | 2 | 4, more: number]>> = {
  ...{ 196: [1, 0], 197: [2, 0], 198: [4, 0], 199: [1, 1], 200: [2, 1], 201: [4, 1], 217: [1, 0], 218: [2, 0], 219: [4, 0] },
};
const containers: Readonly<Record<number, readonly ["map" | "array", 2 | 4]>> = {
  ...{ 220: ["array", 2], 221: ["array", 4], 222: ["map", 2], 223: ["map", 4] },
};

/**
 * The library makes an array of the length that the bytes claim before it has seen one element, so it is given the leaves only:
 * 64 kB of array heads would take gigabytes.
 */
function msgpackPieces(bytes: Uint8Array): Pieces {
  const unpacker = new Unpacker({ useBigInt64: true });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeAt = (at: number, width: 1 | 2 | 4) =>
    width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at) : view.getUint32(at);
  let at = 0;
  return () => {
    if (at >= bytes.length) return undefined;
    const start = at;
    const head = view.getUint8(at);
    const long = containers[head];
    if ((head >= 0x80 && head < 0xa0) || long !== undefined) {
      at += 1 + (long?.[1] ?? 0);
      const size = long === undefined ? head & 15 : sizeAt(start + 1, long[1]);
      return { kind: long?.[0] ?? (head < 0x90 ? "map" : "array"), size };
    }
    const [width, more] = lengths[head] ?? [0 as const, 0];
    const fixed = head < 0x80 || head >= 0xe0 ? 1 : head < 0xc0 ? 1 + (head & 31) : leafSizes[head];
    const length = width === 0 ? fixed : 1 + width + more + sizeAt(at + 1, width);
    if (length === undefined || at + length > bytes.length) throw new Error("not MessagePack");
    at += length;
    const value = unpacker.decode(bytes.subarray(start, at));
    if (typeof value === "string") return leaf(quoted(bytes.subarray(start + 1 + width, at)));
    if (typeof value === "number") return number(head === 0xca || head === 0xcb ? floatText(value) : String(value), value);
    if (typeof value === "bigint") return number(String(value), Number(value));
    if (typeof value === "boolean") return number(String(value), value ? 1 : 0);
    if (value instanceof Uint8Array) return leaf(hexText(value));
    if (value instanceof Date) return leaf(`timestamp(${dateText(value)})`);
    if (value instanceof ExtData && value.data instanceof Uint8Array) return leaf(`ext(${value.type}, ${hexText(value.data)})`);
    return leaf("null");
  };
}

function leaf(text: string): Piece {
  return { kind: "leaf", text };
}

function number(text: string, value: number): Piece {
  return { kind: "leaf", text, figure: Number.isFinite(value) ? value : undefined };
}

function quoted(bytes: Uint8Array): string {
  return JSON.stringify(utf8.decode(bytes));
}

/** A float is told from an integer. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

/** As in CBOR's diagnostic notation: `h'0102'`. */
function hexText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, shownBytes)).toString("hex");
  return bytes.length > shownBytes ? `h'${hex}...' (${bytes.length} bytes)` : `h'${hex}'`;
}

/** The number that tag 2 or 3 makes of bytes. */
function bignum(tag: number | null, bytes: Uint8Array): string {
  if ((tag !== 2 && tag !== 3) || bytes.length > largestBignum) return "";
  const value = BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
  return ` = ${tag === 2 ? value : -1n - value}`;
}

/** The time that tag 1 makes of seconds. */
function epoch(tag: number | null, seconds: number): string {
  return tag === 1 ? ` = ${dateText(new Date(seconds * 1000))}` : "";
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "no date" : date.toISOString();
}
