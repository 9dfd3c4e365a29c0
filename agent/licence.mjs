// What the licences ask for: of a package from npm, its own text.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Name, version and the text of the licence of the package in this folder. */
export function licence(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder).filter((entry) => /^licen[cs]e/i.test(entry));
  const text = texts.map((entry) => readFileSync(join(folder, entry), "utf8").trim()).join("\n\n");
  if (!license) throw new Error(`${name} has no licence in its package.json: it may not be passed on`);
  return `=== ${name} ${version}, ${license}\n\n${text || `${author?.name ?? author ?? ""}: no text in the package`}\n`;
}
