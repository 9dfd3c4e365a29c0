import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, suggest } from "../../config/suggest.ts";

describe("suggest", () => {
  it("finds the word that was probably meant", () => {
    const known = ["debounce", "active", "bias", "line", "hold", "event_ttl"];
    expect(["debuonce", "debonce", "Bias", "lines", "activ", "eventttl"].map((word) => suggest(word, known))).toEqual([
      "debounce",
      "debounce",
      "bias",
      "line",
      "active",
      "event_ttl",
    ]);
  });

  it("stays silent when nothing is close, when nothing is known, and for what is no word", () => {
    expect(["interlock", "", "x".repeat(100_000)].map((word) => suggest(word, ["line", "hold"]))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(suggest("line", [])).toBeUndefined();
  });

  it("counts like a distance: zero for the same, the same in both directions, at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
    expect([editDistance("ab", "ba"), editDistance("kitten", "sitting")]).toEqual([1, 3]);
  });
});
