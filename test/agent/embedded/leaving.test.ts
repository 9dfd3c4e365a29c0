import { once } from "node:events";
import { expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { keptHash } from "../../../agent/embedded/password-file.ts";
import { patience } from "../shell/fixture.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket, publishPacket, subscribePacket, unsubscribePacket } from "./wire.ts";

const disks = [{ disk: true }, { disk: false }];

it.each(disks)("what comes in one read, with any QoS and behind its CONNECT, stays in its order: %o", async ({ disk }) => {
  const broker = await storeWorld({ disk }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("a", 2);
  const sleeper = await wire(broker.port, "sleeper");
  await sleeper.subscribe("a", 2);
  const qos = [1, 2, 0, 2, 1, 0, 1, 1, 2, 0, 0, 2, 2, 1];
  const packets = (from: number) => qos.map((one, index) => publishPacket("a", String(from + index), { qos: one, id: from + index }));
  const sender = new Wire(broker.port);
  onTestFinished(() => sender.close());
  sender.socket.write(Buffer.concat([connectPacket({ id: "sender" }), ...packets(1)]));
  await vi.waitFor(() => expect(reader.payloads).toHaveLength(qos.length), patience);
  sender.socket.write(Buffer.concat(packets(101)));
  await vi.waitFor(() => expect(reader.payloads).toHaveLength(2 * qos.length), patience);
  const sent = [...qos.keys(), ...[...qos.keys()].map((index) => 100 + index)].map((index) => index + 1);
  expect(reader.payloads.map(Number)).toEqual(sent);
  const kept = sent.filter((number) => (qos[(number % 100) - 1] ?? 0) > 0);
  await vi.waitFor(() => expect(sleeper.payloads.map(Number).filter((number) => kept.includes(number))).toEqual(kept), patience);
});

it.each([
  [0, 0],
  [0, 1],
  [2, 1],
] as const)("who unsubscribes and subscribes again in one read is subscribed, once: QoS %i and %i", async (before, after) => {
  const broker = await storeWorld({ disk: false }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("a", before);
  reader.socket.write(Buffer.concat([unsubscribePacket(["a"]), subscribePacket([["a", after]])]));
  await vi.waitFor(() => expect(reader.count(9)).toBe(2), patience);
  await broker.publish({ topic: "a", payload: "x", qos: 1, retain: false });
  await vi.waitFor(() => expect(reader.payloads).toEqual(["x"]), patience);
  reader.socket.write(Buffer.concat([unsubscribePacket(["a"]), subscribePacket([["b", 0]])]));
  await vi.waitFor(() => expect(reader.count(9)).toBe(3), patience);
  for (const topic of ["a", "b"]) await broker.publish({ topic, payload: topic, qos: 1, retain: false });
  await vi.waitFor(() => expect(reader.payloads).toEqual(["x", "b"]), patience);
});

it.each(disks)("the wills of those who have to go at the same time all come: %o", async ({ disk }) => {
  const access = new Access({ anonymous: true, users: new Map([["user", keptHash("word")]]) });
  const broker = await storeWorld({ disk }).start({ access });
  await (await wire(broker.port, "sleeper")).subscribe("will/#", 1);
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("will/#", 2);
  const all = [1, 0, 2, 0, 1, 0].map((qos, index) => ({ topic: `will/${index}`, payload: String(index), qos }));
  for (const will of all) {
    const client = new Wire(broker.port);
    onTestFinished(() => client.close());
    client.socket.write(connectPacket({ id: will.topic, will, username: "user", password: "word" }));
    await client.next(2);
  }
  access.rules = { anonymous: true, users: new Map() };
  broker.expel();
  await vi.waitFor(() => expect(reader.payloads.toSorted()).toEqual(["0", "1", "2", "3", "4", "5"]), patience);
});

it("who says goodbye while it is let in, in a packet of its own, is gone", async () => {
  const broker = await storeWorld({ disk: false }).start();
  for (let count = 0; count < 50; count++) {
    const client = broker.connect();
    client.resume();
    client.write(connectPacket({ id: `client-${count}`, clean: false }));
    await new Promise(setImmediate);
    client.write(Buffer.from([0xe0, 0]));
    await once(client, "close");
  }
  await vi.waitFor(() => expect(broker.clients).toBe(0), patience);
});

it("what comes behind a CONNECT in many reads stays in its order, though nobody wants the first of it", async () => {
  const broker = await storeWorld({ disk: false }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("a", 0);
  const sender = new Wire(broker.port);
  onTestFinished(() => sender.close());
  const sent = Array.from({ length: 500 }, (_, index) => String(index));
  const packets = sent.map((payload) => publishPacket("a", payload.padEnd(2000), { qos: 0 }));
  sender.socket.write(Buffer.concat([connectPacket({ id: "sender" }), publishPacket("nobody", "x", { qos: 0 }), ...packets]));
  await vi.waitFor(() => expect(reader.payloads).toHaveLength(sent.length), patience);
  expect(reader.payloads.map((payload) => payload.trim())).toEqual(sent);
});

it("who acknowledges behind its CONNECT what it was not given is read on", async () => {
  const broker = await storeWorld({ disk: false }).start();
  const client = new Wire(broker.port);
  onTestFinished(() => client.close());
  const [ping, acknowledgement] = [Buffer.from([0xc0, 0]), Buffer.from([0x40, 2, 0, 1])];
  client.socket.write(Buffer.concat([connectPacket({ id: "client" }), ping, ...Array.from({ length: 10 }, () => acknowledgement)]));
  await vi.waitFor(() => expect(client.count(13)).toBe(1), patience);
  client.socket.write(ping);
  await vi.waitFor(() => expect(client.count(13)).toBe(2), patience);
});

it("who sends and sends, and does not take what waits for it, is not read for ever", async () => {
  const broker = await storeWorld({ disk: false }).start({ limits: { maxQueuedBytes: 20_000 } });
  const before = await wire(broker.port, "sleeper");
  await before.subscribe("a", 1);
  await before.close();
  await vi.waitFor(() => expect(broker.stored?.disconnected).toBe(1), patience);
  for (let count = 0; count < 100; count++) await broker.publish({ topic: "a", payload: "x".repeat(1000), qos: 1, retain: false });
  const sleeper = new Wire(broker.port);
  onTestFinished(() => sleeper.close());
  sleeper.socket.write(Buffer.concat([connectPacket({ id: "sleeper", clean: false }), publishPacket("b", "x", { qos: 0 })]));
  await vi.waitFor(() => expect(sleeper.payloads.length).toBeGreaterThanOrEqual(20), patience);
  for (let count = 0; count < 1000; count++) {
    sleeper.socket.write(publishPacket("b", "x".repeat(1000), { qos: 0 }));
    await new Promise(setImmediate);
  }
  // Who is answered now came behind all of it.
  await wire(broker.port, "other", { clean: true });
  broker.setSysInterval(3_600_000);
  expect(Number(broker.retained.get("$SYS/broker/messages/received")?.payload)).toBeLessThan(500);
});

it.each(disks)("a QoS 2 message of who leaves at once is published, and its identifier is free again: %o", async ({ disk }) => {
  const broker = await storeWorld({ disk }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("a", 2);
  const first = new Wire(broker.port);
  first.socket.write(Buffer.concat([connectPacket({ id: "sender" }), publishPacket("a", "1", { qos: 2, id: 1 }), Buffer.from([0xe0, 0])]));
  await once(first.socket, "close");
  await vi.waitFor(() => expect(reader.payloads).toEqual(["1"]), patience);
  const second = await wire(broker.port, "sender");
  second.send("a", "2", { qos: 2, id: 1 });
  await second.next(7);
  await vi.waitFor(() => expect(reader.payloads).toEqual(["1", "2"]), patience);
});
