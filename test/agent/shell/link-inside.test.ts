import type { Duplex } from "node:stream";
import { expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { portPair } from "../../../agent/embedded/port-stream.ts";
import type { LinkOptions } from "../../../agent/shell/link.ts";
import { builtInUrl } from "../../../agent/shell/link-dial.ts";
import { observe, silentLog } from "../../brokers.ts";
import { patience } from "./fixture.ts";
import { offline, P, probe, state, untilOnline } from "./link-contract.ts";

async function meet(changes: Partial<LinkOptions> = {}) {
  const access = new Access({ anonymous: true, users: null });
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    access,
    sysInterval: 20,
    version: "0.0.0-test",
    log: silentLog,
    now: () => performance.now(),
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  const streams: Duplex[] = [];
  const connect = () => {
    const stream = broker.connect();
    streams.push(stream);
    return stream;
  };
  const server = { url: builtInUrl, ...access.own, connect };
  const made = probe(builtInUrl, { protocol: "3.1.1", ...changes, server });
  onTestFinished(() => made.link.stop([]));
  made.link.start();
  await untilOnline(made.link);
  const observer = await observe({ url: `mqtt://127.0.0.1:${broker.addresses[0]?.port}` }, "#");
  onTestFinished(() => observer.stop());
  await vi.waitFor(() => expect(observer.payloads(`${P}/status`)).toEqual(["online"]), patience);
  return { ...made, broker, access, observer, streams };
}

it("speaks with the broker of its process as with any other, is heard, and is counted", async () => {
  const { link, messages, observer, broker } = await meet();
  expect(link.view).toMatchObject({ server: "built-in broker", version: "3.1.1", problem: null });
  await observer.client.publishAsync(`${P}/out/lamp/set`, "ON", { qos: 1 });
  await vi.waitFor(() => expect(messages.map(({ payload }) => payload.toString())).toEqual(["ON"]), patience);
  link.publish(state("out/lamp/state", "x".repeat(200_000)));
  await vi.waitFor(() => expect(observer.payloads(`${P}/out/lamp/state`).at(-1)).toHaveLength(200_000), patience);
  expect(link.bytes.sent).toBeGreaterThan(200_000);
  expect(link.bytes.received).toBeGreaterThan(50);
  expect(broker.clients).toBe(2);
  expect(link.view.sent).toBeGreaterThan(4);
});

it("says goodbye, and its will is published when the broker loses it", async () => {
  const first = await meet();
  await first.link.stop([offline]);
  await vi.waitFor(() => expect(first.observer.payloads(`${P}/status`)).toEqual(["online", "offline"]), patience);
  await vi.waitFor(() => expect(first.broker.clients).toBe(1), patience);
  const second = await meet({ backoff: { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } } });
  second.streams[0]?.destroy();
  await vi.waitFor(() => expect(second.observer.payloads(`${P}/status`)).toEqual(["online", "offline"]), patience);
  await vi.waitFor(() => expect(second.link.view.problem).toContain("the built-in broker closed the connection"), patience);
});

it("delivers a burst that is larger than its buffers, whole and in order", async () => {
  const { link, observer } = await meet();
  const settled = new Set<number>();
  for (let count = 0; count < 900; count++) {
    const payload = `${count} ${"x".repeat(4_000)}`;
    link.publish({ topic: `${P}/burst`, payload, qos: 1, retain: false, kind: "event" }, () => settled.add(count));
  }
  await vi.waitFor(() => expect(observer.payloads(`${P}/burst`)).toHaveLength(900), patience);
  expect(observer.payloads(`${P}/burst`).map((payload) => Number.parseInt(payload, 10))).toEqual(Array.from({ length: 900 }, (_, i) => i));
  await vi.waitFor(() => expect(settled.size).toBe(900), patience);
});

it("holds the writer back while the other side does not read", async () => {
  const [one, other] = portPair();
  onTestFinished(() => void [one.destroy(), other.destroy()]);
  const chunk = Buffer.alloc(4 * 1024, 1);
  let written = 0;
  while (one.write(chunk)) written++;
  // Nobody reads: what is accepted is bounded, and `drain` does not come.
  const drained = vi.fn();
  one.on("drain", drained);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  while (one.writableLength < 64 * 1024) one.write(chunk);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(one.writableNeedDrain).toBe(true);
  expect(other.readableLength + one.writableLength).toBeLessThan(512 * 1024);
  let read = 0;
  other.on("data", (bytes: Buffer) => {
    read += bytes.length;
  });
  const all = one.bytesWritten;
  await vi.waitFor(() => expect([one.writableLength, one.writableNeedDrain]).toEqual([0, false]), patience);
  expect(read).toBeGreaterThanOrEqual(all);
  expect(written).toBeGreaterThan(0);
});

it("shares no buffer between the sides, and tells the end of one to the other", async () => {
  const [one, other] = portPair();
  const got: Buffer[] = [];
  other.on("data", (bytes: Buffer) => got.push(bytes));
  const mine = Buffer.from("before");
  one.write(mine, () => mine.fill("x"));
  await vi.waitFor(() => expect(mine.toString()).toBe("xxxxxx"), patience);
  expect(Buffer.concat(got).toString()).toBe("before");
  const closed = vi.fn();
  other.on("close", closed);
  one.destroy(new Error("gone"));
  one.on("error", () => undefined);
  await vi.waitFor(() => expect(closed).toHaveBeenCalled(), patience);
  expect(other.readableEnded).toBe(true);
});
