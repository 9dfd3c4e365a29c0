import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTopic, matchesFilter } from "../../../agent/embedded/topic-filter.ts";

/** As the standard has it, level by level (MQTT 3.1.1 section 4.7). */
function matches([wanted, ...filter]: string[], [given, ...topic]: string[]): boolean {
  if (wanted === "#") return true;
  if (wanted === undefined || given === undefined) return wanted === given;
  return (wanted === "+" || wanted === given) && matches(filter, topic);
}

describe("a filter", () => {
  const word = fc.constantFrom("", "a", "b", "ab", "ä");
  const topic = fc.array(word, { minLength: 1, maxLength: 4 });
  const filter = fc
    .tuple(fc.array(fc.oneof(word, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, all]) => (all ? [...levels, "#"] : levels));

  it("matches a topic level by level", () => {
    fc.assert(
      fc.property(filter, topic, (wanted, given) => {
        expect(matchesFilter(wanted.join("/"), given.join("/"))).toBe(matches(wanted, given));
      }),
      { numRuns: 2000 },
    );
  });

  it("that begins with a wildcard matches no topic with $ [MQTT-4.7.2-1]", () => {
    for (const wide of ["#", "+/a", "+/#"]) expect(matchesFilter(wide, "$SYS/a")).toBe(false);
    for (const own of ["$SYS/#", "$SYS/+", "$SYS/a"]) expect(matchesFilter(own, "$SYS/a")).toBe(true);
  });
});

describe("a topic", () => {
  it("has text, no wildcard and at most a hundred levels", () => {
    expect(["a", "/", "ä b", "a/".repeat(99), "/".repeat(99)].map(isTopic)).toEqual([true, true, true, true, true]);
    expect(["", "+", "a/#", "a\u0000", "a\ufffd", "\u0085", "/".repeat(100), "a/".repeat(100)].filter(isTopic)).toEqual([]);
  });
});
