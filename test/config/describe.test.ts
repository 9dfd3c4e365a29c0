import { describe, expect, it } from "vitest";
import { describeConfig } from "../../config/describe.ts";
import { isLeaf, isListOf, isMapOf, type SchemaNode, settingsOf } from "../../config/leaf.ts";
import { schema } from "../../config/schema.ts";

function docsOf(node: SchemaNode): string[] {
  if (isLeaf(node)) return [node.doc];
  if (isMapOf(node) || isListOf(node)) return [node.doc, ...docsOf(node.items)];
  return Object.values(node).flatMap(docsOf);
}

describe("describeConfig", () => {
  const page = describeConfig();

  it("holds the text of every setting, and every text is a sentence", () => {
    for (const doc of docsOf(schema)) expect(doc).toMatch(/^[A-Z`].*[.]$/);
    const ofListed = [
      "Where a broker is.",
      "A systemd unit, by its whole name.",
      "An event that is published only if it is listed.",
      "A command to the agent itself.",
      "A day of the week.",
      "A word.",
      "A topic.",
      "An output.",
      "The number of a referee.",
      "A time of day.",
      "A time.",
      "The scheme and the host of a page.",
      "An output.",
      "An input, by its gestures.",
      "A PulseTime.",
      "A bound of the range.",
      "A quantity of the chip.",
      "A word of the command.",
    ];
    const inTables = docsOf(schema).filter((doc) => !ofListed.includes(doc));
    for (const doc of inTables) expect(page).toContain(doc);
  });

  it("names every variable and every default", () => {
    for (const { path, node } of settingsOf(schema))
      expect(page).toMatch(`| \`${path}\` | ${isLeaf(node) && node.presence === "default" ? `\`${node.shown}\`` : node.shown} |`);
    for (const { env } of settingsOf(schema)) expect(page).toContain(`\`${env}\` |`);
  });

  it("has tables in which each row has as many cells as the head", () => {
    for (const table of page.split("\n\n").filter((part) => part.startsWith("| "))) {
      const widths = table
        .trim()
        .split("\n")
        .map((row) => row.replaceAll("\\|", "").split("|").length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  it("is the same text each time and ends with one newline", () => {
    expect(describeConfig()).toBe(page);
    expect(page).toMatch(/[^\n]\n$/);
  });
});
