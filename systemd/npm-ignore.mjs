// npm run prepack: leaves out of the npm package what is in dist but does not run, because it is in a bundle or made by this machine's Node.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { licences, running } from "./deb/contents.mjs";
import { filesOf } from "./deb/pack.mjs";

const root = resolve(import.meta.dirname, "..");
// The licences of what is in the bundles go with it.
const kept = new Set([...running(root).files, ...licences]);
const left = filesOf(join(root, "dist")).filter((file) => !kept.has(`dist/${file}`));
writeFileSync(join(root, "dist/.npmignore"), left.map((file) => `/${file}\n`).join(""));
