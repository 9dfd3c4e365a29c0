import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;

/** What somebody who installs the package from npm gets; that it runs shows test/machine/package.sh. */
describe("the npm package", () => {
  let files: string[];
  beforeAll(() => {
    // Without prepack itself: it would build under the feet of the other tests.
    execFileSync(process.execPath, ["systemd/npm-ignore.mjs"], { cwd: root });
    const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }));
    files = packed.files.map(({ path }: { path: string }) => path);
  });

  it("has, beside the program, the native parts with their source and recipe, the examples, and what a service needs", () => {
    expect(files.filter((path) => !path.startsWith("dist/"))).toEqual([
      "CHANGELOG.md",
      ...["LICENSE", "README.md", "SECURITY.md"],
      ...readdirSync(`${root}config/examples`).map((name) => `config/examples/${name}`),
      ...["gpio/build.sh", "gpio/chardev.c", "gpio/evdev.h", "gpio/handle.h", "package.json"],
      ...["arm", "arm64", "x64"].map((arch) => `prebuilds/linux-${arch}/pinbus.node`),
      ...[
        "60-pinbus.rules",
        "pinbus",
        "pinbus.catalog",
        "pinbus.service",
        "places.json",
        "polkit.rules",
        "sysfs.conf",
        "sysusers.conf",
        "tmpfiles.conf",
      ].map((name) => `systemd/${name}`),
    ]);
  });

  it("has of the program what is started and loaded, and the licences of what is in the bundles", () => {
    expect(files).toEqual(
      expect.arrayContaining(
        [
          "agent/main.cjs",
          "agent/warm.js",
          "agent/pinbus.cjs",
          "agent/pinbus.cjs.licenses.txt",
          "agent/tui.cjs",
          "agent/tui.cjs.licenses.txt",
          "agent/sensor/reader.js",
        ].map((name) => `dist/${name}`),
      ),
    );
  });

  it("has nothing that only stands in a bundle, and nothing that the Node of this machine has made", () => {
    expect(
      files.filter((path) =>
        /^dist\/(agent\/(agent\.js|doctor\/|installation\/|profile\/)|tui\/|systemd\/deb)|\.cache$|\.npmignore$|\.ts$/.test(path),
      ),
    ).toEqual([]);
  });
});
