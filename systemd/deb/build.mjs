// npm run deb: makes build/deb/pinbus_VERSION_ARCH.deb for each architecture of `prebuilds`, from the tree as it is built.
//   node systemd/deb/build.mjs [--arch amd64] [--version 0.1.0] [--out build/deb]
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { systemFiles } from "../../dist/agent/installation/system-files.js";
import { foldersOf, running } from "./contents.mjs";
import { copyright } from "./copyright.mjs";
import { changelog, filesOf, maintainer, pack, put, putZipped, sourceDate } from "./pack.mjs";

/** Debian's names of what Node calls otherwise. */
const architectures = { amd64: "linux-x64", arm64: "linux-arm64", armhf: "linux-arm" };
/** In packages of npm: for people, browsers and tests; what a package keeps in a node_modules of its own is in the list of folders itself. */
const notRun =
  /^(\.[^/]*|tests?|test\.js|__tests__|bench|benchmarks?|examples?|docs?|coverage|man|fonts|usr\/fonts|browser|fixtures?|node_modules|dist\/mqtt[^/]*)(\/|$)/;

const root = resolve(import.meta.dirname, "../..");
const here = (name) => readFileSync(join(import.meta.dirname, name), "utf8");
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { values: options } = parseArgs({
  options: {
    arch: { type: "string", multiple: true, default: Object.keys(architectures) },
    version: { type: "string", default: own.version },
    out: { type: "string", default: join(root, "build/deb") },
  },
});
const time = sourceDate(root);
// 1.0.0-rc1 comes before 1.0.0.
const debianVersion = options.version.replace("-", "~");
const { files, packages } = running(root);
const folders = foldersOf(root, packages);

for (const arch of options.arch) {
  const tree = mkdtempSync(join(tmpdir(), "pinbus-deb-"));
  try {
    console.log(await build(arch, tree));
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

async function build(arch, tree) {
  const native = architectures[arch];
  if (native === undefined) throw new Error(`no such architecture: ${arch} (${Object.keys(architectures).join(", ")})`);
  const home = "usr/lib/pinbus";
  for (const name of [...files, "config/examples", `prebuilds/${native}`])
    cpSync(join(root, name), join(tree, home, name), { recursive: true });
  for (const folder of folders)
    for (const file of filesOf(join(root, folder)))
      if (isRun(folder, file)) cpSync(join(root, folder, file), join(tree, home, folder, file));
  // The launcher runs it; as a program of its own it would need the Node that is first in the PATH.
  put(tree, `${home}/${own.bin.pinbus}`, readFileSync(join(root, own.bin.pinbus), "utf8").replace(/^#!.*\n/, ""));
  const { name, version, description, license, type, exports, bin, engines } = { ...own, version: options.version };
  put(tree, `${home}/package.json`, `${JSON.stringify({ name, version, description, license, type, exports, bin, engines }, null, 2)}\n`);
  for (const { path, bytes, mode } of await systemFiles(root)) put(tree, path, bytes, mode);
  const doc = "usr/share/doc/pinbus";
  put(tree, `${doc}/copyright`, copyright(root, folders));
  put(tree, `${doc}/examples/sysfs.conf`, readFileSync(join(root, "systemd/sysfs.conf")));
  putZipped(tree, `${doc}/CHANGELOG.md`, readFileSync(join(root, "CHANGELOG.md")));
  putZipped(tree, `${doc}/changelog`, changelog("pinbus", debianVersion, "CHANGELOG.md.gz tells what is new.", time));
  put(tree, "usr/share/lintian/overrides/pinbus", here("overrides"));
  const scripts = Object.fromEntries(["preinst", "postinst", "prerm", "postrm", "triggers"].map((script) => [script, here(script)]));
  const fields = {
    Package: "pinbus",
    Version: debianVersion,
    Architecture: arch,
    Maintainer: maintainer,
    Section: "misc",
    Priority: "optional",
    Depends: "nodejs (>= 20.19) | pinbus-node, libc6 (>= 2.28), systemd (>= 252), init-system-helpers (>= 1.54~)",
    Recommends: "polkitd",
    Suggests: "mosquitto",
    Description: here("description").trim(),
  };
  return pack({ tree, fields, scripts, out: resolve(options.out), time });
}

/** Whether a file of a package of npm is loaded by a program; a command of its own is not. */
function isRun(folder, file) {
  if (notRun.test(file) || !(/\.([cm]?js|json|node)$/.test(file) || /^usr\//.test(file))) return false;
  return (
    readFileSync(join(root, folder, file))
      .subarray(0, 2)
      .toString() !== "#!"
  );
}
