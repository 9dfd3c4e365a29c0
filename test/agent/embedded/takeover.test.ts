import { expect, it, onTestFinished, vi } from "vitest";
import { Access, type Verdict } from "../../../agent/embedded/access.ts";
import { patience } from "../shell/fixture.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket } from "./wire.ts";

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
