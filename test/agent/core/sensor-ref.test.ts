import { expect, it } from "vitest";
import { parseSensorRef, sensorRefText } from "../../../agent/core/sensor-ref.ts";
import { sensorRef } from "../../../config/sensor-ref.ts";

it.each([
  ["tent", { sensor: "tent", quantity: null }],
  ["tent.humidity", { sensor: "tent", quantity: "humidity" }],
  ["28-a.carbon_dioxide", { sensor: "28-a", quantity: "carbon_dioxide" }],
  ["", undefined],
  ["tent.", undefined],
  [".humidity", undefined],
  ["tent.humidity.x", undefined],
  ["Tent", undefined],
  ["tent.1", undefined],
  ["tent.humidity\n", undefined],
])("%j names one quantity of a sensor in the core as in the configuration", (text, ref) => {
  expect(parseSensorRef(text)).toEqual(ref);
  expect(sensorRef.read(text).ok).toBe(ref !== undefined);
  if (ref) expect(sensorRefText(ref)).toBe(text);
});
