import { once } from "node:events";
import { createConnection, createServer, type Server } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import type { MqttVersion } from "../../../agent/shell/link.ts";
import type { WireBytes } from "../../../agent/shell/wire-bytes.ts";
import { describeMosquitto, mosquittoUsers, startMosquitto, type TestBroker } from "../../brokers.ts";
import { patience } from "./fixture.ts";
import { P, probe, state, untilOnline } from "./link-contract.ts";

let broker: TestBroker;
let relay: Server | undefined;
afterEach(async () => {
  relay?.close();
  await broker.stop();
});

/** The packets of a stream: the type, the length in seven bits a byte, and so many bytes. */
function framesOf(chunks: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  for (let rest = Buffer.concat(chunks); rest.length > 0; ) {
    let [length, at] = [0, 1];
    for (; (rest[at] ?? 0) >= 128; at++) length += ((rest[at] ?? 0) - 128) * 128 ** (at - 1);
    length += (rest[at] ?? 0) * 128 ** (at - 1) + at + 1;
    frames.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return frames;
}

/** Keeps all that passes, both ways. */
async function relayTo(port: number): Promise<{ url: string; sent: Buffer[]; received: Buffer[] }> {
  const [sent, received]: [Buffer[], Buffer[]] = [[], []];
  relay = createServer((near) => {
    const far = createConnection(port, "127.0.0.1");
    near.on("data", (chunk) => sent.push(chunk)).pipe(far);
    far.on("data", (chunk) => received.push(chunk)).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(relay, "listening");
  return { url: `mqtt://127.0.0.1:${(relay.address() as { port: number }).port}`, sent, received };
}

describeMosquitto("the bytes of packets", () => {
  it.each<[MqttVersion]>([["5"], ["3.1.1"]])("are those on the wire, both ways and to the first 128, with MQTT %s", async (version) => {
    broker = await startMosquitto(mosquittoUsers({ ev3: "formosa-secret" }));
    const wire = await relayTo(broker.port);
    const taken: { way: "sent" | "received"; type: string; wire: WireBytes | undefined }[] = [];
    let wanted = true;
    const { link } = probe(wire.url, {
      protocol: version,
      server: { url: wire.url, username: "ev3", password: "formosa-secret" },
      subscriptions: [{ filter: `${P}/#`, qos: 1 }],
      on: {
        online: () => undefined,
        offline: () => undefined,
        message: () => undefined,
        packet: (way, packet, bytes) => taken.push({ way, type: packet.cmd, wire: bytes }),
        wantsBytes: () => wanted,
      },
    });
    link.start();
    await untilOnline(link);
    /** It has passed the relay, and so has, both ways, all that the link has told of. */
    const heard = (text: string) =>
      vi.waitFor(() => {
        expect(Buffer.concat(wire.received).includes(text)).toBe(true);
        for (const way of ["sent", "received"] as const)
          expect(taken.filter((each) => each.way === way).length).toBe(framesOf(wire[way]).length);
      }, patience);
    for (const length of [0, 1, 100, 200, 70_000]) link.publish(state("out/lamp/state", `${"x".repeat(length)}#${length}#`));
    await heard("#70000#");
    // Nobody looks for a while: what comes after that still finds its own.
    wanted = false;
    link.publish(state("out/lamp/state", "unseen"));
    await heard("unseen");
    wanted = true;
    link.publish(state("out/lamp/state", "seen again"));
    await heard("seen again");
    for (const way of ["sent", "received"] as const) {
      const frames = framesOf(wire[way]);
      const known = taken.filter((each) => each.way === way);
      expect(known.length).toBe(frames.length);
      for (const [at, { type, wire: bytes }] of known.entries()) {
        const frame = frames[at] ?? Buffer.alloc(0);
        if (frame.includes("unseen")) expect(bytes).toBeUndefined();
        if (frame.includes("#70000#") || frame.includes("seen again")) expect(bytes).toBeDefined();
        if (bytes === undefined) continue;
        expect(bytes.bytes.toString("hex"), `${way} ${type}`).toBe(frame.subarray(0, type === "connect" ? 12 : 128).toString("hex"));
        expect(bytes.size).toBe(frame.length);
      }
    }
    expect(Buffer.concat(wire.sent).includes("formosa-secret")).toBe(true);
    expect(taken.some(({ wire: bytes }) => bytes?.bytes.includes("formosa"))).toBe(false);
    await link.stop([]);
  });
});
