import fc from "fast-check";
import { expect, it } from "vitest";
import { joined } from "../../../agent/embedded/joined.ts";

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(4096, 4097)), { maxLength: 12 });

it("are the same bytes, and no two small pieces follow each other", () => {
  fc.assert(
    fc.property(sizes, (all) => {
      const pieces = all.map((size, index) => Buffer.alloc(size, index + 1));
      const out = joined(pieces);
      expect(Buffer.concat(out).equals(Buffer.concat(pieces))).toBe(true);
      const isOwn = out.map((piece) => piece.length > 4096 && pieces.some((one) => one === piece));
      expect(out.some((_, index) => index > 0 && !isOwn[index] && !isOwn[index - 1])).toBe(false);
      expect(isOwn.filter(Boolean).length).toBe(pieces.filter(({ length }) => length > 4096).length);
    }),
  );
});
