import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketCutter } from "../../../agent/shell/link-cut.ts";
import { keptBytes, WireBytes } from "../../../agent/shell/wire-bytes.ts";
import { generate } from "../embedded/packets.ts";

const maxBytes = 70_000;
const large = (bytes: number) => generate.publish("a/b", "x".repeat(bytes));
/** The first bytes, in a packet that says so. */
const cutOf = (packet: Buffer) => {
  const body = maxBytes - 4;
  return Buffer.concat([
    Buffer.from([0x30, (body % 128) + 128, (Math.floor(body / 128) % 128) + 128, body >> 14]),
    packet.subarray(4, maxBytes),
  ]);
};

describe("packets that are too large", () => {
  it("are cut and nothing else is, however the stream comes in", () => {
    const packet = fc.oneof(
      { weight: 3, arbitrary: fc.nat(300).map((bytes) => [large(bytes), large(bytes)] as const) },
      { weight: 1, arbitrary: fc.constant([Buffer.from([0xd0, 0]), Buffer.from([0xd0, 0])] as const) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: maxBytes, max: 3 * maxBytes }).map((bytes) => [large(bytes), cutOf(large(bytes))] as const),
      },
    );
    const chunkSize = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: maxBytes }));
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 8 }), fc.array(chunkSize, { maxLength: 12 }), (packets, sizes) => {
        const wires: WireBytes[] = [];
        const cutter = new PacketCutter(maxBytes, (size) => {
          const wire = new WireBytes(size);
          wires.push(wire);
          return wire;
        });
        let rest = Buffer.concat(packets.map(([sent]) => sent));
        const passed: Buffer[] = [];
        for (const size of [...sizes, rest.length]) {
          passed.push(...cutter.push(rest.subarray(0, size)));
          rest = rest.subarray(size);
        }
        expect(Buffer.concat(passed).equals(Buffer.concat(packets.map(([, wanted]) => wanted)))).toBe(true);
        // What is shown of a packet is what came, whole or not.
        expect(wires.map(({ bytes, size }) => [size, bytes.toString("hex")])).toEqual(
          packets.map(([sent]) => [sent.length, sent.subarray(0, keptBytes).toString("hex")]),
        );
      }),
    );
  });

  it("are not those that are just small enough", () => {
    const fits = large(maxBytes - 4 - 5);
    expect(fits).toHaveLength(maxBytes);
    expect(Buffer.concat(new PacketCutter(maxBytes).push(fits)).equals(fits)).toBe(true);
    const more = large(maxBytes - 4 - 4);
    expect(Buffer.concat(new PacketCutter(maxBytes).push(more)).equals(cutOf(more))).toBe(true);
  });

  it("do not concern a length that is malformed: the parser refuses it", () => {
    const wrong = Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(Buffer.concat(new PacketCutter(maxBytes).push(wrong)).subarray(0, 5)).toEqual(wrong.subarray(0, 5));
  });
});
