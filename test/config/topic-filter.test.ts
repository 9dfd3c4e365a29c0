import fc from "fast-check";
import { expect, it } from "vitest";
import { coversFilter, filtersMeet, matchesFilter } from "../../agent/embedded/topic-filter.ts";
import { filtersOverlap } from "../../config/topic-filter.ts";

const word = fc.constantFrom("", "a", "b", "$x");
const levels = (more: fc.Arbitrary<string>) => fc.array(more, { minLength: 1, maxLength: 3 });
const filter = fc
  .tuple(levels(fc.oneof(word, fc.constant("+"))), fc.boolean())
  .map(([parts, all]) => (all ? [...parts, "#"] : parts).join("/"));
/** Every topic that could tell two such filters apart. */
const words = ["", "a", "b", "$x", "other"];
const topics = [1, 2, 3, 4].flatMap((length) =>
  Array.from({ length: words.length ** length }, (_, number) =>
    Array.from({ length }, (_, level) => words[Math.floor(number / words.length ** level) % words.length]).join("/"),
  ),
);

it("two filters overlap when there is a topic in both, and one covers the other when there is none outside of it", () => {
  fc.assert(
    fc.property(filter, filter, (a, b) => {
      const [inA, inB] = [a, b].map((each) => topics.filter((topic) => matchesFilter(each, topic))) as [string[], string[]];
      const within = new Set(inA);
      const overlap = inB.some((topic) => within.has(topic));
      expect([filtersOverlap(a, b), filtersMeet(a, b)]).toEqual([overlap, overlap]);
      // A filter that nothing can match is in every other one; nobody needs that to be seen.
      if (inB.length > 0) expect(coversFilter(a, b)).toBe(inB.every((topic) => within.has(topic)));
    }),
    { numRuns: 400 },
  );
});
