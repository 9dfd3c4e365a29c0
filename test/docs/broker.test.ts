import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { differenceTable } from "../agent/embedded/differences.ts";

it("docs/broker.md shows the differences that the conformance suite measures", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/broker.md"), "utf8");
  const section = page.slice(page.indexOf("## MQTT 3.1.1"));
  const shown = section.split("\n").filter((line) => line.startsWith("| "));
  expect(shown.join("\n")).toBe(differenceTable());
});
