import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameScanner, newCounts } from "../../../agent/embedded/frames.ts";
import { generate } from "./packets.ts";

const fresh = newCounts;
const maxBytes = 1_000;

describe("the frame scanner", () => {
  it("counts the same packets however the stream is cut", () => {
    const packet = fc.oneof(
      fc.string({ maxLength: 400, unit: "grapheme-ascii" }).map((payload) => generate.publish("a/b", payload)),
      fc.constant(Buffer.from([0xc0, 0])),
    );
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(600), { maxLength: 8 }), (packets, cuts) => {
        const counts = fresh();
        const scanner = new FrameScanner(counts, maxBytes);
        let rest = Buffer.concat(packets);
        for (const cut of cuts) {
          expect(scanner.push(rest.subarray(0, cut))).toBe(true);
          rest = rest.subarray(cut);
        }
        expect(scanner.push(rest)).toBe(true);
        const bytes = packets.reduce((sum, { length }) => sum + length, 0);
        const publishes = packets.filter((bytes) => bytes[0] === 0x30);
        const payloadBytes = publishes.reduce((sum, bytes) => sum + bytes.length - (bytes.length > 129 ? 3 : 2) - "..a/b".length, 0);
        expect(counts).toEqual({ bytes, packets: packets.length, publishes: publishes.length, payloadBytes });
        expect(scanner.complete).toBe(packets.length);
      }),
    );
  });

  it("refuses a packet that is too large as soon as its length is known", () => {
    const scanner = new FrameScanner(fresh(), maxBytes);
    expect(scanner.push(Buffer.from([0x30]))).toBe(true);
    expect(scanner.push(Buffer.from([0xe9]))).toBe(true);
    expect(scanner.push(Buffer.from([0x07]))).toBe(false);
  });

  it("refuses a length of five bytes, even of zeros", () => {
    expect(new FrameScanner(fresh(), maxBytes).push(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toBe(false);
    expect(new FrameScanner(fresh(), maxBytes).push(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x00]))).toBe(true);
  });
});
