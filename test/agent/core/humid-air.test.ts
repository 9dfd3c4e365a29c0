import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absoluteHumidity, dewPoint, saturation, type VpdFormula, vpd } from "../../../agent/core/humid-air.ts";
import { convert } from "../../../agent/core/unit.ts";

const celsius = (degrees: number) => convert(degrees, "°F", "°C") ?? Number.NaN;

// The figures of the table in section 3 of the contract, to its digits.
describe("the vapour pressure deficit", () => {
  const rows: [VpdFormula, "°C" | "°F", readonly number[]][] = [
    ["growbuddy-2022", "°F", [0.8569, 0.8258, 1.6117]],
    ["growbuddy-2025", "°C", [0.9041, 0.8586, 1.6]],
    ["tetens", "°C", [0.7147, 0.6984, 1.4306]],
  ];
  const air = [
    [71.8, 61.6],
    [68, 58.4],
    [78.314, 45.5017],
  ] as const;
  it.each(rows)("growbuddy 3 and 6c: by %s, with a leaf that is 2 %s cooler", (formula, unit, expected) => {
    const figures = air.map(([degrees, humidity]) => Number(vpd(formula, celsius(degrees), humidity, { value: -2, unit }).toFixed(4)));
    expect(figures).toEqual(expected);
  });
});

// FAO Irrigation and Drainage Paper 56 (Allen et al. 1998), example 3
it.each([
  [15, 1.705],
  [24.5, 3.075],
])("water vapour saturates at %d °C with %d kPa", (temperature, kPa) => expect(saturation(temperature)).toBeCloseTo(kPa, 3));

// The dew point tables of maleco.de, trocknungberlin.de and elsner-elektronik.de, which have one digit
it.each([
  [20, 70, 14.4],
  [10, 90, 8.4],
  [22, 70, 16.3],
  [22, 45, 9.5],
  [24, 60, 15.8],
])("the dew point at %d °C and %d %% is %d °C", (temperature, humidity, expected) => {
  expect(Math.abs(dewPoint(temperature, humidity) - expected)).toBeLessThanOrEqual(0.05 + 1e-9);
});

// CRC Handbook of Chemistry and Physics, 62nd ed. (1981), density of saturated water vapour, as in UNU 80A01E appendix 1; within 1 %
it.each([
  [0, 4.86],
  [10, 9.42],
  [20, 17.33],
  [26, 24.43],
  [34, 37.66],
])("saturated air of %d °C has %d g of water in 1 m³", (temperature, grams) => {
  expect(Math.abs(absoluteHumidity(temperature, 100) / grams - 1)).toBeLessThan(0.01);
});

it("saturated air is at its dew point, and drier air is above it", () => {
  fc.assert(
    fc.property(fc.double({ min: -40, max: 60, noNaN: true }), fc.double({ min: 1, max: 100, noNaN: true }), (temperature, humidity) => {
      expect(dewPoint(temperature, 100)).toBeCloseTo(temperature, 6);
      expect(dewPoint(temperature, humidity)).toBeLessThanOrEqual(temperature + 1e-9);
    }),
  );
});
