import { expect, it, onTestFinished, vi } from "vitest";
import { parseAcl } from "../../../agent/embedded/acl.ts";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { keptHash } from "../../../agent/embedded/password-file.ts";
import { patience } from "../shell/fixture.ts";
import { Late } from "./late.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket } from "./wire.ts";

/** So little that two messages are with a client that does not acknowledge, and the others wait. */
const limits = { maxInflight: 1, maxQueuedBytes: 1000 };
const payloadOf = (index: number) => String(index).padEnd(1000);

/** For a client that is away. */
async function publishTo(broker: Broker, topic: string, from: number, to: number): Promise<void> {
  for (let index = from; index <= to; index++) await broker.publish({ topic, payload: payloadOf(index), qos: 1, retain: false });
}

async function asleep(broker: Broker & { port: number }, client: string): Promise<void> {
  const before = await wire(broker.port, client);
  await before.subscribe(client, 1);
  await before.close();
  await vi.waitFor(() => expect(broker.stored?.disconnected).toBe(1), patience);
}

/** Acknowledges one after the other until so many are there. */
async function take(client: Wire, count: number): Promise<number[]> {
  await vi.waitFor(() => {
    for (const { type, id } of client.got.slice(-3)) if (type === 3) client.acknowledge(4, id);
    expect(client.payloads.length).toBeGreaterThanOrEqual(count);
  }, patience);
  return client.payloads.map(Number);
}

it("who has to go at any moment while it is let in takes nothing from who has its name and is given what waits", async () => {
  const access = new Late({ anonymous: true, users: null });
  const broker = await storeWorld({ disk: false }).start({ access, limits });
  let kept = 0;
  for (let turns = 0; turns < 40; turns++) {
    const name = `sleeper${turns}`;
    await asleep(broker, name);
    await publishTo(broker, name, 1, 5);
    const client = await wire(broker.port, name, { acknowledges: false });
    await client.next(3);
    access.turns = turns;
    access.act = () => {
      access.rules = { anonymous: true, users: new Map() };
      broker.expel();
      access.rules = { anonymous: true, users: null };
    };
    const other = new Wire(broker.port);
    onTestFinished(() => other.close());
    other.socket.write(connectPacket({ id: name, clean: false, username: "gone", password: "p" }));
    await vi.waitFor(() => expect(other.socket.closed || other.count(2) > 0).toBe(true), patience);
    access.act = () => {};
    await publishTo(broker, name, 6, 6);
    await other.close();
    if (!client.socket.closed) {
      kept++;
      expect([turns, broker.stored?.disconnected]).toEqual([turns, 0]);
      expect([turns, ...(await take(client, 6))]).toEqual([turns, 1, 2, 3, 4, 5, 6]);
    }
    await client.close();
    await (await wire(broker.port, name, { clean: true })).close();
  }
  expect(kept).toBeGreaterThan(0);
});

it("what there is no room for does not pass what waits", async () => {
  const broker = await storeWorld({ disk: false, maxQueued: 5 }).start({ limits });
  await asleep(broker, "sleeper");
  await publishTo(broker, "sleeper", 1, 5);
  const client = await wire(broker.port, "sleeper", { acknowledges: false });
  await client.next(3);
  await publishTo(broker, "sleeper", 6, 6);
  expect(broker.stored).toMatchObject({ queued: 5, dropped: 1 });
  expect(await take(client, 5)).toEqual([1, 2, 3, 4, 5]);
  await vi.waitFor(() => expect(broker.stored?.queued).toBe(0), patience);
  await publishTo(broker, "sleeper", 7, 7);
  expect(await take(client, 6)).toEqual([1, 2, 3, 4, 5, 7]);
});

it("what there is no room for does not pass what is being written", async () => {
  const broker = await storeWorld({ maxQueued: 1 }).start();
  const client = await wire(broker.port, "reader");
  await client.subscribe("a", 2);
  for (const payload of ["1", "2"]) void broker.publish({ topic: "a", payload, qos: 2, retain: false });
  await vi.waitFor(() => expect(client.payloads).toHaveLength(2), patience);
  expect(client.payloads).toEqual(["1", "2"]);
});

it("a session stays its user's when another one has to go at any moment while it is let in under its name", async () => {
  const parsed = parseAcl("topic write #\nuser pupil\ntopic read a");
  if (!parsed.ok) throw new Error("the rules of this test are wrong");
  const users = ["pupil", "teacher"].map((user) => [user, keptHash("p")] as const);
  const open = { anonymous: true, users: new Map(users), acl: parsed.acl };
  const access = new Late(open);
  const broker = await storeWorld({ disk: false }).start({ access });
  const come = (username: string) => {
    const made = new Wire(broker.port);
    onTestFinished(() => made.close());
    made.socket.write(connectPacket({ id: "x", clean: false, username, password: "p" }));
    return made;
  };
  let kept = 0;
  for (let turns = 0; turns < 40; turns++) {
    const pupil = come("pupil");
    await pupil.subscribe("a", 1);
    access.turns = turns;
    access.act = () => {
      access.rules = { ...open, users: new Map(users.slice(0, 1)) };
      broker.expel();
      access.rules = open;
    };
    const teacher = come("teacher");
    await vi.waitFor(() => expect(teacher.socket.closed || teacher.count(2) > 0).toBe(true), patience);
    access.act = () => {};
    if (!pupil.socket.closed) {
      kept++;
      await pupil.close();
      await vi.waitFor(() => expect(broker.stored?.disconnected).toBe(1), patience);
      await broker.publish({ topic: "a", payload: "x", qos: 1, retain: false });
      expect([turns, broker.stored?.queued]).toEqual([turns, 1]);
    }
    await teacher.close();
    await (await wire(broker.port, "x", { clean: true })).close();
  }
  expect(kept).toBeGreaterThan(0);
});
