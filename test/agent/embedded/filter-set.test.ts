import fc from "fast-check";
import { expect, it } from "vitest";
import { FilterSet } from "../../../agent/embedded/filter-set.ts";
import { isFilter, matchesFilter } from "../../../agent/embedded/topic-filter.ts";

const level = fc.constantFrom("a", "b", "", "$x");
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filters = fc
  .array(fc.oneof(level, fc.constantFrom("+", "#")), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter(isFilter);

it("matches what one of its filters matches, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(filters, { maxLength: 8 }), topics, (all, topic) => {
      expect(new FilterSet(all).matches(topic)).toBe(all.some((filter) => matchesFilter(filter, topic)));
    }),
    { numRuns: 2000 },
  );
});
