import { expect, it, onTestFinished, vi } from "vitest";
import { describeMosquitto, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { listenWith } from "./listening.ts";
import { connectPacket, openWire, publishPacket, subscribePacket } from "./wire.ts";

/** What mosquitto shows and the built-in broker does not, as `docs/broker.md` says. */
const missing = ["$SYS/broker/heap/current", "$SYS/broker/heap/maximum"];

/** After the steps below, of every broker. */
const expected = {
  "clients/connected": "2",
  "clients/active": "2",
  "clients/disconnected": "1",
  "clients/inactive": "1",
  "clients/total": "3",
  "clients/expired": "0",
  "publish/bytes/received": "8",
  "publish/messages/dropped": "0",
  "subscriptions/count": "2",
  "shared_subscriptions/count": "0",
};

interface Shown {
  /** Topic → how its values look. */
  formats: Map<string, string>;
  value(name: string): string | undefined;
}

/** The same steps for every broker: one comes, publishes and stays; one leaves a session behind. */
async function show(broker: TestBroker, publications: string): Promise<Shown> {
  onTestFinished(() => broker.stop());
  const lines = await listenWith(broker.port, "$SYS/#", /load\/connections\/15min/);
  const stays = await openWire(broker.port);
  onTestFinished(() => stays.cut());
  stays.send(connectPacket({ id: "stays" }), publishPacket("kept", "12345", { qos: 1, retain: true }), publishPacket("live", "123"));
  await stays.next(0x40);
  const leaves = await openWire(broker.port);
  leaves.send(connectPacket({ id: "leaves", clean: false }), subscribePacket([["a/b", 1]]));
  await leaves.next(0x90);
  leaves.send([0xe0, 0]);
  await leaves.over;
  const value = (name: string) => lines.findLast((line) => line.includes(` $SYS/broker/${name} `))?.replace(/^.* /, "");
  await vi.waitFor(() => {
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, value(name)]))).toEqual(expected);
    expect(value("publish/messages/received")).toBe(publications);
    expect(Number(value("load/connections/1min"))).toBeGreaterThan(0);
  }, patience);
  const formats = new Map(
    lines.map((line) => {
      const [, qos, topic = "", payload = ""] = /^(\d) \d (\$SYS\/broker\/(?:retained )?\S+) (.*)$/.exec(line) ?? [];
      return [topic, `QoS ${qos}: ${payload.replace(/^\w+ version/, "<broker> version").replace(/\d+/g, "N")}`];
    }),
  );
  return { formats, value };
}

describeMosquitto("$SYS beside mosquitto's", () => {
  it("has the same topics with the same formats, except for the heap (brokers 3 and 6.5)", async () => {
    // mosquitto 2.0.11 leaves out what is retained or has QoS 2.
    const theirs = await show(await startMosquitto({ config: ["allow_anonymous true", "sys_interval 1"] }), "1");
    const ours = await show(await startEmbedded(0, { sysInterval: 500, version: "1.2.3" }), "2");
    for (const topic of missing) expect(theirs.formats.delete(topic), topic).toBe(true);
    expect(Object.fromEntries([...ours.formats].sort())).toEqual(Object.fromEntries([...theirs.formats].sort()));
    expect(ours.formats.size).toBe(51);
    // All retained, the values of $SYS among them.
    await vi.waitFor(() => expect([theirs, ours].map(({ value }) => value("retained messages/count"))).toEqual(["54", "52"]), patience);
  });

  it("counts what waits for a session, and its bytes, until it is acknowledged", async () => {
    const broker = await startEmbedded(0, { sysInterval: 50 });
    onTestFinished(() => broker.stop());
    const wire = await openWire(broker.port);
    wire.send(connectPacket({ id: "sleeper", clean: false }), subscribePacket([["x", 2]]));
    await wire.next(0x90);
    wire.cut();
    const lines = await listenWith(broker.port, "$SYS/broker/store/#", /store\/messages\/count/);
    const stored = () => Number(lines.findLast((line) => line.includes("messages/count"))?.replace(/^.* /, ""));
    const bytes = () => Number(lines.findLast((line) => line.includes("messages/bytes"))?.replace(/^.* /, ""));
    await vi.waitFor(() => expect(stored()).toBe(51), patience);
    // The values of $SYS themselves, which change all the time, are below 1 kB.
    const large = "x".repeat(10_000);
    const publisher = await openWire(broker.port);
    onTestFinished(() => publisher.cut());
    publisher.send(connectPacket(), publishPacket("x", large, { qos: 1 }), publishPacket("x", large, { qos: 2, id: 2 }), [0x62, 2, 0, 2]);
    await publisher.next(0x70);
    await vi.waitFor(() => expect([stored(), Math.floor(bytes() / 1_000)]).toEqual([53, 20]), patience);
    const awake = await openWire(broker.port);
    onTestFinished(() => awake.cut());
    awake.send(connectPacket({ id: "sleeper", clean: false }));
    await awake.next(0x30);
    const second = await awake.next(0x30);
    expect(second).not.toBe("closed");
    for (const { first, body } of awake.received.filter(({ first }) => first >> 4 === 3)) {
      const id = body.subarray(3, 5);
      if (((first >> 1) & 3) === 1) awake.send([0x40, 2, ...id]);
      else {
        awake.send([0x50, 2, ...id]);
        await awake.next(0x62);
        awake.send([0x70, 2, ...id]);
      }
    }
    await vi.waitFor(() => expect([stored(), Math.floor(bytes() / 1_000)]).toEqual([51, 0]), patience);
  });
});
