import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest } from "../../gpio/nearest.ts";

test("the distance is a metric: nothing to itself, the same both ways, never longer by a detour", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});

test("a word that is like none of the candidates has no nearest one", () => {
  expect(nearest("GPIO1z", ["GPIO17", "GPIO2"])).toBe("GPIO17");
  expect(nearest("relay", ["GPIO17", "ID_SDA"])).toBeUndefined();
});
