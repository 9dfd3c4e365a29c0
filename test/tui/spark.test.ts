import { expect, test } from "vitest";
import { spark, sparkFromZero } from "../../tui/spark.ts";

test("the newest is at the right, what is not known stays blank, and what is outside the range is cut", () => {
  expect(spark([0, 50, 100], 6, 6, 0, 100)).toBe("   ▁▅█");
  expect(spark([Number.NaN, -5, 500], 3, 3, 0, 100)).toBe(" ▁█");
  expect(spark([], 3, 3, 0, 100)).toBe("   ");
});

test("several values in one column are their mean, one value may take several columns", () => {
  expect(spark([0, 100, 100, 100], 4, 2, 0, 100)).toBe("▅█");
  expect(spark([0, 100], 2, 4, 0, 100)).toBe("▁▁██");
});

test("from zero the largest is full, and nothing but zeros is a line at the bottom", () => {
  expect(sparkFromZero([1, 2, 4], 3, 3)).toBe("▃▅█");
  expect(sparkFromZero([0, 0, Number.NaN], 3, 3)).toBe("▁▁ ");
});
