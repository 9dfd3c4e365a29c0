import { Duplex } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { DrainingDuplex } from "../../../agent/embedded/drain.ts";
import { FrameScanner, newCounts } from "../../../agent/embedded/frames.ts";
import { Inflight } from "../../../agent/embedded/inflight.ts";
import { Turns } from "../../../agent/embedded/turns.ts";
import { leftOut, silentLog, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { packet, text } from "./packets.ts";
import { type Wire, wire } from "./session-wire.ts";

/** As both have it when nothing is said. */
const usual = 20;

const suites = [
  {
    name: "mosquitto",
    start: () => startMosquitto({ config: ["allow_anonymous true"] }),
    skip: leftOut("messages under way at mosquitto", "mosquitto", "mosquitto"),
  },
  { name: "pinbus", start: () => startEmbedded(), skip: false },
] as const;

const upTo = (count: number) => Array.from({ length: count }, (_, index) => String(index));
const messages = ({ got }: Wire) => got.filter(({ type }) => type === 3);
/** Everything that the broker has sent before it answers is there. */
async function settled(client: Wire): Promise<void> {
  const before = client.count(13);
  client.socket.write(Buffer.from([0xc0, 0]));
  await vi.waitFor(() => expect(client.count(13)).toBe(before + 1), patience);
}

for (const { name, start, skip } of suites) {
  describe.skipIf(skip)(`what is under way to a client, as ${name} counts it`, () => {
    let broker: TestBroker;
    let names = 0;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker.stop());

    /** A subscriber that acknowledges nothing, and thirty messages for it. */
    const lazy = async (qos: 1 | 2, clean: boolean) => {
      names += 1;
      const [id, topic] = [`lazy${names}`, `t${names}`];
      const client = await wire(broker.port, id, { clean, acknowledges: false });
      await client.subscribe(topic, qos);
      const publisher = await wire(broker.port, `publisher${names}`, { clean: true });
      for (const payload of upTo(30)) {
        publisher.send(topic, payload, { qos, id: Number(payload) + 1 });
        await vi.waitFor(() => expect(publisher.count(qos === 1 ? 4 : 7)).toBe(Number(payload) + 1), patience);
      }
      await vi.waitFor(() => expect(client.payloads).toEqual(upTo(usual)), patience);
      return { client, id, topic, publisher };
    };

    it.each([true, false])("with QoS 1: no more than twenty, and what has QoS 0 passes them (clean: %s)", async (clean) => {
      const { client, topic, publisher } = await lazy(1, clean);
      publisher.send(topic, "at once");
      await vi.waitFor(() => expect(client.payloads).toEqual([...upTo(usual), "at once"]), patience);
      await settled(client);
      expect(client.payloads).toHaveLength(usual + 1);
    });

    // mosquitto 2.0.11 sends all that waits after the first PUBACK.
    it.each(name === "mosquitto" ? [] : [true, false])("with QoS 1: one more for each that is acknowledged (clean: %s)", async (clean) => {
      const { client } = await lazy(1, clean);
      const [first, second] = messages(client);
      client.acknowledge(4, second?.id ?? 0);
      client.acknowledge(4, second?.id ?? 0);
      await vi.waitFor(() => expect(client.payloads).toEqual(upTo(usual + 1)), patience);
      await settled(client);
      expect(client.payloads).toEqual(upTo(usual + 1));
      client.acknowledge(4, first?.id ?? 0);
      for (let next = 2; next < 30; next++) {
        client.acknowledge(4, messages(client)[next]?.id ?? 0);
        await vi.waitFor(() => expect(client.payloads).toEqual(upTo(Math.min(30, next + 1 + usual))), patience);
      }
    });

    it("with QoS 2: a message is under way until its PUBCOMP", async () => {
      const { client } = await lazy(2, true);
      const id = client.got.find(({ type }) => type === 3)?.id ?? 0;
      client.acknowledge(5, id);
      await client.next(6);
      await settled(client);
      expect(client.payloads).toHaveLength(usual);
      client.acknowledge(7, id);
      // At least one: mosquitto 2.0.11 may send all that waits.
      await vi.waitFor(() => expect(client.payloads.slice(0, usual + 1)).toEqual(upTo(usual + 1)), patience);
    });

    // mosquitto 2.0.11 has sent all by then.
    if (name !== "mosquitto")
      it("who comes back gets all that he did not acknowledge, in order; only what had left is marked as repeated", async () => {
        const { client, id } = await lazy(1, false);
        client.acknowledge(4, messages(client)[0]?.id ?? 0);
        await vi.waitFor(() => expect(client.payloads).toHaveLength(usual + 1), patience);
        await client.close();
        const back = await wire(broker.port, id);
        await vi.waitFor(() => expect(back.payloads).toEqual(upTo(30).slice(1)), patience);
        expect(messages(back).map(({ dup }) => dup)).toEqual(upTo(29).map((index) => Number(index) < usual));
      });
  });
}

it("0 is no limit", async () => {
  const broker = await embedded({ maxInflight: 0 });
  const [port, client] = [broker.addresses[0]?.port ?? 0, "lazy"];
  const lazy = await wire(port, client, { clean: true, acknowledges: false });
  await lazy.subscribe("t", 1);
  for (const payload of upTo(100)) await broker.publish({ topic: "t", payload, qos: 1, retain: false });
  await vi.waitFor(() => expect(lazy.payloads).toEqual(upTo(100)), patience);
});

it("who reads, answers PINGREQ and acknowledges nothing is disconnected when too much waits for it, and nobody waits for it", async () => {
  const broker = await embedded({ maxInflight: 2, maxQueuedBytes: 100_000 });
  const port = broker.addresses[0]?.port ?? 0;
  const lazy = await wire(port, "lazy", { clean: true, acknowledges: false });
  await lazy.subscribe("t", 1);
  const other = await wire(port, "other", { clean: true });
  await other.subscribe("t", 1);
  let count = 0;
  for (; broker.clients === 2 && count < 500; count++)
    await broker.publish({ topic: "t", payload: "x".repeat(10_000), qos: 1, retain: false });
  await vi.waitFor(() => expect(broker.clients).toBe(1), patience);
  await vi.waitFor(() => expect(other.payloads).toHaveLength(count), patience);
  expect(lazy.payloads).toHaveLength(2);
});

it("in whatever pieces packets come: all pass in the end, the others at once", () => {
  const message = fc.record({ qos: fc.constantFrom(0, 1, 2), size: fc.constantFrom(0, 1, 120, 130, 3000) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (all, cuts) => {
      const packets = all.map(({ qos, size }, index) =>
        packet(0x30 | (qos << 1), text("a/b"), qos > 0 ? [0, index + 1] : [], Buffer.alloc(size, index)),
      );
      const bytes = Buffer.concat(packets);
      const inflight = new Inflight(1);
      const out: Buffer[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const length = cuts[cut % cuts.length] ?? 1;
        out.push(...inflight.pass(bytes.subarray(at, at + length)));
        at += length;
      }
      const [held, passed] = [all.map(({ qos }) => qos > 0), Buffer.concat(out)];
      const first = held.indexOf(true);
      expect(passed).toEqual(Buffer.concat(packets.filter((_, index) => !held[index] || index === first)));
      const later = packets.flatMap((_, index) => (held[index] ? inflight.acknowledged(index + 1) : []));
      expect(Buffer.concat(later)).toEqual(Buffer.concat(packets.filter((_, index) => held[index] && index !== first)));
      expect(inflight.heldBytes).toBe(0);
    }),
  );
});

it("what may leave for what is acknowledged in one read leaves in one call, in order", async () => {
  const calls: Buffer[] = [];
  const writev = (chunks: { chunk: Buffer }[], done: () => void) => {
    calls.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    done();
  };
  const connection = new DrainingDuplex(new Duplex({ read: () => undefined, writev: writev as never }), {
    incoming: new FrameScanner(newCounts(), Number.POSITIVE_INFINITY),
    outgoing: new FrameScanner(newCounts(), Number.POSITIVE_INFINITY),
    writeBuffer: 1024,
    inflight: new Inflight(3),
    oversized: () => undefined,
    letIn: () => undefined,
    turns: new Turns(() => false),
  });
  const packets = [1, 2, 3, 4, 5, 6].map((id) => packet(0x32, text("a"), [0, id]));
  for (const one of packets) connection.write(one);
  await vi.waitFor(() => expect(Buffer.concat(calls)).toEqual(Buffer.concat(packets.slice(0, 3))), patience);
  calls.length = 0;
  for (const id of [2, 1, 3]) connection.acknowledged(id);
  await vi.waitFor(() => expect(calls).toEqual([Buffer.concat(packets.slice(3))]), patience);
});

async function embedded(limits: { maxInflight: number; maxQueuedBytes?: number }) {
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    limits,
    sysInterval: 3_600_000,
    version: "0.0.0-test",
    log: silentLog,
    now: () => performance.now(),
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  return broker;
}
