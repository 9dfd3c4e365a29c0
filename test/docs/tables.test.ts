import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
/** The table behind a heading, row by row. */
function rowsOf(file: string, heading: string): string[][] {
  const page = readFileSync(join(root, "docs", file), "utf8");
  const lines = page.split(`## ${heading}`)[1]?.split("\n## ")[0]?.split("\n") ?? [];
  const table = lines.filter((line) => line.startsWith("|"));
  return table.slice(2).map((line) => line.replace("| ", "").split(" | "));
}

const stops = rowsOf("outputs.md", "Every way to stop");

it("the table of every way to stop has a row for each", () => {
  const ways = stops.map(([way]) => way).join("; ");
  for (const way of ["SIGTERM", "SIGKILL", "out of memory", "power cut", "chip", "write fails", "broker", "disk is full", "clock jumps"]) {
    expect(ways).toContain(way);
  }
});

describe.each([
  ["outputs.md", stops],
  ["service.md", rowsOf("service.md", "What happened")],
  ["link.md", rowsOf("link.md", "What it promises")],
  ["broker.md", rowsOf("broker.md", "What survives")],
])("the table of %s", (_file, rows) => {
  it("is there", () => {
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each(rows)("%s: names tests that exist", (_what, _promise, tests = "") => {
    let folder = "";
    const sources: string[] = [];
    for (const [, name = ""] of tests.matchAll(/`([\w/.-]+\.(?:ts|mjs))`/g)) {
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
