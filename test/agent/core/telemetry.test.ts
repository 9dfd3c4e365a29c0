import { describe, expect, it } from "vitest";
import { historicalOf } from "../../../agent/core/telemetry.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const P = "pinbus/garage";

describe("a reading", () => {
  it("of a counter says what becomes of it when the broker does not get it", () => {
    const world = new World(configOf({ inputs: { meter: { kind: "counter", debounce: 0, report: 1000 } } }));
    world.advance(5000);
    world.edge("meter", true);
    world.advance(0);
    const reading = world.published.findLast(({ topic }) => topic === `${P}/counter/meter/state`);
    expect(reading?.afterwards).toEqual({ topic: `${P}/counter/meter/history`, ts: "1970-01-01T00:00:06.000Z" });
    expect(JSON.parse(historicalOf(reading?.payload ?? "", reading?.afterwards?.ts ?? ""))).toMatchObject({
      total: 1,
      pulses: 1,
      ts: "1970-01-01T00:00:06.000Z",
      historical: true,
    });
  });

  it("of a sensor keeps the time at which it was read", () => {
    const world = new World(configOf({ sensors: { attic: {} } }));
    world.dispatch({ type: "started", held: false, at: world.now });
    world.advance(800);
    world.reading("attic", 21.4);
    const [reading] = world.published.filter(({ topic }) => topic === `${P}/sensor/attic/state`);
    expect(reading?.afterwards?.topic).toBe(`${P}/sensor/attic/history`);
    expect(JSON.parse(historicalOf(reading?.payload ?? "", reading?.afterwards?.ts ?? ""))).toEqual({
      temperature: 21.4,
      unit: "°C",
      ts: "1970-01-01T00:00:01.800Z",
      quality: "ok",
      historical: true,
    });
  });

  it("is the only thing that comes late: no state of an input or output does", () => {
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} } }));
    world.edge("porch", true);
    world.advance(1000);
    expect(world.published.length).toBeGreaterThan(0);
    expect(world.published.filter(({ afterwards }) => afterwards !== undefined)).toEqual([]);
  });
});
