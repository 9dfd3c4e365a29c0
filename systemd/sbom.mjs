// npm run --silent sbom > pinbus-VERSION.cdx.json: CycloneDX bill of materials of what an installation from npm has.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const read = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
const { devDependencies: _, scripts: __, ...own } = read("package.json");
const { packages, ...lock } = read("package-lock.json");
const { devDependencies: ___, ...top } = packages[""];
// `npm sbom --omit dev` leaves out what is needed by both kinds of packages (npm/cli issue 7909): so it sees no other kind.
const needed = Object.entries(packages).filter(([path, entry]) => path !== "" && !entry.dev);

const work = mkdtempSync(join(tmpdir(), "pinbus-sbom-"));
try {
  // npm takes the name of the folder for that of the program.
  const folder = join(work, own.name);
  mkdirSync(folder);
  const put = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value));
  put("package.json", own);
  put("package-lock.json", { ...lock, packages: { "": top, ...Object.fromEntries(needed) } });
  const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
  execFileSync("npm", args, { cwd: folder, stdio: "inherit" });
} finally {
  rmSync(work, { recursive: true, force: true });
}
