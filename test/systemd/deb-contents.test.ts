import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;

it("the Debian package has the packages from npm that the bundles load by their names", () => {
  const program = `import { running } from "./systemd/deb/contents.mjs"; console.log(JSON.stringify(running(".").packages))`;
  const packages = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8" }));
  expect(packages).toEqual(expect.arrayContaining(["aedes", "blessed", "jsonata", "node-gyp-build", "re2js", "systeminformation"]));
});
