import { describe, expect, it } from "vitest";
import { sensorAnswer, sensorEntries } from "../../../agent/shell/sensor-view.ts";
import type { Config } from "../../../config/schema.ts";
import { configOf } from "../core/fixture.ts";
import { World } from "../core/world.ts";

const values = [
  { name: "humidity", value: 48.2, unit: "%" },
  { name: "temperature", value: 21.4, unit: "°C" },
];

/** A sensor that was read five seconds ago. */
function read(config: Config = configOf({ sensors: { tent: { stale_after: 90_000 } } })) {
  const world = new World(config);
  world.dispatch({ type: "started", held: false, at: world.now });
  world.dispatch({ type: "sensor-read", sensor: 0, values, at: world.now });
  world.advance(5000);
  const { plan, state, now } = world;
  return {
    world,
    answer: (reference: string) => sensorAnswer(plan, state, reference, now),
    entries: () => sensorEntries(plan, config, state, now),
  };
}

describe("what is asked of a sensor", () => {
  it.each([
    ["tent", "48.2, 21.4", values],
    ["tent.temperature", "21.4", values.slice(1)],
  ])("%s is %s", (reference, state, values) => {
    expect(read().answer(reference)).toMatchObject({ id: reference, kind: "sensor", state, values, quality: "ok", age_ms: 5000 });
  });

  it("that it does not measure is refused with what it does", () => {
    expect(() => read().answer("tent.pressure")).toThrow('tent measures no "pressure"; it measures humidity, temperature');
    expect(read().answer("cellar.humidity")).toBeUndefined();
    expect(read().answer(5 as unknown as string)).toBeUndefined();
  });

  it("is unknown before the first reading, and no value of a sensor that failed", () => {
    const world = new World(configOf({ sensors: { tent: {} } }));
    expect(sensorAnswer(world.plan, world.state, "tent.humidity", world.now)).toMatchObject({ state: "UNKNOWN", values: [] });
    const { world: later, answer } = read();
    later.dispatch({ type: "sensor-failed", sensor: 0, problem: "CRC error", at: later.now });
    expect(answer("tent.humidity")).toMatchObject({ state: "UNKNOWN", reason: "CRC error", values: values.slice(0, 1) });
  });
});

describe("the list of sensors", () => {
  it("says of each its driver, how long a reading holds, and what depends on it", () => {
    const config = configOf({ sensors: { tent: { stale_after: 90_000 }, mist: {} } });
    const rules = {
      mist: { when: [{ sensor: "tent.humidity", below: 55 }], do: [{ publish: "tent", payload: "tent.x" }] },
      fan: { when: [{ topic: "tent", input: "tent" }], unless: [{ sensor: "tent" }, { sensor: "tent.temperature" }] },
    };
    const derive = { vpd: { vpd: { temperature: "tent.temperature", humidity: "tent.humidity" } } };
    const forged = { ...config, rules, derive } as unknown as Config;
    expect(read(config).entries()[0]).toMatchObject({ kind: "sensor", id: "tent", driver: "file", stale_after_ms: 90_000, used_by: [] });
    const { world } = read(config);
    expect(sensorEntries(world.plan, forged, world.state, world.now).map(({ id, used_by }) => [id, used_by])).toEqual([
      ["tent", ["rule mist", "rule fan", "derived vpd"]],
      ["mist", []],
    ]);
  });

  it("growbuddy 7.4: says of a vapour pressure deficit by which formula it came about", () => {
    const formula = "growbuddy-2025" as const;
    const vpd = { formula, temperature: "tent.temperature", humidity: "tent.humidity", leaf_offset: { value: -2, unit: "°F" } } as const;
    const config = configOf({ sensors: { tent: {} }, derive: { deficit: { vpd }, calm: { mean: "tent" } } });
    const drivers = read(config)
      .entries()
      .map(({ id, driver }) => [id, driver]);
    expect(drivers).toEqual([
      ["tent", "file"],
      ["deficit", formula],
      ["calm", "derived"],
    ]);
  });

  it("has no such time for a value that holds as long as what it is derived from", () => {
    const config = configOf({ sensors: { vpd: { stale_after: Number.POSITIVE_INFINITY } } });
    const { plan, state, now } = new World(config);
    expect(sensorEntries(plan, config, state, now)).toMatchObject([{ stale_after_ms: null }]);
  });
});
