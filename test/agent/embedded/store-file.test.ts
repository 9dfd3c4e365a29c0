import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { Journal } from "../../../agent/embedded/journal.ts";
import { Kept } from "../../../agent/embedded/kept.ts";
import type { StoreRecord } from "../../../agent/embedded/store-record.ts";
import { checkedLine } from "../../../agent/shell/checked-line.ts";
import { observe } from "../../brokers.ts";
import { eventually, keptLog, tempFolder } from "../shell/fixture.ts";
import { wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

/** A file with one of each record, and what a life of the broker finds in it. */
const written: StoreRecord[] = [
  { session: 1, client: "sleeper" },
  { sub: 1, filters: [["t/#", 2]] },
  { gone: 1, at: Date.UTC(2026, 10, 21) },
  // Out of order, as in a file that was written anew.
  { topic: "t/x", qos: 2, payload: "b", n: 2, to: [[1, 2]], retain: false, from: [1, 77] },
  { topic: "r/1", qos: 0, payload: "one" },
  { topic: "r/2", qos: 0, base64: "/wD/" },
  { topic: "t/x", qos: 1, payload: "a", n: 1, to: [[1, 1]], retain: true },
  { sent: 1, n: 2, id: 9 },
  { rec: 1, n: 2 },
  { topic: "t/x", qos: 1, payload: "c", n: 3, to: [[1, 1]], retain: false },
  { ack: 1, n: 3 },
  { rel: 1, id: 77 },
];
const text = [{ format: 1 }, ...written].map(checkedLine).join("");

/** What is in a file; through the two parts that read it, since a broker for each of its bytes would take minutes. */
async function read(bytes: Buffer | string) {
  const file = `${tempFolder()}/broker.jsonl`;
  writeFileSync(file, bytes);
  const log = keptLog();
  const kept = new Kept({ maxQueued: 10, now: () => 0, wall: () => undefined });
  const journal = new Journal({ file, log, snapshot: () => kept.snapshot([]), onProblem: () => undefined });
  await journal.load((record) => kept.apply(record as StoreRecord));
  await journal.close();
  let counter = 0;
  kept.loaded(() => ++counter);
  const sessions = [...kept.sessions.values()].map(({ client, filters, queue, incoming }) => ({
    client,
    filters: [...filters],
    queue: [...queue].map(({ payload, id, released }) => [payload.toString(), id, released]),
    incoming: [...incoming],
  }));
  return {
    file,
    log: log.entries,
    sessions,
    retained: [...kept.retained].map(({ topic, payload }) => [topic, payload.toString("latin1")]),
  };
}

const whole = {
  sessions: [
    {
      client: "sleeper",
      filters: [["t/#", 2]],
      queue: [
        ["a", undefined, undefined],
        ["b", 9, true],
      ],
      incoming: [],
    },
  ],
  retained: [
    ["r/1", "one"],
    ["r/2", "\xff\0\xff"],
    ["t/x", "a"],
  ],
};

describe("the file of the store", () => {
  it("is read as it was written, by this version and by those that come", async () => {
    expect(await read(text)).toMatchObject({ ...whole, log: [] });
    // Byte for byte: a file that stays on a disk over an upgrade.
    expect(checkedLine(written[6])).toBe('e49a678e {"topic":"t/x","qos":1,"payload":"a","n":1,"to":[[1,1]],"retain":true}\n');
  });

  it("loses only what was cut off, wherever that was", async () => {
    const bytes = Buffer.from(text);
    for (let length = 0; length <= bytes.length; length++) {
      const { log, retained } = await read(bytes.subarray(0, length));
      const ends = text.slice(0, length).split("\n");
      const torn = ends.pop() !== "";
      // A line that lacks its end only is whole.
      const isWhole = text[length] === "\n";
      expect(log.length, `at byte ${length}`).toBe(torn && !isWhole ? 1 : 0);
      const lines = ends.length + (isWhole ? 1 : 0);
      expect(retained, `at byte ${length}`).toEqual(whole.retained.filter((_, index) => lines > 5 + index));
    }
  });

  it("loses a record to a flipped bit, says so once, and nothing else", async () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const { log, file, retained } = await read(changed);
      expect(log.length, `at byte ${at}`).toBe(1);
      expect(log[0]).toMatch(/^warn: .*\/broker\.jsonl: [12] records? could not be read and left out$/);
      // A line's end that is no more takes both lines.
      expect(retained.length).toBeGreaterThanOrEqual(1);
      expect((await read(readFileSync(file))).log).toEqual([]);
    }
  });

  it("passes over a block of NULs that a power cut has left, and goes on behind it", async () => {
    const { log, sessions, retained } = await read(Buffer.concat([Buffer.from(text), Buffer.alloc(480)]));
    expect({ sessions, retained }).toEqual(whole);
    expect(log).toEqual([expect.stringMatching(/: 1 record could not be read and left out$/)]);
  });

  it("is set aside when a newer pinbus has written it, with a sentence", async () => {
    const newer = checkedLine({ format: 2 }) + text;
    const { log, file, retained } = await read(newer);
    expect(retained).toEqual([]);
    expect(log).toEqual([
      `error: ${file} could not be read: it was written by a newer pinbus (format 2; this one knows 1); it is kept as ${file}.bad`,
    ]);
    expect(readFileSync(`${file}.bad`, "utf8")).toBe(newer);
  });
});

describe("the built-in broker after a SIGKILL", () => {
  it("has retained messages, sessions and what waits for them", async () => {
    const world = storeWorld();
    const first = await world.start();
    const sleeper = await wire(first.port, "sleeper");
    await sleeper.subscribe("t/#", 2);
    await sleeper.subscribe("gone", 1);
    await sleeper.unsubscribe("gone");
    await sleeper.close();
    const publisher = await wire(first.port, "publisher", { acknowledges: false });
    await publisher.publish("t/x", "a", { retain: true });
    await publisher.publish("t/x", Buffer.from([0xff, 0, 0xfe]));
    publisher.send("t/x", "twice", { qos: 2, id: 40 });
    await publisher.next(5);
    await publisher.publish("gone", "nobody", { retain: true });
    await publisher.publish("gone", "", { retain: true });
    const second = await world.start();
    expect(second.stored).toMatchObject({ disconnected: 2, queued: 3 });
    const again = await wire(second.port, "publisher");
    again.send("t/x", "twice", { qos: 2, id: 40, dup: true });
    await again.next(7);
    await again.publish("gone", "for nobody");
    await again.publish("t/y", "later");
    const back = await wire(second.port, "sleeper");
    expect(back.got[0]?.body[0]).toBe(1);
    await eventually(() => back.payloads).toEqual(["a", "\ufffd\0\ufffd", "twice", "later"]);
    const all = await observe({ url: `mqtt://127.0.0.1:${second.port}` }, "#");
    await eventually(() => all.seen.map(({ topic, payload }) => [topic, payload])).toEqual([["t/x", "a"]]);
    await all.stop();
    await eventually(() => second.stored?.queued).toBe(0);
    // Nobody waits until that is in the file.
    await eventually(() => readFileSync(world.file, "utf8").match(/"ack":/g)).toHaveLength(4);
    const third = await world.start();
    expect(third.stored).toMatchObject({ queued: 0 });
    // The exchange under this identifier is over.
    const last = await wire(third.port, "publisher");
    last.send("t/x", "another", { qos: 2, id: 40 });
    await last.next(7);
    expect(third.stored).toMatchObject({ queued: 1 });
  });

  it("gives a QoS 2 message that had left under the same identifier", async () => {
    const world = storeWorld();
    const first = await world.start();
    const sleeper = await wire(first.port, "sleeper", { acknowledges: false });
    await sleeper.subscribe("t", 2);
    const publisher = await wire(first.port, "publisher", { clean: true });
    for (const id of [1, 2]) publisher.send("t", `message ${id}`, { qos: 2, id });
    await eventually(() => sleeper.count(3)).toBe(2);
    const [one, two] = sleeper.got.filter(({ type }) => type === 3).map(({ id }) => id);
    sleeper.acknowledge(5, one ?? 0);
    await sleeper.next(6);
    const second = await world.start();
    const back = await wire(second.port, "sleeper");
    await eventually(() => second.stored?.queued).toBe(0);
    expect(back.got.filter(({ type }) => type === 6)[0]?.id).toBe(one);
    expect(back.got.filter(({ type }) => type === 3).map(({ id, dup }) => [id, dup])).toEqual([[two, true]]);
  });

  it("counts the time that a client is away on", async () => {
    const world = storeWorld({ sessionExpiry: 3_600_000 });
    const first = await world.start();
    const sleeper = await wire(first.port, "sleeper");
    await sleeper.subscribe("t", 1);
    await sleeper.close();
    await eventually(() => readFileSync(world.file, "utf8")).toContain('"gone":1,"at":1');
    world.clock.mono += 3_599_000;
    expect((await world.start()).stored).toMatchObject({ disconnected: 1, expired: 0 });
    // A reboot: the monotonic clock begins anew.
    world.clock.epoch += world.clock.mono + 2000;
    world.clock.mono = 0;
    expect((await world.start()).stored).toMatchObject({ disconnected: 0, expired: 1 });
    await eventually(() => readFileSync(world.file, "utf8")).toContain('"end":1');
    expect((await world.start()).stored).toMatchObject({ disconnected: 0, expired: 0 });
  });

  it("keeps nothing of what the agent says itself, which says it anew", async () => {
    const world = storeWorld();
    const access = new Access({ anonymous: true, users: null });
    const first = await world.start({ access });
    const guest = await wire(first.port, "guest", { clean: true });
    await guest.publish("p/n/status", "old", { retain: true });
    const own = await observe({ url: `mqtt://127.0.0.1:${first.port}` }, "x", access.own);
    await own.client.publishAsync("p/n/status", "online", { qos: 1, retain: true });
    await own.client.publishAsync("p/n/out/lamp/state", "ON", { qos: 1, retain: true });
    await own.client.publishAsync("p/n/sensor/a/state", "20", { qos: 0, retain: true });
    await guest.publish("last", "x", { retain: true });
    await own.stop();
    expect(readFileSync(world.file, "utf8")).not.toMatch(/online|lamp|sensor/);
    const second = await world.start();
    const all = await observe({ url: `mqtt://127.0.0.1:${second.port}` }, "#");
    await eventually(() => all.seen.map(({ topic }) => topic)).toEqual(["last"]);
    await all.stop();
  });

  it("writes its file anew under load, and loses nothing at any moment of it", async () => {
    const world = storeWorld({ maxQueued: 100_000 });
    const first = await world.start();
    const sleeper = await wire(first.port, "sleeper");
    await sleeper.subscribe("kept", 1);
    await sleeper.close();
    const publisher = await wire(first.port, "publisher", { clean: true });
    const filler = "x".repeat(20_000);
    const sizes: number[] = [];
    for (let number = 0; number < 400; ) {
      const before = publisher.count(4);
      for (const end = number + 10; number < end; number++) {
        publisher.send("kept", String(number), { qos: 1, id: 1 });
        for (const topic of ["a", "b"]) publisher.send(topic, `${number} ${filler}`, { qos: 1, retain: true, id: 2 });
      }
      await eventually(() => publisher.count(4)).toBe(before + 30);
      sizes.push(statSync(world.file).size);
    }
    const shrinks = sizes.filter((size, index) => size < (sizes[index - 1] ?? 0)).length;
    expect(shrinks).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(4_000_000);
    const second = await world.start();
    expect(second.stored).toMatchObject({ queued: 400 });
    const all = await observe({ url: `mqtt://127.0.0.1:${second.port}` }, "#");
    await eventually(() => all.seen.map(({ topic, payload }) => [topic, payload.slice(0, 4)])).toEqual([
      ["a", "399 "],
      ["b", "399 "],
    ]);
    await all.stop();
    const back = await wire(second.port, "sleeper");
    await eventually(() => back.payloads.length).toBe(400);
    expect(back.payloads).toEqual(Array.from({ length: 400 }, (_, number) => String(number)));
  });
});

describe("a disk that cannot be written", () => {
  it("holds nobody up, is told, and has everything when it can be written again", async () => {
    const file = `${tempFolder()}/broker.jsonl`;
    const log = keptLog();
    const problems: (string | null)[] = [];
    const all: object[] = [];
    const journal = new Journal({ file, log, retryEvery: 10, snapshot: () => all, onProblem: (problem) => problems.push(problem) });
    await journal.load(() => true);
    const add = (name: string) => {
      const record = { name };
      all.push(record);
      return new Promise<void>((resolve) => journal.add(record, resolve));
    };
    // Full for the file, and no room for a new one.
    symlinkSync("/dev/full", file);
    mkdirSync(`${file}.new`);
    await add("a");
    await add("b");
    expect(problems).toEqual([expect.stringMatching(/broker\.jsonl could not be written: ENOSPC.*lost with a restart$/)]);
    rmdirSync(`${file}.new`);
    await eventually(() => problems.at(-1)).toBe(null);
    await add("c");
    await journal.close();
    expect(readFileSync(file, "utf8").match(/"name":"."/g)).toEqual(['"name":"a"', '"name":"b"', '"name":"c"']);
    expect(log.entries).toEqual([expect.stringMatching(/^error/), `info: ${file} can be written again`]);
    rmSync(file);
  });
});
