import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffDelay, defaultBackoff, refusedDelay } from "../../../agent/core/backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the backoff", () => {
  it("doubles its bound from one second to one minute and stays there", () => {
    const bounds = Array.from({ length: 9 }, (_, attempt) => backoffDelay(defaultBackoff, attempt, 0.999999));
    expect(bounds).toEqual([999, 1_999, 3_999, 7_999, 15_999, 31_999, 59_999, 59_999, 59_999]);
  });

  it("never waits longer than its limit, whatever the attempt", () => {
    fc.assert(
      fc.property(fc.nat(), random, (attempt, random) => {
        const delay = backoffDelay(defaultBackoff, attempt, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(60_000, 1_000 * 2 ** attempt));
      }),
    );
  });

  it("uses the whole range, so that clients do not return in step", () => {
    expect([0, 0.25, 0.5].map((random) => backoffDelay(defaultBackoff, 3, random))).toEqual([0, 2_000, 4_000]);
  });

  it("waits half a minute to a minute after a refusal", () => {
    fc.assert(
      fc.property(random, (random) => {
        const delay = refusedDelay(defaultBackoff, random);
        expect(delay).toBeGreaterThanOrEqual(30_000);
        expect(delay).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
