import { existsSync, readFileSync } from "node:fs";

/** The version in package.json. */
export function readVersion(): string {
  // From the sources, and from what is compiled of them: to ask Node.js for the package takes 3 ms of a start.
  const places = ["../package.json", "../../package.json"].map((path) => new URL(path, import.meta.url));
  const file = places.find((place) => existsSync(place)) ?? "package.json";
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
