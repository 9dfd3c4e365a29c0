import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { configOf, load, saidAbout } from "./loading.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const page = readFileSync(join(root, "docs/rules.md"), "utf8");
const controllers = readFileSync(join(root, "docs/controllers.md"), "utf8");
const blocksOf = (text: string) => [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
const blocks = blocksOf(page);

it("the example of the page about boxes of owlcms is right, without a warning", () => {
  const [, text = ""] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(join(root, "docs/owlcms.md"), "utf8")) ?? [];
  expect(saidAbout(load(text))).toEqual([]);
  expect(planOf(configOf(text)).ruleIndex.has("owlcms-r1-remind")).toBe(true);
});

describe("the page about rules", () => {
  it("has examples", () => expect(blocks.length).toBeGreaterThanOrEqual(3));

  it.each(blocks)("has one that is right, without a warning: %#", (text) => {
    expect(saidAbout(load(text))).toEqual([]);
    for (const { id } of planOf(configOf(text)).rules) expect(text).toContain(`  ${id}:`);
  });

  it("names every trigger, condition and action", () => {
    const words =
      "input output broker peer time sun rule start between days publish enable disable flash beep tone pattern until after repeat sensor below above equals hysteresis else on_stale on_broker_lost min_off unless first_word changed_since agree fired_within";
    for (const word of words.split(" ")) expect(page).toMatch(new RegExp(`\`[^\`]*\\b${word}\\b`));
  });
});

describe("the page about a grow tent", () => {
  const text = readFileSync(join(root, "docs/growbuddy.md"), "utf8");
  it.each(blocksOf(text))("has examples that are right, without a warning: %#", (block) => expect(saidAbout(load(block))).toEqual([]));
});

describe("the page about controllers", () => {
  it.each(blocksOf(controllers))("has examples that are right, without a warning: %#", (text) => {
    expect(saidAbout(load(text))).toEqual([]);
    expect(planOf(configOf(text)).controllers.length).toBeGreaterThan(0);
  });
});
