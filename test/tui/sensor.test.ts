import { expect, test } from "vitest";
import { valueWord } from "../../tui/sensor.ts";

test.each([
  [21.4, "°C", 9, "21.4 °C"],
  [101_325.25, "Pa", 9, "101325 Pa"],
  [101_325.256_78, "Pa", 6, "101325"],
  [13.9961, "°C", 9, "13.996 °C"],
  [0.1 + 0.2, "kWh", 9, "0.3 kWh"],
  [-123_456_789_012, "l", 9, "-1e+11"],
  [true, null, 9, "true"],
  ["a long word of somebody", null, 9, "a long word of somebody"],
])("%s %s in %d columns is %s", (value, unit, width, text) => {
  expect(valueWord({ value, unit }, width)).toBe(text);
});
