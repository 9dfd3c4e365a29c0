// The copyright file of the package: our licence, and those of the packages from npm that are inside.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { licence } from "../../agent/licence.mjs";
import { licences } from "./contents.mjs";

/** The whole file; `folders` are those in node_modules that are shipped. */
export function copyright(root, folders) {
  const parts = [
    "This is pinbus. Its own licence:\n",
    readFileSync(join(root, "LICENSE"), "utf8"),
    "\nIt contains packages from npm, each under its own licence; Debian has the Apache License in /usr/share/common-licenses/Apache-2.0.",
    "In /usr/lib/pinbus/node_modules:\n",
    ...folders.map((folder) => licence(join(root, folder))),
    ...licences.flatMap((file) => [
      `\nInside of /usr/lib/pinbus/${file.replace(".licenses.txt", "")}:\n`,
      readFileSync(join(root, file), "utf8"),
    ]),
  ];
  return `${parts.join("\n").replaceAll("\r", "").trimEnd()}\n`;
}
