import { appendFileSync, readFileSync, statSync } from "node:fs";
import { connectAsync } from "mqtt";
import { expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { contentRecord } from "../../../agent/embedded/store-record.ts";
import { checkedLine } from "../../../agent/shell/checked-line.ts";
import { silentLog } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { generate, packet, text } from "./packets.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

const deep = Array(150).fill("a").join("/");
const subscribe = (...filters: string[]) => packet(0x82, [0, 1], ...filters.flatMap((filter) => [text(filter), [1]]));
const isOver = (client: { socket: { closed: boolean } }) => vi.waitFor(() => expect(client.socket.closed).toBe(true), patience);

it("a filter of 150 levels, behind one that is right, ends the connection, and the next start finds a file that it can take", async () => {
  const world = storeWorld();
  const broker = await world.start();
  const client = await wire(broker.port, "c");
  client.socket.write(subscribe("a", deep));
  await isOver(client);
  const again = await world.start();
  await wire(again.port, "c");
});

it("a will on a topic of 150 levels is not let in", async () => {
  const broker = await storeWorld().start();
  const socket = (await wire(broker.port, "other")).socket;
  const made = await wire(broker.port, "watcher");
  expect(socket.closed).toBe(false);
  const connect = packet(0x10, text("MQTT"), [4, 0x2e, 0, 0], text("w"), text(deep), text("gone"));
  await expect(connectAndWait(broker.port, connect)).resolves.toBe("closed");
  expect(made.socket.closed).toBe(false);
});

it("what an older file has of such topics and filters is left out", async () => {
  const world = storeWorld();
  await (await world.start()).stop();
  const records = [
    { session: 1, client: "c" },
    { sub: 1, filters: [[deep, 1] as const, ["right", 1] as const] },
    contentRecord({ topic: deep, payload: Buffer.from("x"), qos: 1 }),
  ];
  appendFileSync(world.prepare(), records.map((record) => checkedLine(record)).join(""));
  const broker = await world.start();
  const client = await wire(broker.port, "c");
  client.send("right", "comes");
  await vi.waitFor(() => expect(client.payloads).toEqual(["comes"]), patience);
  await client.subscribe("#", 0);
});

it("more than a thousand filters of one client end its connection, at once or one after the other, and the log says so", async () => {
  const warnings: string[] = [];
  const broker = await storeWorld().start({ log: { ...silentLog, warn: (message) => warnings.push(message) } });
  const greedy = await wire(broker.port, "greedy", { clean: true });
  greedy.socket.write(subscribe(...Array.from({ length: 1001 }, (_, index) => `f/${index}`)));
  await isOver(greedy);
  const patient = await wire(broker.port, "patient", { clean: true });
  for (const part of [0, 1]) patient.socket.write(subscribe(...Array.from({ length: 501 }, (_, index) => `f/${part}/${index}`)));
  await isOver(patient);
  // All in one read, before the client is let in.
  const quick = new Wire(broker.port);
  onTestFinished(() => quick.close());
  const parts = ["a", "b", "c"].map((part) => subscribe(...Array.from({ length: 400 }, (_, index) => `${part}/${index}`)));
  quick.socket.write(Buffer.concat([generate.connect("quick"), ...parts]));
  await isOver(quick);
  const stranger = new Wire(broker.port);
  onTestFinished(() => stranger.close());
  stranger.socket.write(subscribe(...Array.from({ length: 1001 }, (_, index) => `f/${index}`)));
  await isOver(stranger);
  expect(warnings).toEqual(
    ["greedy", "patient"].map(
      (name) => `broker: client "${name}" asks for more than 1000 subscriptions, or for too long ones: connection closed`,
    ),
  );
  const modest = await wire(broker.port, "modest");
  modest.socket.write(subscribe(...Array.from({ length: 1000 }, (_, index) => `f/${index}`)));
  await modest.next(9);
});

it.each([
  ["a connection", true, [3, 3]],
  ["a session", false, [2]],
])("long filters for %s end it as well; who comes again with less has that kept", async (_, clean, parts) => {
  const world = storeWorld();
  const warnings: string[] = [];
  const broker = await world.start({ log: { ...silentLog, warn: (message) => warnings.push(message) } });
  const greedy = await wire(broker.port, "greedy", { clean });
  for (const [part, count] of parts.entries())
    greedy.socket.write(subscribe(...Array.from({ length: count }, (_none, index) => `${part}${index}${"x".repeat(50_000)}`)));
  await isOver(greedy);
  expect(warnings).toEqual([expect.stringMatching("too long ones")]);
  const modest = await wire(broker.port, "greedy");
  await modest.subscribe("q", 1);
  await modest.close();
  await (await wire(broker.port, "other")).publish("q", "kept");
  const back = await wire((await world.start()).port, "greedy");
  await vi.waitFor(() => expect(back.payloads).toEqual(["kept"]), patience);
});

it("a client without room for a session is disconnected, and the log says so", async () => {
  const world = storeWorld();
  await (await world.start()).stop();
  const sessions = Array.from({ length: 1000 }, (_, index) => checkedLine({ session: index + 1, client: `c${index}` }));
  appendFileSync(world.prepare(), sessions.join(""));
  const warnings: string[] = [];
  const broker = await world.start({ log: { ...silentLog, warn: (message) => warnings.push(message) } });
  const late = await wire(broker.port, "late");
  late.socket.write(subscribe("a"));
  await isOver(late);
  expect(warnings).toEqual(['broker: there are too many sessions for one of client "late": connection closed']);
});

it("nobody else takes the client id of the agent itself", async () => {
  const access = new Access({ anonymous: true, users: null });
  const broker = await storeWorld().start({ access });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const own = await connectAsync(url, { clientId: "pinbus-garage", reconnectPeriod: 0, protocolVersion: 4, ...access.own });
  onTestFinished(() => own.endAsync(true));
  const thief = connectAsync(url, { clientId: "pinbus-garage", reconnectPeriod: 0, protocolVersion: 4 });
  await expect(thief).rejects.toThrow("Identifier rejected");
  expect(own.connected).toBe(true);
});

it("a QoS 2 message that a client without a session sends again is kept and delivered once", async () => {
  const world = storeWorld();
  const broker = await world.start();
  const sleeper = await wire(broker.port, "sleeper");
  await sleeper.subscribe("t", 2);
  await sleeper.close();
  const client = await wire(broker.port, "clean", { clean: true, acknowledges: false });
  client.send("t", "once", { qos: 2, id: 7 });
  await vi.waitFor(() => expect(client.count(5)).toBe(1), patience);
  const size = statSync(world.file).size;
  for (const count of [2, 3, 4]) {
    client.send("t", "once", { qos: 2, id: 7, dup: true });
    await vi.waitFor(() => expect(client.count(5)).toBe(count), patience);
  }
  expect(statSync(world.file).size).toBe(size);
  client.acknowledge(6, 7);
  await client.next(7);
  client.send("t", "another", { qos: 2, id: 7 });
  await vi.waitFor(() => expect(client.count(5)).toBe(5), patience);
  const back = await wire((await world.start()).port, "sleeper");
  await vi.waitFor(() => expect(back.payloads).toEqual(["once", "another"]), patience);
});

it("a QoS 2 message beyond a thousand that are open is not taken, and comes once when it is sent again", async () => {
  const world = storeWorld();
  const broker = await world.start();
  const sleeper = await wire(broker.port, "sleeper");
  await sleeper.subscribe("t", 2);
  await sleeper.close();
  const greedy = await wire(broker.port, "greedy", { acknowledges: false });
  for (let id = 1; id <= 1000; id++) greedy.send("other", "x", { qos: 2, id });
  await vi.waitFor(() => expect(greedy.count(5)).toBe(1000), patience);
  greedy.send("t", "one more", { qos: 2, id: 1001 });
  await isOver(greedy);
  const again = await wire(broker.port, "greedy", { acknowledges: false });
  again.send("t", "one more", { qos: 2, id: 1001, dup: true });
  // They are those of its session, and not of a connection.
  await isOver(again);
  const modest = await wire(broker.port, "greedy", { acknowledges: false });
  modest.acknowledge(6, 1);
  await modest.next(7);
  modest.send("t", "one more", { qos: 2, id: 1001, dup: true });
  await modest.next(5);
  const later = await world.start();
  const back = await wire(later.port, "sleeper");
  await later.publish({ topic: "t", payload: "end", qos: 1, retain: false });
  await vi.waitFor(() => expect(back.payloads).toContain("end"), patience);
  expect(back.payloads).toEqual(["one more", "end"]);
});

it("a QoS 2 message of a client for which there is no room for a session is not taken", async () => {
  const world = storeWorld();
  await (await world.start()).stop();
  const sessions = Array.from({ length: 1000 }, (_, index) => checkedLine({ session: index + 1, client: `c${index}` }));
  appendFileSync(world.prepare(), sessions.join(""));
  const broker = await world.start();
  const late = await wire(broker.port, "late", { acknowledges: false });
  late.send("t", "x", { qos: 2, id: 1 });
  await isOver(late);
  expect(late.count(5)).toBe(0);
  const known = await wire(broker.port, "c7", { acknowledges: false });
  known.send("t", "x", { qos: 2, id: 1 });
  await known.next(5);
});

it("an identifier that a session left open is free again when the session has expired", async () => {
  const world = storeWorld({ sessionExpiry: 1000 });
  const broker = await world.start();
  const watcher = await wire(broker.port, "watcher", { clean: true });
  await watcher.subscribe("t", 2);
  const first = await wire(broker.port, "p", { acknowledges: false });
  first.send("t", "before", { qos: 2, id: 7 });
  await first.next(5);
  await first.close();
  await vi.waitFor(() => expect(readFileSync(world.file, "utf8")).toMatch(/"gone":\d+,"at":\d/), patience);
  world.clock.mono += 2000;
  const later = await world.start();
  const listener = await wire(later.port, "watcher", { clean: true });
  await listener.subscribe("t", 2);
  const second = await wire(later.port, "p", { acknowledges: false });
  second.send("t", "after", { qos: 2, id: 7 });
  await vi.waitFor(() => expect(listener.payloads).toEqual(["after"]), patience);
});

it("a will reaches whoever subscribes to everything, `$SYS/#` included", async () => {
  const broker = await storeWorld({ disk: false }).start();
  const watcher = await wire(broker.port, "watcher", { clean: true });
  await watcher.subscribe("#", 1);
  await watcher.subscribe("$SYS/#", 1);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const will = { topic: "tele/plug/LWT", payload: Buffer.from("Offline"), qos: 1 as const, retain: false };
  const device = await connectAsync(url, { clientId: "plug", reconnectPeriod: 0, protocolVersion: 4, will });
  device.stream.destroy();
  await vi.waitFor(() => expect(watcher.payloads).toContain("Offline"), patience);
});

it("others are served while the retained messages for a thousand filters are looked up", async () => {
  const broker = await storeWorld({ disk: false }).start();
  for (let topic = 0; topic < 5000; topic++) await broker.publish({ topic: `kept/${topic}/x`, payload: "1", qos: 0, retain: true });
  await broker.publish({ topic: "last", payload: "of all", qos: 0, retain: true });
  const greedy = await wire(broker.port, "greedy", { clean: true });
  const other = await wire(broker.port, "other", { clean: true });
  greedy.socket.write(subscribe("last", ...Array.from({ length: 999 }, (_, index) => `+/+/+/${index}`)));
  await greedy.next(9);
  other.socket.write(packet(0xc0));
  await other.next(13);
  expect(greedy.payloads).toEqual([]);
  await vi.waitFor(() => expect(greedy.payloads).toEqual(["of all"]), patience);
});

/** What comes of a CONNECT by hand. */
async function connectAndWait(port: number, connect: Buffer): Promise<"accepted" | "closed"> {
  const { createConnection } = await import("node:net");
  const socket = createConnection({ port, host: "127.0.0.1" }).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(connect);
  return new Promise((resolve) => socket.once("data", () => resolve("accepted")).once("close", () => resolve("closed")));
}

it("a burst of messages that nobody listens to is taken whole", async () => {
  const broker = await storeWorld().start();
  const client = await wire(broker.port, "burst", { clean: true });
  const watcher = await wire(broker.port, "watcher", { clean: true });
  await watcher.subscribe("end", 0);
  for (const size of [4_000, 8_000, 20_000, 100_000])
    for (let count = 0; count < 100; count++) client.send(`n/${count}`, "x".repeat(size), { retain: count % 7 === 0 });
  client.send("end", "there");
  await vi.waitFor(() => expect(watcher.payloads).toEqual(["there"]), patience);
  expect(client.socket.closed).toBe(false);
});
