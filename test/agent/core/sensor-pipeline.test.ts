import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SensorConfig } from "../../../config/schema.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const P = "pinbus/garage/sensor/tent";
const own = { scale: null, offset: null, range: [], max_change: null, filter: null, report: null };

/** A sensor that is read every 10 s and holds for 30 s. Each step: how many seconds later it says what. */
function reading(settings: Partial<SensorConfig>) {
  const world = new World(configOf({ sensors: { tent: { every: 10_000, ...settings } } }));
  world.link(true);
  world.dispatch({ type: "started", held: false, at: world.now });
  const say = (seconds: number, said: number | string | Record<string, number>) => {
    world.advance(seconds * 1000);
    if (typeof said !== "object") return world.reading("tent", said);
    const values = Object.entries(said).map(([name, value]) => ({ name, value, unit: "%" }));
    world.dispatch({ type: "sensor-read", sensor: 0, values, at: world.now });
  };
  const states = () => world.payloads(`${P}/state`).map((payload): Record<string, number> => JSON.parse(payload));
  const told = () => states().map((state) => state.temperature);
  const quality = () => world.payloads(`${P}/quality`).at(-1);
  /** What counts here, for rules. */
  const value = () => world.state.sensors[0]?.values?.[0]?.value;
  return { world, say, states, told, quality, value };
}

describe("a reading", () => {
  it.each([
    [{ scale: 0.1 }, 3, 0.3],
    [{ scale: 0.001, offset: 1.75 }, 1_013_250, 1015],
    [{ offset: -0.4 }, 21.4, 21],
  ])("is calibrated: %j", (settings, raw, expected) => {
    const { say, told } = reading(settings);
    say(0, raw);
    expect(told()).toEqual([expected]);
  });

  it("of several quantities has settings for each, and the sensor's where it has none of its own", () => {
    const quantities = { humidity: { ...own, offset: 2, range: [0, 100] } };
    const { say, states, quality } = reading({ scale: 2, quantities });
    say(0, { temperature: 10, humidity: 20 });
    expect(states()).toEqual([expect.objectContaining({ temperature: 20, humidity: 42 })]);
    say(10, { temperature: 10, humidity: 60 });
    expect(quality()).toBe("failed: humidity 122 % is outside its range, 0 to 100");
    expect(states()).toHaveLength(1);
  });

  it("outside its range has failed and is not taken; the bounds are inside", () => {
    const { say, told, quality, value } = reading({ range: [-10, 50] });
    for (const each of [-10, 50]) say(1, each);
    say(1, 50.1);
    expect([quality(), value(), told()]).toEqual(["failed: temperature 50.1 °C is outside its range, -10 to 50", 50, [-10, 50]]);
    say(1, 20);
    expect([quality(), value()]).toEqual(["ok", 20]);
  });

  it("that is too far from the one before has failed, until so much time has passed that it may be so far", () => {
    const { say, told, quality } = reading({ max_change: { by: 6, per: 60_000 } });
    say(0, 20);
    say(10, 21);
    say(10, 25);
    expect(quality()).toBe("failed: temperature 25 °C is too far from 21, 10 s before");
    say(10, 25);
    expect(quality()).toMatch(/^failed: .* 20 s before$/);
    say(9, 23.9);
    expect([quality(), told()]).toEqual(["ok", [20, 21, 23.9]]);
  });

  it("is not compared with one that no longer holds", () => {
    const { say, told } = reading({ max_change: { by: 6, per: 60_000 }, filter: { kind: "mean", of: 5 } });
    say(0, 20);
    say(600, 40);
    expect(told()).toEqual([20, 40]);
  });

  it.each([
    ["median" as const, [20, 85, 21, 20.5, -40], [20, 52.5, 21, 21, 20.5]],
    ["mean" as const, [20, 21, 25, 23, 24], [20, 20.5, 22, 23, 24]],
  ])("counts as the %s of the last three", (kind, said, expected) => {
    const { say, told } = reading({ filter: { kind, of: 3 } });
    for (const each of said) say(10, each);
    expect(told()).toEqual(expected);
  });

  it("is published when it has moved or the time has come, with the time of its read; what is here is always the last one", () => {
    const { world, say, states, quality, value } = reading({ report: { delta: 0.2, every: 60_000 } });
    const begun = world.now;
    for (const each of [21, 21.1, 21.19, 21.2, 21.3, 21.3, 21.3, 21.3, 21.3, 21.3]) say(10, each);
    expect(states().map(({ temperature, ts }) => `${temperature} after ${(Date.parse(String(ts)) - begun) / 1000} s`)).toEqual([
      "21 after 10 s",
      "21.2 after 40 s",
      "21.3 after 100 s",
    ]);
    say(5, 21.35);
    expect([value(), quality(), states().length]).toEqual([21.35, "ok", 3]);
  });

  it("that ends a failure is published, however little it has moved", () => {
    const { say, told } = reading({ report: { delta: 5, every: 3_600_000 } });
    say(0, 20);
    say(10, "CRC error");
    say(10, 20);
    say(10, 20);
    expect(told()).toEqual([20, 20]);
  });

  it("goes through new settings from the first read after a reload", () => {
    const { world, say, told, quality } = reading({});
    say(0, 120);
    world.reload(configOf({ sensors: { tent: { every: 10_000, range: [0, 100] } } }));
    expect(quality()).toBe("ok");
    say(10, 120);
    expect([quality(), told()]).toEqual(["failed: temperature 120 °C is outside its range, 0 to 100", [120]]);
  });
});

describe("whatever is read", () => {
  it("a value that counts is inside its range, moved no faster than it may, and lies between readings that were taken", () => {
    const step = fc.record({ after: fc.integer({ min: 1, max: 40 }), value: fc.integer({ min: -20, max: 120 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom("median", "mean"), (steps, kind) => {
        const { say, value, quality } = reading({ range: [0, 100], max_change: { by: 3, per: 1000 }, filter: { kind, of: 3 } });
        let taken: { value: number; at: number }[] = [];
        let now = 0;
        for (const each of steps) {
          say(each.after, each.value);
          now += each.after;
          if (taken.length > 0 && now - (taken.at(-1)?.at ?? 0) >= 30) taken = [];
          const last = taken.at(-1);
          const sound = each.value >= 0 && each.value <= 100 && (!last || Math.abs(each.value - last.value) <= 3 * (now - last.at));
          expect(quality()).toMatch(sound ? /^ok$/ : /^failed: /);
          if (!sound) continue;
          taken = [...taken, { value: each.value, at: now }].slice(-3);
          const values = taken.map((one) => one.value);
          expect(value()).toBeGreaterThanOrEqual(Math.min(...values));
          expect(value()).toBeLessThanOrEqual(Math.max(...values));
        }
      }),
    );
  });
});
