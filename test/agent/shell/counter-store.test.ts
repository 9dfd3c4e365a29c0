import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { readTotal } from "../../../agent/shell/counter-file.ts";
import { CounterStore } from "../../../agent/shell/counter-store.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";

function storeIn(folder: string, wait = 5000) {
  const log = keptLog();
  const written: { id: string; version: number; pulses: number; problem: string | null }[] = [];
  const store = new CounterStore(folder, log, (id, version, { pulses }, problem) => written.push({ id, version, pulses, problem }), wait);
  onTestFinished(() => store.close());
  return { store, log, written };
}

const sure = (pulses: number) => ({ pulses, missed: 0, uncertain: false });
const fileOf = (folder: string) => join(folder, "counters", "meter");

describe("the totals on disk", () => {
  it("are 0 on a new machine, without a word", () => {
    const { store, log } = storeIn(join(tempFolder(), "not", "there"));
    expect(store.total("meter")).toEqual(sure(0));
    expect(log.entries).toEqual([]);
  });

  it("are in the file when they are said to be, and are found by the next run", async () => {
    const folder = tempFolder();
    const { store, written } = storeIn(folder);
    store.total("meter");
    for (const [version, pulses] of [7, 8, 9].entries()) {
      store.keep("meter", version, sure(pulses));
      await eventually(() => written.at(-1)?.version).toBe(version);
      // Without a close: this is what another process finds after a SIGKILL.
      expect(storeIn(folder).store.total("meter")).toEqual(sure(pulses));
    }
    expect(written.every(({ problem }) => problem === null)).toBe(true);
  });

  it("take few writes for many, and the newest counts", async () => {
    const folder = tempFolder();
    const { store, written } = storeIn(folder);
    for (let pulses = 1; pulses <= 5000; pulses++) store.keep("meter", pulses, sure(pulses));
    await store.close();
    expect(written.length).toBeLessThan(10);
    expect(written.at(-1)).toMatchObject({ version: 5000, pulses: 5000 });
    expect(storeIn(folder).store.total("meter")).toEqual(sure(5000));
  });

  it("leave one whole record behind when a power cut tears the other, whichever it is", async () => {
    const folder = tempFolder();
    const { store, written } = storeIn(folder, 0);
    for (let pulses = 1; pulses <= 9; pulses++) {
      store.keep("meter", pulses, sure(pulses));
      await eventually(() => written.at(-1)?.pulses).toBe(pulses);
    }
    await store.close();
    const bytes = readFileSync(fileOf(folder));
    expect([0, 1].map((slot) => bytes.toString("latin1", slot * 4096, slot * 4096 + 14))).toEqual(["pinbus-counter", "pinbus-counter"]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 255 }), (slot, at, byte) => {
        const torn = Buffer.from(bytes);
        torn[slot * 4096 + at] = byte;
        const { kept } = readTotal(torn.toString("latin1"));
        expect(kept.pulses).toBeGreaterThanOrEqual(1);
        expect(kept.pulses).toBeLessThanOrEqual(9);
      }),
      { numRuns: 500 },
    );
  });

  it("need no more room once the file is there", async () => {
    const folder = tempFolder();
    const { store } = storeIn(folder);
    store.keep("meter", 1, sure(1));
    await eventually(() => storeIn(folder).store.total("meter").pulses).toBe(1);
    const { length } = readFileSync(fileOf(folder));
    store.keep("meter", 2, sure(Number.MAX_SAFE_INTEGER));
    await store.close();
    expect(readFileSync(fileOf(folder))).toHaveLength(length);
    expect(storeIn(folder).store.total("meter").pulses).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(["", "garbage", "pinbus-counter 1 5 0 sure 0000000000000000\n"])(
    "that cannot be understood are kept aside, said, and stay lost: %j",
    async (text) => {
      const folder = tempFolder();
      mkdirSync(join(folder, "counters"));
      writeFileSync(fileOf(folder), text);
      const { store, log } = storeIn(folder);
      expect(store.total("meter")).toEqual({ pulses: 0, missed: 0, uncertain: true });
      expect(log.entries).toEqual([
        expect.stringMatching(/^error: the total of meter could not be read .* it counts from 0, set it anew$/),
      ]);
      expect(readFileSync(`${fileOf(folder)}.bad`, "utf8")).toBe(text);
      await store.close();
      expect(storeIn(folder).store.total("meter")).toEqual({ pulses: 0, missed: 0, uncertain: true });
    },
  );

  it("survive a file that lost its second half", async () => {
    const folder = tempFolder();
    const { store } = storeIn(folder);
    store.keep("meter", 1, sure(5));
    await store.close();
    truncateSync(fileOf(folder), 4096);
    expect(storeIn(folder).store.total("meter")).toEqual(sure(5));
  });

  it("are written when their folder can be made, though it could not at the start", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "counters"), "in the way");
    const { store, written } = storeIn(folder);
    store.total("meter");
    rmSync(join(folder, "counters"));
    store.keep("meter", 1, sure(1));
    await eventually(() => written.at(-1)).toEqual({ id: "meter", version: 1, pulses: 1, problem: null });
  });

  it("say why they cannot be written, and are written when they can", async () => {
    const folder = tempFolder();
    const { store, written } = storeIn(folder);
    store.total("meter");
    mkdirSync(fileOf(folder));
    store.keep("meter", 1, sure(1));
    await eventually(() => written.at(-1)?.problem).toMatch(/counters\/meter could not be written/);
    rmSync(fileOf(folder), { recursive: true });
    store.keep("meter", 2, sure(2));
    await eventually(() => written.at(-1)).toEqual({ id: "meter", version: 2, pulses: 2, problem: null });
  });
});
