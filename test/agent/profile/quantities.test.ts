import { describe, expect, it } from "vitest";
import { isNumeric, measureOf, rateMeasureOf, totalMeasureOf } from "../../../agent/profile/quantities.ts";

const both = (device_class: string, unit_of_measurement: string) => ({ device_class, unit_of_measurement });

describe("the class and the unit of a value", () => {
  it.each([
    ["temperature", "°C", null, both("temperature", "°C")],
    ["level", "l", null, both("volume_storage", "L")],
    ["conductivity", "\u00b5S/cm", null, both("conductivity", "\u03bcS/cm")],
    ["ph", null, null, { device_class: "ph" }],
    ["vpd", "kPa", null, both("pressure", "kPa")],
    ["value", "%", "moisture", both("moisture", "%")],
    // Home Assistant refuses a class with a unit that is none of its own.
    ["temperature", "mK", null, { unit_of_measurement: "mK" }],
    ["value", "l", "temperature", { unit_of_measurement: "L" }],
    ["wobble", null, null, {}],
    ["constructor", "x", null, { unit_of_measurement: "x" }],
  ])("%s in %s, chosen %s", (name, unit, chosen, expected) => {
    expect(measureOf({ name, unit }, chosen)).toEqual(expected);
  });

  it.each([
    ["kWh", null, both("energy", "kWh")],
    ["l", null, both("water", "L")],
    ["mm", null, both("precipitation", "mm")],
    ["m³", null, { unit_of_measurement: "m³" }],
    ["m³", "gas", both("gas", "m³")],
    [null, null, {}],
  ])("of the total of a counter of %s, chosen %s", (unit, chosen, expected) => {
    expect(totalMeasureOf(unit, chosen)).toEqual(expected);
  });

  it.each([
    ["kWh/h", both("power", "kW")],
    ["m³/h", both("volume_flow_rate", "m³/h")],
    ["l/min", both("volume_flow_rate", "L/min")],
    ["mm/h", both("precipitation_intensity", "mm/h")],
    ["1/h", { unit_of_measurement: "1/h" }],
  ])("of a rate in %s", (unit, expected) => {
    expect(rateMeasureOf(unit)).toEqual(expected);
  });

  it("a value that may be a word is drawn as no curve", () => {
    expect(["ph", "value", "door"].map((name) => isNumeric({ name, unit: null }))).toEqual([true, true, false]);
  });
});
