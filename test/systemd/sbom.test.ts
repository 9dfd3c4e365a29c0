import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;

it("the bill of materials of a release names every package that an installation has, with its version and checksum", () => {
  const bill = JSON.parse(
    execFileSync(process.execPath, ["systemd/sbom.mjs"], { cwd: root, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 }),
  );
  expect(bill.bomFormat).toBe("CycloneDX");
  const named = new Map<string, { hashes?: unknown[] }>(
    bill.components.map((one: { purl: string }) => [decodeURIComponent(one.purl), one]),
  );
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies }))
    expect(named.get(`pkg:npm/${name}@${version}`)?.hashes, name).toHaveLength(1);
  expect(bill.metadata.component.name).toBe("pinbus");
  expect([...named.keys()].some((purl) => /\/(typescript|vitest)@/.test(purl))).toBe(false);
  // What they need in their turn, too.
  expect([...named.keys()].some((purl) => purl.startsWith("pkg:npm/readable-stream@"))).toBe(true);
});
