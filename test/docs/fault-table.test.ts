import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "outputs.md"), "utf8");
const rows = (page.split("## Every way to stop")[1] ?? "")
  .split("\n## ")[0]
  ?.split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| what happens"))
  .map((line) => line.split(" | "));

describe("the table of every way to stop", () => {
  it("has a row for each", () => {
    const ways = (rows ?? []).map(([way]) => way?.replace("| ", "")).join("; ");
    for (const way of [
      "SIGTERM",
      "SIGKILL",
      "out of memory",
      "power cut",
      "chip",
      "write fails",
      "broker",
      "disk is full",
      "clock jumps",
    ]) {
      expect(ways).toContain(way);
    }
  });

  it.each(rows ?? [])("%s: names tests that exist", (_way, _guarantee, tests = "") => {
    let folder = "";
    const sources: string[] = [];
    for (const [, name = ""] of tests.matchAll(/`([\w/.-]+\.ts)`/g)) {
      const path = name.includes("/") ? name : join(folder, name);
      folder = dirname(path);
      expect(existsSync(join(root, path)), path).toBe(true);
      sources.push(readFileSync(join(root, path), "utf8"));
    }
    if (!tests.includes("not tested by itself")) expect(sources.length).toBeGreaterThan(0);
    for (const [, title = ""] of tests.matchAll(/"([^"]+)"/g)) {
      expect(
        sources.some((source) => source.includes(title)),
        `a test called ${title}`,
      ).toBe(true);
    }
  });
});
