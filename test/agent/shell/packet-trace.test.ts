import type { Packet } from "mqtt";
import { afterEach, expect, it, vi } from "vitest";
import { bytesPatience, PacketTrace } from "../../../agent/shell/packet-trace.ts";
import { WireBytes } from "../../../agent/shell/wire-bytes.ts";
import { describeMosquitto, freePort, mosquittoDenying, startMosquitto, type TestBroker } from "../../brokers.ts";
import { patience } from "./fixture.ts";
import { offline, P, probe, state, untilOnline } from "./link-contract.ts";

const iso = (at: number) => new Date(at).toISOString();

function publish(packet: Partial<Packet> = {}): Packet {
  return { cmd: "publish", topic: "t", payload: "OFF", qos: 1, retain: false, dup: false, messageId: 1, ...packet } as Packet;
}

it("an answer carries how long its question was on its way, and the newest thousand packets are kept", () => {
  let now = 0;
  const trace = new PacketTrace(() => now);
  expect(trace.rtt).toBeNull();
  trace.packet("sent", publish({ messageId: 7 }));
  now = 12;
  trace.packet("received", { cmd: "puback", messageId: 8 });
  trace.packet("received", { cmd: "puback", messageId: 7, reasonCode: 0x87 } as Packet);
  expect(trace.since(0, iso)).toEqual([
    { number: 1, at: iso(0), direction: "sent", type: "PUBLISH", id: 7, topic: "t", qos: 1, retain: false, dup: false, size: 3 },
    { number: 2, at: iso(12), direction: "received", type: "PUBACK", id: 8 },
    { number: 3, at: iso(12), direction: "received", type: "PUBACK", id: 7, reason: 0x87, rtt_ms: 12 },
  ]);
  expect(trace.rtt).toBe(12);
  for (let count = 0; count < 2_000; count++) trace.packet("received", publish({ qos: 0, messageId: 0, payload: Buffer.from("ä") }));
  const entries = trace.since(0, iso);
  expect(entries).toHaveLength(1_000);
  expect(entries[0]?.number).toBe(1_004);
  // Nothing of the packet that had this place before is left.
  expect(entries.at(-1)).toEqual({
    number: 2_003,
    at: iso(12),
    direction: "received",
    type: "PUBLISH",
    topic: "t",
    qos: 0,
    retain: false,
    dup: false,
    size: 2,
  });
  expect(trace.since(2_002, iso)).toHaveLength(1);
  expect(trace.since(5_000, iso)).toEqual([]);
});

it("a question of a lost connection is not answered by the next one", () => {
  let now = 0;
  const trace = new PacketTrace(() => now);
  trace.packet("sent", publish({ messageId: 1 }));
  now = 60_000;
  trace.packet("sent", { cmd: "connect", clientId: "c", password: Buffer.from("secret") } as Packet);
  now = 60_005;
  trace.packet("received", { cmd: "connack", reasonCode: 0, sessionPresent: false } as Packet);
  trace.packet("received", { cmd: "puback", messageId: 1 });
  expect(trace.since(1, iso).map(({ rtt_ms }) => rtt_ms)).toEqual([undefined, 5, undefined]);
  expect(JSON.stringify(trace.since(0, iso))).not.toContain("secret");
});

it("bytes are kept from the first question for them until ten seconds after the last, and never what a CONNECT or an AUTH hides", () => {
  let now = 0;
  const trace = new PacketTrace(() => now);
  const wire = (...bytes: number[]) => {
    const bytesOf = new WireBytes();
    bytesOf.add(Buffer.from(bytes), true);
    return bytesOf;
  };
  trace.packet("sent", publish(), wire(0x32, 5));
  expect([trace.wantsBytes, trace.bytes(1), trace.wantsBytes]).toEqual([false, null, true]);
  const puback = wire(0x40, 2, 0, 7);
  trace.packet("received", { cmd: "puback", messageId: 7 }, puback);
  expect(trace.bytes(2)).toEqual({ number: 2, size: 4, hex: "40020007" });
  const connect = wire(0x10, 40, 0, 4, 77, 81, 84, 84, 5, 0xc2, 0, 60, ...Buffer.from("then the secret"));
  trace.packet("sent", { cmd: "connect", clientId: "c" } as Packet, connect);
  expect(trace.bytes(3)).toEqual({ number: 3, size: 27, hex: "102800044d51545405c2003c" });
  trace.packet("received", { cmd: "auth", reasonCode: 0x18 } as Packet, wire(0xf0, 9, 0x18, ...Buffer.from("secret")));
  expect(trace.bytes(4)?.hex).toBe("f009");
  expect([trace.bytes(5), trace.bytes(0), trace.bytes(-3)]).toEqual([null, null, null]);
  now = bytesPatience;
  trace.packet("received", { cmd: "pingresp" }, wire(0xd0, 0));
  expect(trace.bytes(5)?.hex).toBe("d000");
  now = 2 * bytesPatience + 1;
  trace.packet("received", { cmd: "pingresp" }, wire(0xd0, 0));
  expect(trace.wantsBytes).toBe(false);
  expect([2, 3, 4, 5, 6].map((number) => trace.bytes(number))).toEqual([null, null, null, null, null]);
  // A place that is used again has the bytes of the new packet only.
  for (let count = 0; count < 1_500; count++) trace.packet("received", { cmd: "pingresp" }, count < 1_200 ? wire(0xd0, 0) : undefined);
  expect([trace.bytes(400), trace.bytes(1_000)?.hex, trace.bytes(1_400)]).toEqual([null, "d000", null]);
});

it("of a topic no more than its beginning is kept", () => {
  const trace = new PacketTrace(() => 0);
  trace.packet("received", publish({ topic: "x".repeat(60_000) }));
  expect(trace.since(0, iso)[0]?.topic).toBe(`${"x".repeat(255)}…`);
});

it("has no CONNECT that never left, since there was nobody to take it", async () => {
  const sent: Packet[] = [];
  const { link, warnings } = probe(`mqtt://127.0.0.1:${await freePort()}`, {
    on: { online: () => undefined, offline: () => undefined, message: () => undefined, packet: (_way, packet) => sent.push(packet) },
  });
  link.start();
  await vi.waitFor(() => expect(warnings).not.toEqual([]), patience);
  await link.stop([]);
  expect([sent.length, link.view.sent]).toEqual([0, 0]);
});

describeMosquitto("a trace of a real connection", () => {
  let broker: TestBroker;
  afterEach(() => broker.stop());

  it("has the whole birth in its order, both ways, and the refusal of a publication", async () => {
    broker = await startMosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic: `${P}/out/lamp/attr` }]));
    const trace = new PacketTrace(() => performance.now());
    const birth = () => [state("out/lamp/state", "OFF"), state("out/lamp/attr", "{}")];
    const { link } = probe(broker.url, {
      birth,
      on: {
        online: () => undefined,
        offline: () => undefined,
        message: () => undefined,
        packet: (way, packet) => trace.packet(way, packet),
      },
    });
    link.start();
    await untilOnline(link);
    const entries = trace.since(0, iso);
    const shown = entries.map(({ direction, type, topic, reason }) =>
      [direction === "sent" ? ">" : "<", type, topic?.split("/").at(-1), reason].filter((x) => x !== undefined).join(" "),
    );
    expect(shown.filter((line) => line.startsWith(">") && !line.includes("PUBACK"))).toEqual([
      "> CONNECT",
      "> SUBSCRIBE status",
      "> PUBLISH state",
      "> PUBLISH attr",
      "> PUBLISH status",
    ]);
    expect(shown).toEqual(expect.arrayContaining(["< CONNACK 0", "< SUBACK 0", "< PUBACK 135"]));
    expect(
      entries
        .filter(({ direction, type }) => direction === "received" && type === "PUBACK")
        .every(({ rtt_ms: rtt }) => rtt !== undefined && rtt > 0),
    ).toBe(true);
    expect(trace.rtt).toBeGreaterThan(0);
    await link.stop([offline]);
    await vi.waitFor(() => expect(trace.since(entries.length, iso).map(({ type }) => type)).toContain("DISCONNECT"), patience);
  });
});
