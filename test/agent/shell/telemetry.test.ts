import { readdirSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Publication, Settled } from "../../../agent/shell/link.ts";
import { Outbox } from "../../../agent/shell/outbox.ts";
import { createTelemetry } from "../../../agent/shell/telemetry.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";

const state = "p/n/sensor/attic/state";
const history = "p/n/sensor/attic/history";

/** A broker of the test's own making, and what waits for it, in memory or in a folder. */
function world({ dir = null, count = 100 }: { dir?: string | null; count?: number } = {}) {
  const clock = { mono: 1_000_000, now: () => clock.mono, wall: () => Date.UTC(2026, 10, 21) + clock.mono };
  const broker = { online: true, got: [] as Publication[], waiting: [] as Settled[] };
  const link = {
    publish(publication: Publication, settled: Settled = () => {}) {
      if (!broker.online) return false;
      broker.got.push(publication);
      broker.waiting.push(settled);
      return true;
    },
  };
  const limits = { count, bytes: 1_000_000, window: 16 };
  const ring = new Outbox({ holding: "readings", dir, boot: "boot-1", limits, link: () => link, clock, log: keptLog() }).load();
  onTestFinished(() => ring.close());
  const telemetry = createTelemetry({ link: () => link, ring, ttl: 60_000 });
  const read = (temperature: number) => {
    const ts = new Date(clock.wall()).toISOString();
    const payload = JSON.stringify({ temperature, ts, quality: "ok" });
    telemetry({ kind: "state", topic: state, payload, qos: 0, retain: true }, { topic: history, ts });
  };
  const come = () => {
    broker.online = true;
    ring.connected();
  };
  const values = () => broker.got.map(({ topic, payload }) => [topic, JSON.parse(payload.toString()).temperature]);
  const answer = (error?: Error) => {
    for (const settled of broker.waiting.splice(0)) settled(error);
  };
  return { clock, broker, ring, read, come, values, answer };
}

describe("a reading", () => {
  it("is a retained state while the broker is there, and nothing waits", () => {
    const { ring, read, values, broker } = world();
    read(1);
    expect(values()).toEqual([[state, 1]]);
    expect(broker.got[0]).toMatchObject({ kind: "state", retain: true });
    expect(ring.depth).toBe(0);
  });

  it("that the broker did not get comes later, in order, not retained, with the time of then and the mark", () => {
    const { broker, ring, clock, read, come, values } = world();
    broker.online = false;
    for (const value of [1, 2, 3]) {
      clock.mono += 1000;
      read(value);
    }
    expect(ring.depth).toBe(3);
    clock.mono += 5000;
    come();
    expect(values()).toEqual([1, 2, 3].map((value) => [history, value]));
    for (const { kind, retain, qos } of broker.got) expect([kind, retain, qos]).toEqual(["history", false, 1]);
    const [first] = broker.got.map(({ payload }) => JSON.parse(payload.toString()));
    expect(first).toEqual({
      temperature: 1,
      ts: new Date(Date.UTC(2026, 10, 21) + 1_001_000).toISOString(),
      quality: "ok",
      historical: true,
    });
  });

  it("that was on its way when the connection ended comes later as well, but not one that the broker has refused", () => {
    const { ring, read, answer } = world();
    read(1);
    answer(Object.assign(new Error("not authorised"), { code: 0x87 }));
    expect(ring.depth).toBe(0);
    read(2);
    answer(undefined);
    expect(ring.depth).toBe(0);
    read(3);
    answer(new Error("the connection ended"));
    // What waits tries at once; this broker takes it.
    expect(ring.depth).toBe(1);
  });

  it("pushes out the oldest when too many wait, which is counted, and is given up when it is too old", () => {
    const { broker, ring, clock, read, come, values } = world({ count: 3 });
    broker.online = false;
    for (const value of [1, 2, 3, 4, 5]) read(value);
    clock.mono += 30_000;
    read(6);
    clock.mono += 40_000;
    come();
    expect(values()).toEqual([[history, 6]]);
    expect(ring.dropped).toEqual({ expired: 2, full: 3, refused: 0 });
  });

  it("waits on disk for the next run, in a file of its own", async () => {
    const dir = tempFolder();
    const first = world({ dir });
    first.broker.online = false;
    for (const value of [1, 2]) first.read(value);
    await first.ring.close();
    expect(readdirSync(dir)).toEqual(["telemetry.jsonl"]);
    const second = world({ dir });
    second.come();
    expect(second.values()).toEqual([1, 2].map((value) => [history, value]));
    expect(second.broker.got.every(({ kind, retain }) => kind === "history" && !retain)).toBe(true);
    second.answer();
    await second.ring.close();
    await eventually(() => world({ dir }).ring.depth).toBe(0);
  });
});
