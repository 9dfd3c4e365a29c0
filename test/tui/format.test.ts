import fc from "fast-check";
import { expect, test } from "vitest";
import { age, count, instant, shortAge, size } from "../../tui/format.ts";

test.each([
  [-5, "0s"],
  [300, "0.3s"],
  [8_000, "8s"],
  [764_000, "12m44s"],
  [11_400_000, "3h10m"],
  [93_600_000, "1d02h"],
])("%d ms are %s", (ms, text) => {
  expect(age(ms)).toBe(text);
});

test("an age has at most six columns for a hundred days, the short one four for as many years as a Pi lives", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 99 * 86_400_000 }), (ms) => {
      expect(age(ms).length).toBeLessThanOrEqual(6);
      expect(shortAge(ms).length).toBeLessThanOrEqual(4);
    }),
  );
});

test("what is no time has no age of its own", () => {
  expect(age(Number.NaN)).toBe("0s");
  expect(instant(null)).toBeNaN();
  expect(instant("yesterday")).toBeNaN();
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 k"],
  [58_000_000, "58 M"],
  [999_600_000, "1.0 G"],
])("%d bytes are %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test("thousands are set apart", () => {
  expect([0, 999, 4_980, 1_234_567].map(count)).toEqual(["0", "999", "4,980", "1,234,567"]);
});
