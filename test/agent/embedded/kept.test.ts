import { describe, expect, it } from "vitest";
import { Kept } from "../../../agent/embedded/kept.ts";

const make = () => new Kept({ maxQueued: 10_000, now: () => 0, wall: () => undefined });
const content = (topic: string, bytes = 1) => ({ topic, payload: Buffer.alloc(bytes), qos: 1 as const });

describe("the bounds of the store", () => {
  it("are reached by the number of retained messages, and left by deleting one", () => {
    const kept = make();
    for (let number = 0; number < 10_000; number++) expect(kept.retain(content(`t/${number}`))).toBe(true);
    expect(kept.retain(content("one-more"))).toBe(false);
    expect(kept.retain(content("t/5"))).toBe(true);
    expect(kept.retain(content("t/5", 0))).toBe(true);
    expect(kept.retain(content("one-more"))).toBe(true);
  });

  it("are reached by the size of retained messages, which may get smaller", () => {
    const kept = make();
    const large = 250_000;
    let count = 0;
    while (kept.retain(content(`t/${count}`, large))) count++;
    expect(count).toBe(Math.floor((16 * 1024 * 1024) / (large + 103)));
    expect(kept.retain(content("t/1", large + 200_000))).toBe(false);
    expect(kept.retain(content("t/1", large - 1))).toBe(true);
  });

  it("are reached by the sessions, and by the filters of one", () => {
    const kept = make();
    const first = kept.open("first");
    if (!first) throw new Error("there is no room for one session");
    for (let number = 1; number < 1000; number++) expect(kept.open(`client-${number}`)).toBeDefined();
    expect(kept.open("one-more")).toBeUndefined();
    kept.end(first);
    const again = kept.open("one-more");
    if (!again) throw new Error("there is no room for another session");
    expect(
      kept.hasRoomForFilters(
        again,
        Array.from({ length: 1000 }, (_, number) => `${number}`),
      ),
    ).toBe(true);
    expect(
      kept.hasRoomForFilters(
        again,
        Array.from({ length: 1001 }, (_, number) => `${number}`),
      ),
    ).toBe(false);
    expect(kept.hasRoomForFilters(again, ["x".repeat(60_000)])).toBe(true);
    expect(kept.hasRoomForFilters(again, ["x".repeat(60_000), "y".repeat(10_000)])).toBe(false);
  });

  it("are reached by what waits for one client, and by what waits for all", () => {
    const kept = make();
    const message = content("t", 100_000);
    const fill = (client: string) => {
      const session = kept.open(client);
      if (!session) throw new Error("there is no room for a session");
      let count = 0;
      for (; kept.hasRoom(session, message); count++) {
        const n = kept.nextNumber();
        session.add({ ...message, n, counter: n });
      }
      return count;
    };
    const one = fill("a");
    expect(one).toBe(Math.floor((4 * 1024 * 1024) / 100_101));
    const all = Array.from({ length: 9 }, (_, number) => fill(`b${number}`)).reduce((sum, count) => sum + count, one);
    expect(all).toBe(Math.floor((32 * 1024 * 1024) / 100_101));
    for (const session of [...kept.sessions.values()]) kept.end(session);
    expect(kept.queued).toEqual({ count: 0, bytes: 0 });
  });
});

describe("a snapshot of the store", () => {
  it("ends, however fast messages come and go meanwhile", () => {
    const kept = make();
    const session = kept.open("reader");
    if (!session) throw new Error("there is no room for a session");
    const add = () => {
      const n = kept.nextNumber();
      session.add({ ...content("t"), n, counter: n });
      kept.retain(content(`t/${n}`));
    };
    for (let count = 0; count < 3; count++) add();
    let records = 0;
    for (const record of kept.snapshot([])) {
      expect(++records).toBeLessThan(50);
      const [first] = session.queue;
      if (first) session.remove(first);
      if ("topic" in record) kept.retain({ ...content(record.topic, 0) });
      add();
    }
  });

  it("has what is written but in no queue yet, once a queue may have it already", () => {
    const kept = make();
    const session = kept.open("sleeper");
    if (!session) throw new Error("there is no room for a session");
    const record = {
      topic: "t",
      qos: 1 as const,
      payload: "a",
      n: kept.nextNumber(),
      to: [[session.number, 1]] as [number, 1][],
      retain: true,
    };
    kept.retain(content("t", 5));
    const snapshot = kept.snapshot([record]);
    const records = [];
    for (const one of snapshot) {
      records.push(one);
      // It gets into its queue while the snapshot is made.
      if ("n" in one && records.filter((other) => "n" in other).length === 1) session.add({ ...content("t"), n: record.n, counter: 1 });
    }
    const again = make();
    for (const one of records) expect(again.apply(JSON.parse(JSON.stringify(one)))).toBe(true);
    expect(again.queued.count).toBe(1);
    expect([...again.retained].map(({ payload }) => payload.toString())).toEqual(["a"]);
  });
});
