import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where systemd looks for units, what wins first (systemd.unit(5)). */
const folders = [
  "etc/systemd/system",
  "run/systemd/system",
  "usr/local/lib/systemd/system",
  "usr/lib/systemd/system",
  "lib/systemd/system",
];

/** Texts of `pinbus.service` and of its drop-ins, in the order in which they count; empty when it is not installed. */
export function readUnitTexts(root = "/", unit = "pinbus.service"): string[] {
  const main = folders.flatMap((folder) => textOf(join(root, folder, unit)) ?? [])[0];
  if (main === undefined) return [];
  const dropIns = new Map<string, string>();
  // A name further in front in the list of folders stands in place of the same one behind it.
  for (const folder of [...folders].reverse())
    for (const name of namesIn(join(root, folder, `${unit}.d`))) dropIns.set(name, join(root, folder, `${unit}.d`, name));
  const paths = [...dropIns].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path);
  return [main, ...paths.flatMap((path) => textOf(path) ?? [])];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".conf"));
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
