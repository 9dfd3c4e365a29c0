import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxPulseTime, pulseMs, pulseTimeOf, remainingOf } from "../../../../agent/profile/tasmota/pulse-time.ts";

describe("tasmota 4: PulseTime", () => {
  it.each([
    [0, 0],
    [1, 100],
    [111, 11_100],
    [112, 12_000],
    [200, 100_000],
    [64_900, 64_800_000],
  ])("%i is %i ms", (value, ms) => expect(pulseMs(value)).toBe(ms));

  it.each([
    [0.3, 3],
    [0.31, 4],
    [11.1, 111],
    [11.2, 112],
    [12, 112],
    [12.1, 113],
    [20, 120],
  ])("%f s want %i", (seconds, value) => expect(pulseTimeOf(seconds)).toBe(value));

  it("is never shorter than what was wanted, and the next smaller one would be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64_800_000 }), (ms) => {
        const value = pulseTimeOf(ms / 1000);
        expect(pulseMs(value)).toBeGreaterThanOrEqual(ms);
        expect(pulseMs(value - 1)).toBeLessThan(ms);
      }),
    );
  });

  it("counts down in the same coding: what was just set is left whole", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxPulseTime }), (value) => {
        expect(remainingOf(pulseMs(value))).toBe(value);
      }),
    );
    expect([11_999, 11_101, 11_100, 11_099, 1, 0, -5].map(remainingOf)).toEqual([111, 111, 111, 110, 0, 0, 0]);
  });
});
