// What of the built tree runs: the files that are reached from the program, and the packages that they import.
import { readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";

/** What is started by name: the program, what makes its code cache, the bundles, and the maps that a bug report reads. */
const bundles = ["dist/agent/pinbus.cjs", "dist/agent/tui.cjs"];
const entries = ["dist/agent/main.cjs", "dist/agent/warm.js", ...bundles.flatMap((bundle) => [bundle, `${bundle}.map`])];

/** How a compiled file names another one; in the bundle a file's own place is given in words. */
const references = [
  /\bfrom\s*"(?<to>[^"\n]+)"/g,
  /\bimport\s*"(?<to>[^"\n]+)"/g,
  /\b(?:import|importModule|require[\w$]*|resolve)\("(?<to>[^"\n]+)"\)/g,
  /new URL\("(?<to>[^"\n]+)", import\.meta\.url\)/g,
  /new URL\("(?<to>[^"\n]+)", moduleUrl\("(?<from>[^"\n]+)"\)\)/g,
];

/** What is in the bundles is under other people's licences. */
export const licences = bundles.map((bundle) => `${bundle}.licenses.txt`);

/** Paths of the files below `root`, and names of the npm packages that they import, both sorted. */
export function running(root) {
  const files = new Set();
  const packages = new Set();
  const visit = (file) => {
    if (files.has(file) || !isFile(join(root, file))) return;
    files.add(file);
    if (!/\.c?js$/.test(file)) return;
    const code = readFileSync(join(root, file), "latin1");
    for (const pattern of references) {
      for (const { groups } of code.matchAll(pattern)) {
        const own = groups.from === undefined ? file : join("dist", groups.from);
        if (groups.to.startsWith(".")) visit(normalize(join(dirname(own), groups.to)));
        else if (/^[a-z@]/.test(groups.to) && !isBuiltin(groups.to)) packages.add(packageOf(groups.to));
      }
    }
  };
  for (const entry of entries) {
    if (!isFile(join(root, entry))) throw new Error(`${entry} is missing: npm run build`);
    visit(entry);
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** Folders in node_modules of these packages and of all that they need, as package-lock.json has them, sorted; optional ones are left out. */
export function foldersOf(root, names) {
  const { packages: locked } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const folders = new Set();
  const visit = (folder) => {
    // Types are for the compiler alone.
    if (folders.has(folder) || locked[folder].optional || /node_modules\/(@types\/|undici-types$)/.test(folder)) return;
    folders.add(folder);
    for (const name of Object.keys(locked[folder].dependencies ?? {})) visit(find(locked, folder, name));
  };
  for (const name of names) if (locked[`node_modules/${name}`]) visit(`node_modules/${name}`);
  return [...folders].sort();
}

/** Where Node finds a package that another one requires: in that one's own folder, else further up. */
function find(locked, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const at = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (locked[at]) return at;
    if (folder === "") throw new Error(`${from} needs ${name}, which is not in package-lock.json`);
  }
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function packageOf(specifier) {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
