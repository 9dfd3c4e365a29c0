import { expect, test } from "vitest";
import { headerPins } from "../../gpio/header.ts";
import { barePin, headerPairs, pinLabel, pinNumbers, placesOf } from "../../gpio/picture.ts";
import { powerOnPull } from "../../gpio/power-on.ts";

test("the picture has each of the 40 pins once, odd ones left and even ones right", () => {
  const pairs = headerPairs(barePin);
  expect(pairs).toHaveLength(20);
  expect(pairs.flat().map(({ pin }) => pin)).toEqual([...headerPins.keys()]);
  expect(pairs.every(([odd, even]) => Number(odd.pin) % 2 === 1 && even.pin === Number(odd.pin) + 1)).toBe(true);
  expect(pairs[0]?.map(({ label, kind }) => [label, kind])).toEqual([
    ["3V3", "power"],
    ["5V", "power"],
  ]);
  expect(pairs[4]?.map(({ label, kind }) => [label, kind])).toEqual([
    ["GND", "ground"],
    ["GPIO15", "line"],
  ]);
});

test.each([20, 33, 59, 60, 78, 79, 200])("the parts of a row do not overlap in %i columns, and stay within them", (cols) => {
  const { label, what, odd, even, middle, width } = placesOf(cols);
  expect(odd).toEqual({ what: 0, label: what + 1 });
  expect(odd.label + label).toBe(middle);
  expect(even.label).toBe(middle + width);
  expect(even.what).toBe(even.label + label + 1);
  expect(even.what + what).toBeLessThanOrEqual(cols);
});

test("a narrow picture has the numbers of GPIOs alone", () => {
  const { label } = placesOf(59);
  expect([11, 1, 6].map((pin) => pinLabel(barePin(pin), label))).toEqual(["17", "3V3", "GND"]);
  expect([11, 1, 6].map((pin) => pinLabel(barePin(pin), placesOf(60).label))).toEqual(["GPIO17", "3V3", "GND"]);
  expect(pinNumbers(barePin(1), barePin(2))).toBe("  1|2  ");
  expect(pinNumbers(barePin(11), barePin(12))).toBe(" 11|12 ");
});

test("the pull at power-on is known for the chips whose table is public", () => {
  expect([0, 8, 9, 27, 28].map((gpio) => powerOnPull("pinctrl-bcm2711", gpio))).toEqual(["up", "up", "down", "down", undefined]);
  expect(powerOnPull("pinctrl-bcm2835", 5)).toBe("up");
  expect(powerOnPull("pinctrl-rp1", 5)).toBeUndefined();
});
