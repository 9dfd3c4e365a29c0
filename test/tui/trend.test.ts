import { expect, test } from "vitest";
import { observeSensors, rangeOf, type Trend, trendKey } from "../../tui/trend.ts";
import { sensor } from "./scene.ts";

const start = Date.UTC(2026, 10, 20, 10, 0, 0);
const key = trendKey("attic", "temperature");
const reading = (value: number | boolean | string, at: number, quality: "ok" | "failed" = "ok") =>
  sensor("attic", { values: [{ name: "temperature", value, unit: "°C" }], ts: new Date(at).toISOString(), quality });

function seen(...readings: [after: number, value: number | boolean | string, quality?: "ok" | "failed", ts?: number][]): Trend {
  const trends = new Map<string, Trend>();
  for (const [after, value, quality, ts] of readings)
    observeSensors(trends, [reading(value, start + (ts ?? after), quality)], start + after);
  return trends.get(key) as Trend;
}

test("a reading counts once, however often it is told, and a failure is one gap", () => {
  const trend = seen([0, 20], [100, 20, "ok", 0], [1000, 21], [2000, 21, "failed"], [3000, 21, "failed"], [4000, 22]);
  expect(trend.readings).toEqual([20, 21, Number.NaN, 22]);
});

test("what a sensor says in words has no range, and on or off is 1 or 0", () => {
  expect(seen([0, "ON"]).readings).toEqual([]);
  expect(seen([0, true], [1000, false]).readings).toEqual([1, 0]);
});

test("the range is that of the last hour, and says over how long this terminal looked", () => {
  const minutes = (count: number) => count * 60_000;
  const trend = seen([0, 5], [minutes(10), 20], [minutes(30), 22]);
  expect(rangeOf(trend, start + minutes(30))).toEqual({ low: 5, high: 22, over: minutes(30) });
  expect(rangeOf(trend, start + minutes(65))).toEqual({ low: 20, high: 22, over: minutes(60) });
  expect(rangeOf(trend, start + minutes(200))).toBeUndefined();
});

test("readings and minutes are bounded, and a clock that was set back hides nothing new", () => {
  const trend = seen(...Array.from({ length: 300 }, (_, index): [number, number] => [index * 60_000, index]));
  expect(trend.readings.length).toBe(120);
  expect(trend.minutes.length).toBe(61);
  const trends = new Map([[key, trend]]);
  observeSensors(trends, [reading(7, start)], start);
  expect(rangeOf(trend, start)).toMatchObject({ low: 7, high: 7 });
});

test("a sensor that is gone is forgotten", () => {
  const trends = new Map<string, Trend>();
  observeSensors(trends, [reading(1, start)], start);
  observeSensors(trends, [], start);
  expect(trends.size).toBe(0);
});
