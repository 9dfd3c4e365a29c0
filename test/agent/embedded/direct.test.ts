import { once } from "node:events";
import { Writable } from "node:stream";
import { expect, it, onTestFinished, vi } from "vitest";
import { deliverDirectly, type Receiver } from "../../../agent/embedded/direct.ts";
import { patience } from "../shell/fixture.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket, publishPacket, subscribePacket } from "./wire.ts";

const message = {
  cmd: "publish",
  topic: "a",
  payload: Buffer.from("x"),
  qos: 1,
  retain: false,
  dup: false,
  brokerId: "b",
  brokerCounter: 2,
};

/** A client as aedes has it. */
function newReceiver({ clean = true, reads = true } = {}) {
  const pieces: string[] = [];
  const connection = new Writable({
    highWaterMark: 5,
    write: (chunk: Buffer, _encoding, done) => {
      pieces.push(chunk.toString("hex"));
      if (reads) done();
    },
  });
  const receiver = {
    clean,
    connecting: false,
    connected: true,
    duplicates: {},
    _nextId: 65_535,
    broker: { authorizeForward: (_client: unknown, packet: object) => packet },
    deliver0: vi.fn(),
    deliverQoS: vi.fn(),
    waitForDrain: vi.fn(),
  };
  const aedes = { deliverQoS: receiver.deliverQoS };
  deliverDirectly(receiver as never, connection);
  return { receiver: receiver as unknown as Receiver, aedes, pieces };
}

it("a message leaves at once and in one piece, and whoever gave it goes on later", async () => {
  const { receiver, pieces } = newReceiver();
  const done = vi.fn();
  receiver.deliverQoS(message as never, done);
  receiver.deliver0({ ...message, brokerCounter: 3 } as never, done);
  receiver.deliverQoS({ ...message, brokerCounter: 4 } as never, done);
  const hex = (bytes: Buffer) => bytes.toString("hex");
  expect(pieces).toEqual([
    hex(publishPacket("a", "x", { qos: 1, id: 65_535 })),
    hex(publishPacket("a", "x")),
    hex(publishPacket("a", "x", { qos: 1, id: 1 })),
  ]);
  expect(done).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(3), patience);
});

it("nobody gets a message twice, or after a younger one", () => {
  const { receiver, pieces } = newReceiver();
  for (const brokerCounter of [2, 2, 1]) receiver.deliver0({ ...message, brokerCounter } as never, () => undefined);
  expect(pieces).toHaveLength(1);
});

it("whoever gave it waits when there is no more room, and hears nothing of why the wait ended", () => {
  const { receiver } = newReceiver({ reads: false });
  const done = vi.fn();
  receiver.deliver0(message as never, done);
  const [[goOn] = []] = vi.mocked(receiver.waitForDrain).mock.calls;
  expect(done).not.toHaveBeenCalled();
  goOn?.(new Error("connection closed"));
  expect(done).toHaveBeenCalledWith();
});

it.each([0, 1, 2] as const)("a client that asks for what is retained with QoS %i and leaves at once takes nothing with it", async (qos) => {
  const broker = await storeWorld({ disk: false }).start();
  for (let index = 0; index < 50; index++) await broker.publish({ topic: `a/${index}`, payload: "x", qos, retain: true });
  const reader = await wire(broker.port, "reader", { clean: true });
  reader.socket.write(Buffer.concat([subscribePacket([["#", qos]]), Buffer.from([0xe0, 0])]));
  await once(reader.socket, "close");
  const next = await wire(broker.port, "next", { clean: true });
  await next.subscribe("a/#", qos);
  await vi.waitFor(() => expect(next.payloads).toHaveLength(50), patience);
});

it("a session that outlives its connection is served by aedes", () => {
  const { receiver, aedes, pieces } = newReceiver({ clean: false });
  receiver.deliverQoS(message as never, () => undefined);
  expect(aedes.deliverQoS).toHaveBeenCalledOnce();
  expect(pieces).toEqual([]);
});

it("messages of every QoS that come in one read all arrive, while the store is asked for sessions", async () => {
  const broker = await storeWorld().start();
  const [reader, sleeper] = [await wire(broker.port, "reader", { clean: true }), await wire(broker.port, "sleeper")];
  await reader.subscribe("a", 2);
  await sleeper.subscribe("a", 1);
  const qos = [1, 0, 2, 0, 1, 1, 0, 2];
  const sender = await wire(broker.port, "sender", { clean: true });
  sender.socket.write(Buffer.concat(qos.map((qos, index) => publishPacket("a", String(index), { qos, id: index + 1 }))));
  const all = qos.map((_, index) => String(index)).sort();
  await vi.waitFor(() => expect(reader.payloads.toSorted()).toEqual(all), patience);
  await vi.waitFor(() => expect(sleeper.payloads.toSorted()).toEqual(all), patience);
});

it.each([0, 1, 2] as const)("a bridge without a session does not get back what it sends with QoS %i", async (qos) => {
  const broker = await storeWorld({ disk: false }).start();
  const bridge = new Wire(broker.port);
  onTestFinished(() => bridge.close());
  bridge.socket.write(connectPacket({ id: "bridge", level: 0x84 }));
  await bridge.next(2);
  await bridge.subscribe("a", qos);
  bridge.send("a", "its own", { qos });
  await broker.publish({ topic: "a", payload: "another's", qos, retain: false });
  const sender = await wire(broker.port, "sender", { clean: true });
  await vi.waitFor(() => expect(bridge.payloads).toContain("another's"), patience);
  sender.send("a", "last", { qos });
  await vi.waitFor(() => expect(bridge.payloads).toContain("last"), patience);
  expect(bridge.payloads).toEqual(["another's", "last"]);
});

it.each([
  { disk: true, retain: true, sleeps: false },
  { disk: true, retain: false, sleeps: true },
  { disk: false, retain: true, sleeps: false },
])("what comes with QoS 1 and behind it with QoS 0 in one read stays in this order: %o", async ({ disk, retain, sleeps }) => {
  const broker = await storeWorld({ disk }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("a", 1);
  if (sleeps) await (await wire(broker.port, "sleeper")).subscribe("a", 1);
  const sender = await wire(broker.port, "sender", { clean: true });
  const sent = ["on", "off", "on again", "off again", "off for good"];
  const packets = sent.map((payload, index) =>
    publishPacket("a", payload, { qos: payload.startsWith("on") ? 1 : 0, id: index + 1, retain }),
  );
  sender.socket.write(Buffer.concat(packets));
  await vi.waitFor(() => expect(reader.payloads).toHaveLength(sent.length), patience);
  expect(reader.payloads).toEqual(sent);
  if (retain) expect(broker.retained.get("a")?.payload.toString()).toBe("off for good");
});
