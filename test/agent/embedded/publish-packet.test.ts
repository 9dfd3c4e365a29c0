import fc from "fast-check";
import { expect, it } from "vitest";
import { publishPacket } from "../../../agent/embedded/publish-packet.ts";
import { publishPacket as byHand } from "./wire.ts";

const length = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(4096, 4097, 16_370, 16_384, 2_097_152));

it("writes a PUBLISH as the specification has it, of every length", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" }),
      length,
      fc.integer({ min: 0, max: 2 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 65_535 }),
      (topic, size, qos, retain, messageId) => {
        const payload = Buffer.alloc(size, "p");
        const written = Buffer.concat(publishPacket({ topic, payload, qos, retain, messageId }));
        expect(written.equals(byHand(topic, payload.toString(), { qos, retain, id: messageId }))).toBe(true);
      },
    ),
  );
});

it("does not copy a large payload", () => {
  const payload = Buffer.alloc(5000);
  expect(publishPacket({ topic: "a", payload, qos: 0, retain: false })[1]).toBe(payload);
});
