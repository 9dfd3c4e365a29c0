import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { tempFolder } from "../shell/fixture.ts";
import { main, pinbus } from "./agent-process.ts";

it("pinbus diag writes a new file for its owner alone, and no other", async () => {
  const file = join(tempFolder(), "report.json");
  const args = ["diag", file, "--config", join(dirname(file), "none.yaml")];
  expect(await pinbus(args)).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(readFileSync(file, "utf8"))).toHaveProperty("findings");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await pinbus(args);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("exists and is not overwritten; name another file")]);
});

it("pinbus diag leaves no part of a report behind when the disk takes no more", () => {
  const file = join(tempFolder(), "report.json");
  const line = `ulimit -f 1; "$0" "$1" diag "$2" --config "$2.none"`;
  const { status, stderr } = spawnSync("sh", ["-c", line, process.execPath, main, file], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringContaining(`${file} could not be written: EFBIG`)]);
  expect(readdirSync(dirname(file))).toEqual([]);
});
