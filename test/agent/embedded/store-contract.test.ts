import { describe, expect, it, onTestFinished, vi } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";

/** What a client finds again, in memory and on disk alike. */
function contract(disk: boolean): void {
  const started = async (changes: Parameters<typeof storeWorld>[0] = {}) => {
    const world = storeWorld({ disk, ...changes });
    const broker = await world.start();
    return { ...world, broker, port: broker.port };
  };
  /** A session that subscribed, and went. */
  const asleep = async (port: number, filter = "t/#", qos: 0 | 1 | 2 = 2, client = "sleeper") => {
    const sleeper = await wire(port, client);
    await sleeper.subscribe(filter, qos);
    await sleeper.close();
  };

  it("keeps what was published while a client was away, in order, each with the lower QoS of the two", async () => {
    const { broker, port } = await started();
    await asleep(port, "t/#", 2);
    await asleep(port, "t/#", 1, "modest");
    const publisher = await wire(port, "publisher", { clean: true });
    for (const payload of ["a", "b", "c"]) await publisher.publish("t/x", payload, { retain: payload === "b" });
    publisher.send("t/x", "d", { qos: 2, id: 9 });
    await publisher.next(7);
    publisher.send("t/x", "not kept");
    await expect.poll(() => broker.stored?.queued).toBe(8);
    for (const [client, last] of [
      ["sleeper", 2],
      ["modest", 1],
    ] as const) {
      const again = await wire(port, client);
      await eventually(() => again.payloads).toEqual(["a", "b", "c", "d"]);
      const given = again.got.filter(({ type }) => type === 3);
      expect(given.map(({ qos }) => qos)).toEqual([1, 1, 1, last]);
      expect(given.every(({ retain, dup }) => !retain && !dup)).toBe(true);
    }
    await eventually(() => broker.stored?.queued).toBe(0);
  });

  it("says whether a session is there, and ends it for a client that wants a clean one", async () => {
    const { broker, port } = await started();
    await asleep(port);
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t", "a");
    const again = await wire(port, "sleeper", { acknowledges: false });
    expect(again.got[0]?.body[0]).toBe(1);
    await again.close();
    const clean = await wire(port, "sleeper", { clean: true });
    expect(clean.got[0]?.body[0]).toBe(0);
    await clean.close();
    expect(broker.stored?.queued).toBe(0);
    const last = await wire(port, "sleeper");
    expect(last.got[0]?.body[0]).toBe(0);
    await publisher.publish("t", "b");
    await last.subscribe("u", 1);
    expect(last.payloads).toEqual([]);
  });

  it("gives again what was not acknowledged, under the same identifier and marked as repeated", async () => {
    const { port } = await started();
    await asleep(port);
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t", "a");
    publisher.send("t", "b", { qos: 2, id: 9 });
    await publisher.next(7);
    const first = await wire(port, "sleeper", { acknowledges: false });
    await eventually(() => first.payloads).toEqual(["a", "b"]);
    await first.close();
    const second = await wire(port, "sleeper");
    await eventually(() => second.count(6)).toBe(1);
    const ids = ({ got }: typeof first) => got.filter(({ type }) => type === 3).map(({ id }) => id);
    expect(ids(second)).toEqual(ids(first));
    expect(second.got.filter(({ type }) => type === 3).map(({ dup }) => dup)).toEqual([true, true]);
  });

  it("tells a subscriber that has a QoS 2 message only to forget its identifier", async () => {
    const { broker, port } = await started();
    await asleep(port);
    const publisher = await wire(port, "publisher", { clean: true });
    publisher.send("t", "a", { qos: 2, id: 9 });
    await publisher.next(7);
    const first = await wire(port, "sleeper", { acknowledges: false });
    const { id } = await first.next(3);
    first.acknowledge(5, id);
    await first.next(6);
    await first.close();
    const second = await wire(port, "sleeper");
    expect((await second.next(6)).id).toBe(id);
    await eventually(() => broker.stored?.queued).toBe(0);
    expect(second.payloads).toEqual([]);
  });

  it("takes a repeated QoS 2 message once, and a new one under the same identifier afterwards", async () => {
    const { port } = await started();
    await asleep(port);
    const first = await wire(port, "publisher", { acknowledges: false });
    first.send("t", "a", { qos: 2, id: 5 });
    await first.next(5);
    await first.close();
    const second = await wire(port, "publisher");
    second.send("t", "a", { qos: 2, id: 5, dup: true });
    await second.next(7);
    second.send("t", "b", { qos: 2, id: 5 });
    await eventually(() => second.count(7)).toBe(2);
    const again = await wire(port, "sleeper");
    await eventually(() => again.payloads).toEqual(["a", "b"]);
  });

  it("puts what is published while a client gets what waits behind that", async () => {
    const { port } = await started();
    await asleep(port, "t", 1);
    const publisher = await wire(port, "publisher", { clean: true });
    for (let number = 0; number < 300; number++) publisher.send("t", String(number), { qos: 1, id: 1 + number });
    await eventually(() => publisher.count(4)).toBe(300);
    const joining = wire(port, "sleeper");
    for (let number = 300; number < 600; number++) {
      publisher.send("t", String(number), { qos: 1, id: 1 + number });
      await new Promise(setImmediate);
    }
    const again = await joining;
    await eventually(() => again.payloads.length).toBe(600);
    expect(again.payloads).toEqual(Array.from({ length: 600 }, (_, number) => String(number)));
  });

  it("keeps a message once for a client whose subscriptions overlap", async () => {
    const { broker, port } = await started();
    const both = await wire(port, "both");
    await both.subscribe("t/#", 1);
    await both.subscribe("t/+", 2);
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t/x", "live");
    await eventually(() => broker.stored?.queued).toBe(0);
    await both.close();
    await publisher.publish("t/x", "kept");
    expect(broker.stored?.queued).toBe(1);
    const again = await wire(port, "both");
    await eventually(() => broker.stored?.queued).toBe(0);
    expect([both.payloads, again.payloads]).toEqual([["live"], ["kept"]]);
  });

  it("keeps nothing for a client that got it by a subscription of QoS 0", async () => {
    const { broker, port } = await started();
    const both = await wire(port, "both");
    await both.subscribe("t/#", 0);
    await both.subscribe("t/+", 1);
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t/x", "live");
    await eventually(() => [broker.stored?.queued, both.payloads]).toEqual([0, ["live"]]);
  });

  it("ends a subscription that is ended before it was answered", async () => {
    const { broker, port } = await started();
    const hasty = await wire(port, "hasty");
    void hasty.subscribe("t", 1);
    await hasty.unsubscribe("t");
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t", "a");
    await publisher.publish("t", "b");
    expect(broker.stored?.queued).toBe(0);
    expect(hasty.payloads).toEqual([]);
  });

  it("drops what is too much for one client, counts it, and keeps the others' messages", async () => {
    const { broker, port } = await started({ maxQueued: 3 });
    await asleep(port);
    await asleep(port, "other", 1, "other");
    const publisher = await wire(port, "publisher", { clean: true });
    for (const payload of ["a", "b", "c", "d", "e"]) await publisher.publish("t", payload);
    await publisher.publish("other", "x");
    await eventually(() => broker.stored).toMatchObject({ queued: 4, dropped: 2, disconnected: 2 });
    const again = await wire(port, "sleeper");
    await eventually(() => again.payloads).toEqual(["a", "b", "c"]);
  });

  it("publishes what a client sent before it closed the connection without waiting", async () => {
    const { port } = await started();
    await asleep(port);
    for (let round = 0; round < 20; round++) {
      const publisher = await wire(port, "publisher", { clean: true });
      publisher.send("t", String(round), { qos: 1 });
      publisher.socket.end(Buffer.from([0xe0, 0]));
    }
    const again = await wire(port, "sleeper");
    await eventually(() => again.payloads.length).toBe(20);
  });

  it("has a session for who left a QoS 2 exchange open, which ends like any other", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { broker, clock, port } = await started({ sessionExpiry: 3_600_000 });
    const publisher = await wire(port, "publisher", { acknowledges: false });
    publisher.send("t", "open", { qos: 2, id: 7 });
    await publisher.next(5);
    await publisher.close();
    await eventually(() => broker.stored?.disconnected).toBe(1);
    clock.mono += 3_601_000;
    vi.advanceTimersByTime(60_000);
    expect(broker.stored).toMatchObject({ disconnected: 0, expired: 1 });
  });

  it("ends a session whose client was away too long, and no other", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { broker, clock, port } = await started({ sessionExpiry: 3_600_000 });
    await asleep(port);
    const here = await wire(port, "here");
    await here.subscribe("t", 1);
    await eventually(() => broker.stored?.disconnected).toBe(1);
    clock.mono += 3_599_000;
    vi.advanceTimersByTime(60_000);
    expect(broker.stored).toMatchObject({ disconnected: 1, expired: 0 });
    clock.mono += 2000;
    vi.advanceTimersByTime(60_000);
    expect(broker.stored).toMatchObject({ disconnected: 0, expired: 1 });
    const publisher = await wire(port, "publisher", { clean: true });
    await publisher.publish("t", "a");
    await eventually(() => here.payloads).toEqual(["a"]);
    expect(broker.stored?.queued).toBe(0);
  });
}

describe("the store in memory", () => contract(false));
describe("the store on disk", () => contract(true));
