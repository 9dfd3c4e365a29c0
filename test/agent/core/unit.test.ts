import fc from "fast-check";
import { expect, it } from "vitest";
import { convert, convertDifference, integralUnit, unitOfWord } from "../../../agent/core/unit.ts";

const kinds = [
  ["°C", "°F", "K"],
  ["Pa", "hPa", "mbar", "kPa", "bar", "psi", "mmHg", "inHg"],
  ["W", "mW", "kW", "MW"],
  ["Wh", "kWh", "MWh", "J", "kJ", "MJ"],
  ["m", "mm", "cm", "km", "in", "ft"],
  ["m/s", "km/h", "mph", "kn"],
  ["L", "mL", "m³", "gal", "ft³"],
];
const pair = fc.constantFrom(...kinds).chain((units) => fc.tuple(fc.constantFrom(...units), fc.constantFrom(...units)));

it("a conversion there and back brings the same value, and so does one of a difference", () => {
  fc.assert(
    fc.property(pair, fc.double({ min: -1e6, max: 1e6, noNaN: true }), ([from, to], value) => {
      for (const change of [convert, convertDifference]) {
        const back = change(change(value, from, to) ?? Number.NaN, to, from) ?? Number.NaN;
        expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)) * 1e3);
      }
    }),
  );
});

it.each([
  [71.8, "°F", "°C", 22.1111],
  [0, "K", "°C", -273.15],
  [29.92, "inHg", "hPa", 1013.2075],
  [1, "kWh", "MJ", 3.6],
  [100, "km/h", "kn", 53.9957],
  [5, "lx", "lx", 5],
])("%d %s are, in %s, %d", (value, from, to, expected) => {
  expect(convert(value, from, to)).toBeCloseTo(expected, 4);
});

it("what does not measure the same does not convert", () => {
  expect([convert(1, "°C", "%"), convert(1, null, "°C"), convert(1, "lx", "lux"), convertDifference(1, "°C", "W")]).toEqual(
    Array(4).fill(undefined),
  );
});

// growbuddy 2.3: the unit is taken from `TempUnit`, never assumed
it.each([
  ["F", "°F"],
  ["C", "°C"],
  ["°f", "°F"],
  ["Celsius", "°C"],
  ["K", "K"],
  ["hPa", "hPa"],
  ["", undefined],
  ["X", undefined],
  ["__proto__", undefined],
])("the word %j means %s", (word, unit) => expect(unitOfWord(word)).toBe(unit));

it("what is summed up over time has a unit of its own", () => {
  expect(integralUnit("kW")).toEqual({ unit: "Wh", perMs: 1000 / 3_600_000 });
  expect(integralUnit("L/min")).toEqual({ unit: "L", perMs: 1 / 60_000 });
  expect([integralUnit("°C"), integralUnit(null)]).toEqual([undefined, undefined]);
});
