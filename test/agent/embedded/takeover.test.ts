import { expect, it, onTestFinished, vi } from "vitest";
import { Access, type Verdict } from "../../../agent/embedded/access.ts";
import { patience } from "../shell/fixture.ts";
import { Late } from "./late.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket, publishPacket } from "./wire.ts";

/** Lets in who is told to be let in, when the test says so. */
class Porter extends Access {
  readonly waiting: ((verdict: Verdict) => void)[] = [];
  isOpen = true;

  override lets(): Promise<Verdict> {
    return this.isOpen ? Promise.resolve("yes") : new Promise((resolve) => this.waiting.push(resolve));
  }
}

it("a client id stays with one connection when rules end the one before while the next one is let in", async () => {
  const access = new Porter({ anonymous: true, users: null });
  const broker = await storeWorld({ disk: false }).start({ access });
  const come = (username?: string) => {
    const made = new Wire(broker.port);
    onTestFinished(() => made.close());
    made.socket.write(connectPacket({ id: "x", ...(username && { username, password: "p" }) }));
    return made;
  };
  const first = come("gone");
  await first.next(2);
  await first.subscribe("a", 0);
  access.isOpen = false;
  const second = come();
  await vi.waitFor(() => expect(access.waiting.length).toBe(1), patience);
  access.rules = { anonymous: true, users: new Map() };
  access.waiting[0]?.("yes");
  broker.expel();
  await second.next(2);
  await vi.waitFor(() => expect(first.socket.closed).toBe(true), patience);
  expect(broker.clients).toBe(1);
  access.isOpen = true;
  const third = come();
  await third.next(2);
  await vi.waitFor(() => expect(second.socket.closed).toBe(true), patience);
  await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
});

it("forty at a time that take one id from each other leave one of them", async () => {
  const broker = await storeWorld().start();
  const all = Array.from({ length: 40 }, () => new Wire(broker.port));
  onTestFinished(async () => void (await Promise.all(all.map((one) => one.close()))));
  for (const [index, one] of all.entries()) one.socket.write(connectPacket({ id: "x", clean: index % 2 === 0 }));
  await vi.waitFor(() => expect(all.filter(({ socket }) => !socket.closed).length).toBe(1), patience);
  await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
  const last = await wire(broker.port, "x");
  await vi.waitFor(() => expect(all.every(({ socket }) => socket.closed)).toBe(true), patience);
  await last.subscribe("a", 1);
  expect(broker.clients).toBe(1);
});

it("who has to go at any moment while it is let in leaves its client id to the next one", async () => {
  const access = new Late({ anonymous: true, users: null });
  const broker = await storeWorld({ disk: false }).start({ access });
  const come = (id: string, username?: string) => {
    const made = new Wire(broker.port);
    onTestFinished(() => made.close());
    made.socket.write(connectPacket({ id, ...(username && { username, password: "p" }) }));
    return made;
  };
  for (let turns = 0; turns < 40; turns++) {
    access.turns = turns;
    access.act = () => {
      access.rules = { anonymous: true, users: new Map() };
      broker.expel();
      access.rules = { anonymous: true, users: null };
    };
    const first = come(`x${turns}`, "gone");
    await vi.waitFor(() => expect(first.socket.closed || first.count(2) > 0).toBe(true), patience);
    access.act = () => {};
    const second = come(`x${turns}`);
    await second.next(2);
    const third = come(`x${turns}`);
    await third.next(2);
    await vi.waitFor(() => expect([turns, first.socket.closed, second.socket.closed]).toEqual([turns, true, true]), patience);
    await third.close();
  }
  await vi.waitFor(() => expect(broker.clients).toBe(0), patience);
});

const levels = [0, 1, 2];
const lives = [true, false].flatMap((disk) => levels.flatMap((will) => levels.map((qos) => ({ disk, will, qos }))));

it.each(lives)("the will of a connection comes before what the next one of its client id says: %o", async ({ disk, will, qos }) => {
  const broker = await storeWorld({ disk }).start();
  const reader = await wire(broker.port, "reader", { clean: true });
  await reader.subscribe("lwt", 2);
  const before = new Wire(broker.port);
  onTestFinished(() => before.close());
  before.socket.write(connectPacket({ id: "plug", will: { topic: "lwt", payload: "Offline", qos: will, retain: true } }));
  await before.next(2);
  const now = new Wire(broker.port);
  onTestFinished(() => now.close());
  now.socket.write(Buffer.concat([connectPacket({ id: "plug" }), publishPacket("lwt", "Online", { qos, retain: true })]));
  await vi.waitFor(() => expect(reader.payloads).toEqual(["Offline", "Online"]), patience);
  const later = await wire(broker.port, "later", { clean: true });
  await later.subscribe("lwt", 0);
  await vi.waitFor(() => expect(later.payloads).toEqual(["Online"]), patience);
});
