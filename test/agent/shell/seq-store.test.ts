import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SeqStore } from "../../../agent/shell/seq-store.ts";
import { keptLog, silent, tempFolder } from "./fixture.ts";

async function reserved(folder: string, upTo: number): Promise<void> {
  const store = new SeqStore(folder, silent);
  store.load();
  store.reserve("porch", upTo);
  await store.flushed();
}

function loaded(folder: string, log = keptLog()) {
  const store = new SeqStore(folder, log);
  store.load();
  return { store, log };
}

describe("the numbers of events on disk", () => {
  it("begin with 1 on a new machine, without a word", () => {
    const { store, log } = loaded(join(tempFolder(), "not", "there"));
    expect(store.first("porch")).toBe(1);
    expect(log.entries).toEqual([]);
  });

  it("go on above everything that was reserved", async () => {
    const folder = tempFolder();
    await reserved(folder, 1001);
    expect(loaded(folder).store.first("porch")).toBe(1001);
    expect(loaded(folder).store.first("bell")).toBe(1);
  });

  it("are there at once for all that a start reserves", () => {
    const folder = tempFolder();
    const { store } = loaded(folder);
    store.reserveNow([
      ["porch", 1001],
      ["bell", 2001],
    ]);
    const { store: next } = loaded(folder);
    expect([next.first("porch"), next.first("bell")]).toEqual([1001, 2001]);
    expect(existsSync(join(folder, "seq.json.new"))).toBe(false);
  });

  it("are the old ones when the process was killed while the new ones were written", async () => {
    const folder = tempFolder();
    await reserved(folder, 1001);
    writeFileSync(join(folder, "seq.json.new"), '{"porch":20');
    const { store, log } = loaded(folder);
    expect(store.first("porch")).toBe(1001);
    store.reserve("porch", 2001);
    await store.flushed();
    expect(loaded(folder).store.first("porch")).toBe(2001);
    expect(log.entries).toEqual([]);
  });

  it("on disk are never behind what a later reservation says, however fast they come", async () => {
    const folder = tempFolder();
    const { store } = loaded(folder);
    for (let upTo = 1; upTo <= 500; upTo++) store.reserve("porch", upTo * 1000);
    await store.flushed();
    expect(JSON.parse(readFileSync(join(folder, "seq.json"), "utf8"))).toEqual({ porch: 500_000 });
    expect(existsSync(join(folder, "seq.json.new"))).toBe(false);
  });

  it.each(['{"porch":10', "", "null", '"text"', '{"porch":"many"}', '{"porch":1.5}', '{"porch":null}', "\0\0\0\0"])(
    "in a file that holds %j are kept aside, said to be lost, and go on above any that were given out",
    async (text) => {
      const folder = tempFolder();
      writeFileSync(join(folder, "seq.json"), text);
      const { store, log } = loaded(folder);
      expect(readFileSync(join(folder, "seq.json.bad"), "utf8")).toBe(text);
      expect(log.entries).toEqual([expect.stringContaining(`error: event numbers could not be read from ${folder}`)]);
      expect(store.first("porch")).toBeGreaterThan(1e9);
      store.reserve("porch", store.first("porch") + 1000);
      await store.flushed();
      expect(loaded(folder).log.entries).toEqual([]);
    },
  );

  it.each([
    ["meanwhile", (store: SeqStore) => store.reserve("porch", 1001)],
    ["at the start", (store: SeqStore) => store.reserveNow([["porch", 1001]])],
  ])("that cannot be written %s are said to be, and the agent goes on", async (_, reserve) => {
    const folder = tempFolder();
    const { store, log } = loaded(folder);
    // A folder in the place of the file cannot be written, not even by root.
    mkdirSync(join(folder, "seq.json.new"));
    reserve(store);
    await store.flushed();
    expect(log.entries).toEqual([
      expect.stringMatching(/error: .*seq.json could not be written: .*, and after a crash some event numbers may repeat/),
    ]);
    expect(store.first("porch")).toBe(1001);
  });
});
