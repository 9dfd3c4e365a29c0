import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OutputStore } from "../../../agent/shell/output-store.ts";
import { eventually, keptLog, silent, tempFolder } from "./fixture.ts";

function loaded(folder: string, log = keptLog(), wait = 5000) {
  const store = new OutputStore(folder, log, wait);
  store.load();
  return { store, log };
}

const onDisk = (folder: string): unknown => JSON.parse(readFileSync(join(folder, "outputs.json"), "utf8"));

describe("locks and levels on disk", () => {
  it("are none on a new machine, without a word", () => {
    const { store, log } = loaded(join(tempFolder(), "not", "there"));
    expect(store.kept("lamp")).toEqual({ locked: false, level: false });
    expect(log.entries).toEqual([]);
  });

  it("write a lock at once, and a level in a while", async () => {
    const folder = tempFolder();
    const { store } = loaded(folder, keptLog(), 60_000);
    store.keep("lamp", { locked: false, level: true });
    expect(existsSync(join(folder, "outputs.json"))).toBe(false);
    store.keep("gate", { locked: true, level: false });
    await eventually(() => existsSync(join(folder, "outputs.json"))).toBe(true);
    await store.flushed();
    expect(onDisk(folder)).toEqual({ lamp: { locked: false, level: true }, gate: { locked: true, level: false } });
    expect(loaded(folder).store.kept("gate")).toEqual({ locked: true, level: false });
  });

  it("write a level by themselves, and many levels in few writes", async () => {
    const folder = tempFolder();
    const { store } = loaded(folder, keptLog(), 20);
    for (let count = 0; count <= 1000; count++) store.keep("lamp", { locked: false, level: count % 2 === 0 });
    await eventually(() => existsSync(join(folder, "outputs.json"))).toBe(true);
    expect(onDisk(folder)).toEqual({ lamp: { locked: false, level: true } });
  });

  it("are on disk after a flush, whatever still waited", async () => {
    const folder = tempFolder();
    const { store } = loaded(folder);
    store.keep("lamp", { locked: false, level: true });
    await store.flushed();
    expect(onDisk(folder)).toEqual({ lamp: { locked: false, level: true } });
  });

  it.each(["", "[", "null", '{"lamp":1}', '{"lamp":{"locked":"yes","level":true}}', '{"lamp":{"locked":true}}'])(
    "that cannot be understood are kept aside, said, and forgotten: %s",
    (text) => {
      const folder = tempFolder();
      writeFileSync(join(folder, "outputs.json"), text);
      const { store, log } = loaded(folder);
      expect(store.kept("lamp")).toEqual({ locked: false, level: false });
      expect(log.entries).toEqual([expect.stringMatching(/^error: .*outputs.json could not be read.*no output is locked/)]);
      expect(readFileSync(join(folder, "outputs.json.bad"), "utf8")).toBe(text);
    },
  );

  it("that cannot be written are a problem that is said, until they can", async () => {
    const folder = tempFolder();
    const log = keptLog();
    const { store } = loaded(folder, log);
    // A folder in the way of the file cannot be written, not even by root.
    mkdirSync(join(folder, "outputs.json.new"));
    store.keep("lamp", { locked: true, level: false });
    await store.flushed();
    expect(store.problem).toMatch(/could not be written/);
    expect(log.entries).toEqual([expect.stringMatching(/^error: .*not known after a restart/)]);
    const other = new OutputStore(tempFolder(), silent);
    other.keep("lamp", { locked: true, level: false });
    await other.flushed();
    expect(other.problem).toBeNull();
  });
});
