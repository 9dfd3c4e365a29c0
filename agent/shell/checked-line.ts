import { crc32 } from "node:zlib";

/** A record of an append-only file: a checksum and JSON, in one line. */
export function checkedLine(record: unknown): string {
  const text = JSON.stringify(record);
  return `${sumOf(text)} ${text}\n`;
}

/** What stands in a line (without its end); undefined for what is no whole record. */
export function readChecked(line: string): unknown {
  const json = line.slice(9);
  return json === "" || line.slice(0, 9) !== `${sumOf(json)} ` ? undefined : JSON.parse(json);
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
