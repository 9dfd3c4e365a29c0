import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Change, historyLength } from "../../../agent/core/history.ts";
import { type HistoryOptions, HistoryStore } from "../../../agent/shell/history-store.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";

const on: Change = {
  at: 1000,
  state: "ON",
  cause: { kind: "mqtt", text: "mqtt", detail: "id a-1", id: "a-1", says: "ON" },
  detail: "id a-1",
};
const refused: Change = { ...on, state: "REFUSED", detail: "stale: 60 s old" };
const offset = Date.UTC(2026, 10, 21);

const numbered = (number: number, change = on): Change => ({ ...change, at: number });
const times = (store: HistoryStore, id = "lamp") => store.past(id).map(({ at }) => Date.parse(at) - offset);

function stored(folder = tempFolder(), options: HistoryOptions = {}) {
  const log = keptLog();
  const store = new HistoryStore(folder, log, { pause: 5, ...options }).load();
  // Before its folder is removed: it would make it anew.
  onTestFinished(() => store.flushed());
  return { folder, log, file: join(folder, "history.jsonl"), store };
}

describe("the history on disk", () => {
  it("is empty on a new machine, without a word", () => {
    const { store, log } = stored(join(tempFolder(), "not", "there"));
    expect(store.past("lamp")).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  it("comes back newest first, in words and with every fact, by itself", async () => {
    const { folder, file, store } = stored();
    store.keep("lamp", on, offset);
    store.keep("gate", refused, offset);
    store.keep("lamp", { ...on, at: 2000, state: "OFF", ends: null }, offset);
    await eventually(() => existsSync(file) && readFileSync(file, "utf8").split("\n").length).toBe(4);
    const again = stored(folder).store;
    expect(times(again)).toEqual([2000, 1000]);
    expect(again.past("lamp")[1]).toEqual({
      at: "2026-11-21T00:00:01.000Z",
      state: "ON",
      cause: "mqtt",
      detail: "id a-1",
      kind: "mqtt",
      source: "mqtt",
      id: "a-1",
      chain: [{ kind: "mqtt", text: "mqtt (id a-1)" }],
      text: "ON because a command over MQTT says on (id a-1)",
      until: null,
    });
    expect(again.past("gate")).toMatchObject([{ state: "REFUSED", detail: "stale: 60 s old" }]);
  });

  it("loses only the line that a power cut has torn, wherever that is", async () => {
    const { folder, file, store } = stored();
    store.keep("lamp", on, offset);
    await store.flushed();
    const line = readFileSync(file, "utf8");
    for (let cut = 1; cut < line.length - 1; cut += 7) {
      writeFileSync(file, line + line.slice(0, cut));
      const { store: next, log } = stored(folder);
      expect(times(next)).toEqual([1000]);
      expect(log.entries).toEqual([expect.stringMatching(/^warn: .*1 line could not be read and is left out/)]);
      next.keep("lamp", numbered(3000), offset);
      await next.flushed();
      expect(times(stored(folder).store)).toEqual([3000, 1000]);
    }
    appendFileSync(file, '{"output":"lamp"}\n[]\n\u0000\u0000\nnull\n');
    expect(times(stored(folder).store)).toEqual([3000, 1000]);
  });

  it("keeps changes when refusals come by the thousand, and is bounded in memory and on disk", async () => {
    const { folder, file, store } = stored(tempFolder(), { bytes: 20_000 });
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 2000; count++) store.keep("lamp", numbered(round * 10_000 + count, refused), offset);
      store.keep("lamp", numbered(round * 10_000 + 5000), offset);
      await store.flushed();
    }
    const past = stored(folder).store.past("lamp");
    expect(past.filter(({ state }) => state === "ON").length).toBeGreaterThanOrEqual(5);
    expect(past.filter(({ state }) => state === "REFUSED")).toHaveLength(16);
    expect(statSync(file).size).toBeLessThanOrEqual(40_000);
  });

  it("keeps the last changes of each output when one makes noise", async () => {
    const { folder, file, store } = stored(tempFolder(), { bytes: 20_000 });
    store.keep("gate", on, offset);
    store.keep("gate", numbered(2000), offset);
    store.keep("gate", numbered(3000, refused), offset);
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 40; count++) store.keep("lamp", numbered(round * 1000 + count), offset);
      await store.flushed();
    }
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).size)).toEqual([expect.toSatisfy((size) => size <= 40_000)]);
    const again = stored(folder).store;
    expect(times(again, "gate")).toEqual([3000, 2000, 1000]);
    expect(times(again)).toHaveLength(historyLength);
    expect(times(again)[0]).toBe(49_039);
    expect(readFileSync(file, "utf8").endsWith("\n")).toBe(true);
  });

  it("keeps them over restarts, and what was there before", async () => {
    const folder = tempFolder();
    for (let start = 0; start < 5; start++) {
      const { store } = stored(folder, { bytes: 20_000 });
      if (start === 0) store.keep("gate", on, offset);
      for (let round = 0; round < 10; round++) {
        for (let count = 0; count < 40; count++) store.keep("lamp", numbered(start * 100_000 + round * 1000 + count), offset);
        await store.flushed();
      }
    }
    const { store } = stored(folder);
    expect(times(store, "gate")).toEqual([1000]);
    expect(times(store)[0]).toBe(409_039);
  });

  it("gives each output its share when there is no room for all", async () => {
    const { folder, file, store } = stored(tempFolder(), { bytes: 20_000 });
    const ids = Array.from({ length: 20 }, (_, index) => `out-${index}`);
    for (let round = 0; round < 5; round++) {
      for (let count = 0; count < 32; count++) for (const id of ids) store.keep(id, numbered(round * 1000 + count), offset);
      await store.flushed();
    }
    expect(statSync(file).size).toBeLessThan(20_000);
    const again = stored(folder).store;
    for (const id of ids) expect(times(again, id).slice(0, 2)).toEqual([4031, 4030]);
  });

  it("does not grow while it cannot be cut down, and loses nothing", async () => {
    const { folder, file, store } = stored(tempFolder(), { bytes: 1000 });
    mkdirSync(`${file}.new`);
    for (let count = 0; count < 20; count++) {
      store.keep("lamp", numbered(count), offset);
      await store.flushed();
    }
    expect(store.problem).toMatch(/could not be written/);
    expect(statSync(file).size).toBeLessThanOrEqual(2000);
    expect(times(stored(folder).store)[0]).toBeLessThan(19);
    rmSync(`${file}.new`, { recursive: true });
    await store.flushed();
    expect(store.problem).toBeNull();
    expect(times(stored(folder).store)[0]).toBe(19);
  });

  it("that cannot be written is a problem that is told once, and nothing is lost when it can again", async () => {
    const problems: (string | null)[] = [];
    const { folder, file, store, log } = stored(tempFolder(), { onProblem: (problem) => problems.push(problem) });
    // A folder in the way of the file cannot be written, not even by root: as good as a full disk.
    mkdirSync(file);
    store.keep("lamp", on, offset);
    await store.flushed();
    store.keep("lamp", numbered(2000), offset);
    await store.flushed();
    expect(problems).toEqual([expect.stringMatching(/could not be written.*forgets after a restart/)]);
    expect(log.entries).toHaveLength(1);
    rmSync(file, { recursive: true });
    await eventually(() => problems.at(-1)).toBeNull();
    await store.flushed();
    expect(times(stored(folder).store)).toEqual([2000, 1000]);
  });
});
