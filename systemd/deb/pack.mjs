// Makes a .deb of a folder, with plain dpkg-deb: the same bytes from the same commit, wherever and by whomever it is built.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

/** Writes `text` into the tree, with the folders above it. */
export function put(tree, path, text, mode = 0o644) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** The same without the name and the time that gzip would keep. */
export function putZipped(tree, path, text) {
  put(tree, `${path}.gz`, gzipSync(text, { level: 9 }));
}

/** Who answers for the packages. There is no public address yet. */
export const maintainer = "The pinbus developers <pinbus@localhost>";

/** What Debian wants beside a package; `time` in seconds. */
export function changelog(name, version, line, time) {
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  return `${name} (${version}) unstable; urgency=medium\n\n  * ${line}\n\n -- ${maintainer}  ${date}\n`;
}

/** When the commit was made, in seconds: no file in the package is younger. */
export function sourceDate(root) {
  return Number(process.env.SOURCE_DATE_EPOCH ?? execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }));
}

/**
 * Makes `out/NAME_VERSION_ARCH.deb` of `tree` and these fields and returns its path. `scripts`: what goes beside the control file, by name.
 * `level`: how hard xz tries.
 */
export function pack({ tree, fields, scripts = {}, out, time, level = 9 }) {
  const files = filesOf(tree);
  const sums = files.map(
    (file) =>
      `${createHash("md5")
        .update(readFileSync(join(tree, file)))
        .digest("hex")}  ${file}\n`,
  );
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree, file)).size / 1024), 0);
  put(tree, "DEBIAN/md5sums", sums.join(""));
  const control = Object.entries({ ...fields, "Installed-Size": kilobytes }).filter(([, value]) => value !== undefined);
  put(tree, "DEBIAN/control", control.map(([name, value]) => `${name}: ${value}\n`).join(""));
  for (const [name, text] of Object.entries(scripts)) put(tree, `DEBIAN/${name}`, text, name === "triggers" ? 0o644 : 0o755);
  settle(tree, time);
  mkdirSync(out, { recursive: true });
  const deb = join(out, `${fields.Package}_${fields.Version}_${fields.Architecture}.deb`);
  const how = ["--root-owner-group", "--threads-max=1", "-Zxz", `-z${level}`, "--build", tree, deb];
  execFileSync("dpkg-deb", how, {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(time), LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return deb;
}

/** Every file, as a path from the tree, sorted. */
export function filesOf(tree) {
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
    .sort();
}

/** One time and one set of modes, whatever the umask of who builds and the modes of what was copied. */
function settle(tree, time) {
  for (const name of readdirSync(tree, { recursive: true })) {
    const path = join(tree, name);
    const { mode } = lstatSync(path);
    chmodSync(path, statSync(path).isDirectory() || mode & 0o100 ? 0o755 : 0o644);
    utimesSync(path, time, time);
  }
  chmodSync(tree, 0o755);
}
