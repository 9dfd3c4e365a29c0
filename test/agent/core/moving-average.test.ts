import fc from "fast-check";
import { expect, it } from "vitest";
import { averagesOf, look, newAverage } from "../../../agent/core/moving-average.ts";

it("comes to the rate of something steady, the longer span more slowly", () => {
  const average = newAverage();
  for (let seconds = 0; seconds <= 300; seconds += 10) look(average, seconds * 2, seconds * 1000);
  const [one = 0, five = 0, fifteen = 0] = average.perMinute;
  expect(one).toBeGreaterThan(119);
  expect(five).toBeCloseTo(120 * (1 - Math.exp(-1)), 5);
  expect(fifteen).toBeLessThan(five);
  expect(averagesOf(average).map(([name]) => name)).toEqual(["1min", "5min", "15min"]);
});

it("does not depend on how often it is looked at", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 59 }), { maxLength: 10 }), (stops) => {
      const [once, often] = [newAverage(), newAverage()];
      look(once, 0, 0);
      look(often, 0, 0);
      for (const second of [...new Set(stops)].sort((a, b) => a - b)) look(often, second * 3, second * 1000);
      look(once, 180, 60_000);
      look(often, 180, 60_000);
      for (const [index, rate] of often.perMinute.entries()) expect(rate).toBeCloseTo(once.perMinute[index] ?? 0, 6);
    }),
  );
});

it("falls to nothing in silence, and is never negative when a counter begins anew", () => {
  const average = newAverage();
  look(average, 0, 0);
  look(average, 600, 60_000);
  look(average, 600, 60_000);
  look(average, 0, 3_600_000);
  expect(averagesOf(average)[0]).toEqual(["1min", "0.00"]);
  expect(Math.min(...average.perMinute)).toBeGreaterThanOrEqual(0);
});
