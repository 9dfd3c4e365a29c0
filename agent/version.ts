import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The version in package.json. */
export function readVersion(): string {
  const file = createRequire(import.meta.url).resolve("pinbus/package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
