// npm run deb: makes build/deb/pinbus_VERSION_ARCH.deb for each architecture of `prebuilds`, from the tree as it is built.
//   node systemd/deb/build.mjs [--arch amd64] [--version 0.1.0] [--out build/deb]
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { commandCompletion, commandManual } from "../../dist/agent/manual.js";
import { configManual } from "../../dist/config/manual.js";
import { foldersOf, running } from "./contents.mjs";
import { copyright } from "./copyright.mjs";
import { pack, put, putZipped, sourceDate } from "./pack.mjs";

/** Debian's names of what Node calls otherwise. */
const architectures = { amd64: "linux-x64", arm64: "linux-arm64", armhf: "linux-arm" };
/** In packages of npm: what is for people, compilers, browsers and tests; licences are in the copyright file. */
const notRun =
  /(^|\/)(\.[^/]*|test|test\.js|fonts|dist\/mqtt[^/]*|tests|__tests__|benchmarks?|bench|examples?|docs?|coverage|man|media|browser|Makefile|AUTHORS|README|licen[cs]e|(readme|licen[cs]e|changelog|history|security|contributing)[^/]*\.(md|markdown|txt))$|\.(d\.[mc]?ts|[mc]?ts|map|md|markdown|ya?ml|tsbuildinfo|html|list|flow)$/i;

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
  for (const name of [...files, "config/examples", `prebuilds/${native}`]) cpSync(join(root, name), join(tree, home, name), { recursive: true });
  for (const folder of folders) {
    const top = resolve(root, folder);
    const wanted = (path) => path === top || !notRun.test(path.slice(top.length));
    // What a package keeps in a node_modules of its own is in the list itself.
    const filter = (path) => wanted(path) && (path === top || basename(path) !== "node_modules");
    cpSync(top, join(tree, home, folder), { recursive: true, filter });
  }
  const { name, version, description, license, type, exports, bin } = { ...own, version: options.version };
  put(tree, `${home}/package.json`, `${JSON.stringify({ name, version, description, license, type, exports, bin }, null, 2)}\n`);
  for (const [from, to] of Object.entries(JSON.parse(readFileSync(join(root, "systemd/places.json"), "utf8"))))
    put(tree, to, readFileSync(join(root, "systemd", from)), to.startsWith("/usr/bin/") ? 0o755 : 0o644);
  const doc = "usr/share/doc/pinbus";
  put(tree, `${doc}/copyright`, copyright(root, folders));
  put(tree, `${doc}/examples/sysfs.conf`, readFileSync(join(root, "systemd/sysfs.conf")));
  putZipped(tree, `${doc}/changelog`, readFileSync(join(root, "CHANGELOG.md")));
  putZipped(tree, "usr/share/man/man1/pinbus.1", await commandManual());
  putZipped(tree, "usr/share/man/man5/pinbus.yaml.5", configManual());
  put(tree, "usr/share/bash-completion/completions/pinbus", await commandCompletion());
  put(tree, "usr/share/lintian/overrides/pinbus", here("overrides"));
  const scripts = Object.fromEntries(["preinst", "postinst", "prerm", "postrm", "triggers"].map((script) => [script, here(script)]));
  const fields = {
    Package: "pinbus",
    // A version that comes before the one without what follows the hyphen.
    Version: version.replace("-", "~"),
    Architecture: arch,
    Maintainer: "The pinbus developers <pinbus@localhost>",
    Section: "misc",
    Priority: "optional",
    Depends: "nodejs (>= 20.19) | pinbus-node, libc6 (>= 2.28), systemd (>= 252), init-system-helpers (>= 1.54~)",
    Recommends: "polkitd",
    Suggests: "mosquitto",
    Description: here("description").trim(),
  };
  return pack({ tree, fields, scripts, out: resolve(options.out), time });
}
