import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { type Bridge, createBridge } from "../../../agent/bridge.ts";
import { keyOf } from "../../../agent/embedded/bridge-port.ts";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { checkedLine } from "../../../agent/shell/checked-line.ts";
import { systemClock } from "../../../agent/shell/clock.ts";
import { observe, startEmbedded } from "../../brokers.ts";
import { configOf, host } from "../../config/loading.ts";
import { eventually, keptLog, patience } from "../shell/fixture.ts";
import { wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

/** A bridge in this process, of a broker that has nothing retained. */
function bridgeTo(port: number, topics: string, more = "", name = "site1") {
  const log = keptLog();
  const text = `broker: { bridge: { server: "127.0.0.1:${port}", client_id: ${name}, protocol: 3.1.1, topics: [${topics}]${more} } }`;
  const bridge = createBridge({
    config: configOf(text),
    host,
    topics: { commandFilters: ["c/+", "n/+", "z/+", "r/+", "v/+", "k/+", "w/+"] },
    clock: systemClock,
    log,
    retained: () => new Map(),
    onProblem: () => undefined,
  });
  onTestFinished(() => bridge.stop());
  return Object.assign(bridge as Bridge, { log });
}

/** A central broker that takes everything, and acknowledges no publication. */
async function stalled(): Promise<{ port: number; bytes: number }> {
  const sockets: Socket[] = [];
  const central = { port: 0, bytes: 0 };
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    socket.once("data", () => {
      socket.write(Buffer.from([0x20, 2, 0, 0]));
      socket.on("data", ({ length }) => {
        central.bytes += length;
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  central.port = (server.address() as AddressInfo).port;
  return central;
}

it("what is too many for a central broker that acknowledges nothing leaves the store, too, and does not come back", async () => {
  const central = await stalled();
  const world = storeWorld();
  const bridge = bridgeTo(central.port, "{ filter: t, direction: out }", ", max_queued: 100, notifications: local");
  const broker = await world.start({ bridge: bridge.port });
  const publisher = await wire(broker.port, "publisher", { clean: true });
  await publisher.publish("t", "first");
  bridge.start();
  await eventually(() => central.bytes).toBeGreaterThan(0);
  for (let number = 1; number < 300; number++) await publisher.publish("t", String(number));
  expect(bridge.outbox.dropped).toEqual({ expired: 0, full: 200, refused: 0 });
  expect(broker.stored).toMatchObject({ queued: 100, dropped: 0 });
  await bridge.stop();
  await broker.stop();
  const again = bridgeTo(central.port, "{ filter: t, direction: out }");
  await world.start({ bridge: again.port });
  expect(again.outbox.depth).toBe(100);
});

it("a bridge has a place beside as many sessions as there may be", async () => {
  const world = storeWorld();
  const sessions = Array.from({ length: 1000 }, (_, number) => ({ session: number + 1, client: `client-${number}` }));
  writeFileSync(world.prepare(), [{ format: 1 }, ...sessions].map(checkedLine).join(""));
  const bridge = bridgeTo(1, "{ filter: t, direction: out }");
  const broker = await world.start({ bridge: bridge.port });
  await (await wire(broker.port, "publisher", { clean: true })).publish("t", "a");
  expect(bridge.outbox.depth).toBe(1);
});

it("what waits for the central broker is still there after a start that takes longer than a session may wait", async () => {
  let now = 0;
  const clock = { ...systemClock, now: () => (now += 1000) };
  const world = storeWorld({ clock, sessionExpiry: 500 });
  const [first, second] = [bridgeTo(1, "{ filter: t, direction: out }"), bridgeTo(1, "{ filter: t, direction: out }")];
  const broker = await world.start({ bridge: first.port });
  await (await wire(broker.port, "publisher", { clean: true })).publish("t", "a");
  await broker.stop();
  await world.start({ bridge: second.port });
  expect(second.outbox.depth).toBe(1);
});

it("what a bridge says of itself is kept no longer than it runs, and what a client's bridge says stays", async () => {
  const world = storeWorld();
  const state = (name: string) => `$SYS/broker/connection/${name}/state`;
  const own = bridgeTo(1, "{ filter: t, direction: out }");
  const broker = await world.start({ bridge: own.port });
  await own.port.tell(state("site1"), "1");
  const client = bridgeTo(broker.port, "{ filter: u, direction: out }", "", "site2");
  client.start();
  await vi.waitFor(() => expect([...broker.retained].map(([topic]) => topic)).toContain(state("site2")), patience);
  const topics = ({ retained }: Broker) =>
    [...retained].map(([topic]) => topic).filter((topic) => topic.startsWith(state("site").slice(0, -6)));
  expect(topics(broker).sort()).toEqual([state("site1"), state("site2")]);
  // As after SIGKILL, and without the bridge.
  expect(topics(await world.start())).toEqual([state("site2")]);
});

it.each([
  { fails: "twice comes again until it is published", times: 2, arrive: ["before", "bad", "behind", "last"], failed: 0 },
  { fails: "each time is left out in the end, and holds nothing up", times: 1000, arrive: ["before", "behind", "last"], failed: 1 },
])("a message that fails here $fails", async ({ times, arrive, failed }) => {
  const central = await startEmbedded();
  onTestFinished(() => central.stop());
  const { client } = await observe(central, "other");
  onTestFinished(() => client.endAsync(true));
  const bridge = bridgeTo(central.port, "{ filter: t, direction: in }");
  const inject = bridge.port.inject.bind(bridge.port);
  let left = times;
  vi.spyOn(bridge.port, "inject").mockImplementation(async (message) => {
    if (String(message.payload) === "bad" && left-- > 0) throw new Error("it is bad");
    await inject(message);
  });
  const broker = await storeWorld().start({ bridge: bridge.port });
  const subscriber = await wire(broker.port, "subscriber");
  await subscriber.subscribe("#", 1);
  bridge.start();
  await vi.waitFor(() => expect(bridge.view.online).toBe(true), patience);
  for (const payload of ["before", "bad", "behind", "last"]) await client.publishAsync("t", payload, { qos: 1 });
  // With the connection go acknowledgements of those before.
  await vi.waitFor(() => expect([...new Set(subscriber.payloads)]).toEqual(arrive), patience);
  expect(bridge.leftOut.failed).toBe(failed);
  expect(bridge.log.entries.join("\n")).toContain('bridge: a message on "t" could not be published here: it is bad');
});

it("a long topic takes no more place in the memory of what goes round than a short one", () => {
  expect(keyOf("t", Buffer.from("a"))).not.toBe(keyOf("t", Buffer.from("b")));
  const long = "x".repeat(60_000);
  for (const [topic, payload] of [
    [long, "a"],
    ["t", long],
  ] as const) {
    const key = keyOf(topic, Buffer.from(payload));
    expect(key.length).toBeLessThan(200);
    expect(key).toBe(keyOf(topic, Buffer.from(payload)));
    expect(key).not.toBe(keyOf(topic, Buffer.from(`${payload}b`)));
    expect(key).not.toBe(keyOf(`${topic}b`, Buffer.from(payload)));
  }
});
