import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { capabilityTable } from "../broker-capabilities.ts";

it("docs/brokers.md shows the table that the tests measure", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/brokers.md"), "utf8");
  const shown = page.split("\n").filter((line) => line.startsWith("| "));
  expect(shown.join("\n")).toBe(capabilityTable());
});
