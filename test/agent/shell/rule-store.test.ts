import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RuleStore } from "../../../agent/shell/rule-store.ts";
import { StartStore } from "../../../agent/shell/start-store.ts";
import { keptLog, tempFolder } from "./fixture.ts";

describe("which rules are enabled", () => {
  it("is known after a restart, and unknown for what nobody has said anything about", async () => {
    const folder = tempFolder();
    const store = new RuleStore(folder, keptLog()).load();
    store.keep("a", false);
    store.keep("b", false);
    store.keep("b", true);
    await store.flushed();
    const again = new RuleStore(folder, keptLog()).load();
    expect([again.enabled("a"), again.enabled("b"), again.enabled("c")]).toEqual([false, true, undefined]);
  });

  it("is kept aside when it cannot be read, and every rule works", () => {
    for (const text of ["{", '{"a":1}', "null"]) {
      const folder = tempFolder();
      writeFileSync(join(folder, "rules.json"), text);
      const log = keptLog();
      expect(new RuleStore(folder, log).load().enabled("a")).toBeUndefined();
      expect(existsSync(join(folder, "rules.json.bad"))).toBe(true);
      expect(log.entries.map((entry) => entry.slice(0, 6))).toEqual(["error:"]);
    }
  });
});

describe("starts that end in a crash", () => {
  it("are counted, and the fourth is told so; an end in order counts as none", async () => {
    const folder = tempFolder();
    const starts = () => new StartStore(folder, keptLog());
    const held: boolean[] = [];
    for (let crash = 0; crash < 4; crash++) held.push(await starts().begin());
    expect(held).toEqual([false, false, false, true]);
    const last = starts();
    expect(await last.begin()).toBe(true);
    await last.end();
    expect(readFileSync(join(folder, "starts.json"), "utf8")).toBe('{"crashed":0}\n');
    expect(await starts().begin()).toBe(false);
  });

  it("are not counted when the file is nonsense or cannot be written", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "starts.json"), "[");
    expect(await new StartStore(folder, keptLog()).begin()).toBe(false);
    const log = keptLog();
    expect(await new StartStore(join(folder, "starts.json"), log).begin()).toBe(false);
    expect(log.entries).toEqual([expect.stringContaining("could not be read"), expect.stringContaining("could not be written")]);
  });
});
