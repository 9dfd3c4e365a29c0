import { expect, it, vi } from "vitest";
import { patience } from "../shell/fixture.ts";
import { type Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

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
