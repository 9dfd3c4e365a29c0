import { expect, it, onTestFinished, vi } from "vitest";
import { patience } from "../shell/fixture.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { subscribePacket } from "./wire.ts";

const ping = Buffer.from([0xc0, 0]);

it("what came with a CONNECT is answered, though what waits for the client never comes to an end", async () => {
  const broker = await storeWorld({ disk: false }).start();
  const before = await wire(broker.port, "sleeper");
  await before.subscribe("a", 1);
  await before.close();
  await vi.waitFor(() => expect(broker.stored?.disconnected).toBe(1), patience);
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  // Each turn brings more than one leaves in.
  const fill = () => {
    if (isOver) return;
    for (let count = 0; count < 3; count++) void broker.publish({ topic: "a", payload: "x", qos: 1, retain: false });
    setImmediate(fill);
  };
  fill();
  await vi.waitFor(() => expect(broker.stored?.queued).toBeGreaterThan(100), patience);
  const client = new Wire(broker.port);
  onTestFinished(() => client.close());
  client.socket.cork();
  const joining = client.connect("sleeper");
  client.socket.write(Buffer.concat([subscribePacket([["b", 0]]), ping]));
  client.socket.uncork();
  expect(await joining).toBe(true);
  await vi.waitFor(() => expect([client.count(9), client.count(13)]).toEqual([1, 1]), patience);
  expect(broker.stored?.queued).toBeGreaterThan(0);
});

it.each([
  ["unsubscribes", (client: Wire) => client.unsubscribe("a")],
  ["asks for QoS 0", (client: Wire) => client.subscribe("a", 0)],
] as const)("who %s while it is given what waits gets that with its QoS, and once", async (_, ask) => {
  const broker = await storeWorld({ disk: false }).start();
  const before = await wire(broker.port, "sleeper");
  await before.subscribe("a", 1);
  await before.close();
  await vi.waitFor(() => expect(broker.stored?.disconnected).toBe(1), patience);
  for (let count = 0; count < 500; count++) await broker.publish({ topic: "a", payload: String(count), qos: 1, retain: false });
  const client = await wire(broker.port, "sleeper");
  await ask(client);
  await vi.waitFor(() => expect(client.payloads).toHaveLength(500), patience);
  expect(client.got.filter(({ type, qos }) => type === 3 && qos !== 1)).toEqual([]);
  await vi.waitFor(() => expect(broker.stored?.queued).toBe(0), patience);
});
