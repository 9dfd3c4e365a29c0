import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, it } from "vitest";
import { takeWhole } from "../../../agent/embedded/whole-packets.ts";
import { connectPacket, publishPacket, subscribePacket } from "./wire.ts";

const { resolve } = createRequire(import.meta.url);
const packets = createRequire(resolve("aedes"))("mqtt-packet");

/** What aedes' own parser makes of these pieces, up to what it refuses. */
function told(pieces: readonly Buffer[], mend: (parser: Parameters<typeof takeWhole>[0]) => void): unknown[] {
  const parser = packets.parser({ protocolVersion: 4 });
  const all: unknown[] = [];
  parser.on("packet", (packet: object) => all.push({ ...packet }));
  parser.on("error", (error: Error) => all.push(error.message));
  mend(parser);
  const left = pieces.map((piece) => (all.some((one) => typeof one === "string") ? 0 : parser.parse(piece)));
  return [...all, left];
}

const number = fc.integer({ min: 0, max: 65_535 });
const publication = fc
  .record({
    topic: fc.string({ maxLength: 20, unit: "binary" }),
    payload: fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.integer({ min: 100, max: 20_000 }).map((length) => "x".repeat(length)),
    ),
    qos: fc.integer({ min: 0, max: 3 }),
    flags: fc.record({ retain: fc.boolean(), dup: fc.boolean() }),
    id: number,
  })
  .map(({ topic, payload, qos, flags, id }) => publishPacket(topic, payload, { qos, id, ...flags }));
const acknowledgement = fc
  .tuple(fc.constantFrom(0x40, 0x41, 0x50, 0x62), number)
  .map(([first, id]) => Buffer.from([first, 2, id >> 8, id & 0xff]));
const other = fc.constantFrom(
  connectPacket(),
  subscribePacket([["a/+", 1]]),
  Buffer.from([0xc0, 0]),
  Buffer.from([0x30, 0]),
  Buffer.from([0x40, 1, 7]),
);
const noise = fc.uint8Array({ minLength: 1, maxLength: 6 }).map((bytes) => Buffer.from(bytes));
const stream = fc.array(fc.oneof({ weight: 5, arbitrary: publication }, { weight: 3, arbitrary: acknowledgement }, other, noise), {
  maxLength: 8,
});

it("gives out the same packets and errors as the parser alone, however the bytes come", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), (all, cuts) => {
      const bytes = Buffer.concat(all);
      const pieces: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        if (at + cut >= bytes.length) break;
        pieces.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      pieces.push(bytes.subarray(at));
      const wanted = told(
        pieces.filter(({ length }) => length > 0),
        () => undefined,
      );
      expect(
        told(
          pieces.filter(({ length }) => length > 0),
          takeWhole,
        ),
      ).toEqual(wanted);
    }),
    { numRuns: 300 },
  );
});
