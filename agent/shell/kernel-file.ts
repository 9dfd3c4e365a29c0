import { readFileSync } from "node:fs";

/** Out of the kernel's memory, within some ten microseconds: five threads that are woken up for each file would cost more. */
export function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
