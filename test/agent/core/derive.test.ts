import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measured } from "../../../agent/core/model.ts";
import type { DeriveConfig } from "../../../config/schema.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const air = { temperature: "tent.temperature", humidity: "tent.humidity" };
const values = {
  temperature: { value: "T", unit: "°C", unit_from: null, type: "number", options: [] },
  humidity: { value: "H", unit: "%", unit_from: null, type: "number", options: [] },
} as const;
const told = (unit: string | null = null) =>
  ({ driver: "topic", topic: "x/y", path: null, name: "value", unit, stale_after: 10_000 }) as const;
const tent = { ...told(), values: structuredClone(values) as never };

function started(derive: Record<string, Partial<DeriveConfig>>, sensors: Parameters<typeof configOf>[0]["sensors"] = { tent }, more = {}) {
  const world = new World(configOf({ sensors, derive }), more);
  world.dispatch({ type: "started", held: false, at: world.now });
  return world;
}
const both = (temperature: number, humidity: number): Measured[] => [
  { name: "temperature", value: temperature, unit: "°C" },
  { name: "humidity", value: humidity, unit: "%" },
];
const one = (value: Measured["value"], unit: string | null = null): Measured[] => [{ name: "value", value, unit }];
const value = (world: World, id: string) => world.sensor(id).values?.[0]?.value;

describe("a derived value", () => {
  it("is a sensor: published, told anew after a connect, and read with what it is derived from", () => {
    const world = started({ dew: { dew_point: air }, water: { absolute_humidity: air } });
    expect(world.sensor("dew").quality).toBe("unknown");
    world.readings("tent", both(20, 70));
    expect(JSON.parse(world.payloads("pinbus/garage/sensor/dew/state").at(-1) ?? "")).toMatchObject({
      dew_point: 14.3592,
      unit: "°C",
      quality: "ok",
    });
    expect(world.payloads("pinbus/garage/sensor/dew/availability").at(-1)).toBe("online");
    expect(value(world, "water")).toBeCloseTo(12.1, 1);
  });

  it("converts what comes in another unit, and says so of what cannot be converted", () => {
    const world = started({ dew: { dew_point: air, unit: "°F" } });
    const [, humidity] = both(0, 70);
    world.readings("tent", [{ name: "temperature", value: 68, unit: "°F" }, humidity as Measured]);
    expect(world.sensor("dew").values).toEqual([{ name: "dew_point", value: 57.8465, unit: "°F" }]);
    world.readings("tent", [{ name: "temperature", value: 68, unit: null }, humidity as Measured]);
    expect(world.sensor("dew")).toMatchObject({ quality: "failed", reason: "tent.temperature is without a unit and not in °C" });
  });

  it("is as old as the oldest of what it is derived from", () => {
    const refs = { temperature: "warm", humidity: "damp" };
    const world = started({ dew: { dew_point: refs } }, { warm: told("°C"), damp: told("%") });
    world.readings("warm", one(20, "°C"));
    const first = world.now;
    world.advance(3000);
    world.readings("damp", one(70, "%"));
    expect(world.sensor("dew")).toMatchObject({ quality: "ok", at: first });
    const ts = JSON.parse(world.payloads("pinbus/garage/sensor/dew/state").at(-1) ?? "").ts;
    expect(Date.parse(ts)).toBe(first);
    world.advance(7000);
    expect(world.sensor("dew")).toMatchObject({ quality: "stale", reason: "warm stale: no reading for 10 s" });
    world.readings("damp", one(71, "%"));
    expect(world.sensor("dew").quality).toBe("stale");
    world.readings("warm", one(20, "°C"));
    expect(world.sensor("dew").quality).toBe("ok");
  });

  it("says why it is stale as long as that is so", () => {
    const world = started({ twice: { mean: "warm" } }, { warm: told("°C") });
    for (const value of [20, 22]) world.readings("warm", one(value, "°C"));
    world.advance(60_000);
    expect(world.sensor("twice")).toMatchObject({ quality: "stale", reason: "warm stale: no reading for 10 s" });
  });

  it("fails with what it is derived from, and says why once", () => {
    const world = started({ avg: { mean: "tent.humidity" }, top: { max: "avg" } });
    world.readings("tent", both(20, 50));
    const before = world.logs.length;
    world.reading("tent", "CRC error");
    world.reading("tent", "CRC error");
    expect(world.sensor("top")).toMatchObject({ quality: "failed", reason: "avg failed: tent failed: CRC error", values: [{ value: 50 }] });
    expect(world.logs.length).toBe(before + 3);
    world.readings("tent", both(20, 60));
    expect([value(world, "avg"), value(world, "top"), world.sensor("top").quality]).toEqual([55, 55, "ok"]);
  });

  it("that cannot be computed any more does not hold longer than what it is derived from", () => {
    const world = started({ dew: { dew_point: air } });
    world.readings("tent", both(20, 70));
    const index = world.plan.sensorIndex.get("dew") ?? -1;
    for (let count = 0; count < 5; count++) {
      world.advance(2500);
      world.readings("tent", both(20, 0));
      expect(world.state.sensors[index]?.stale).toBe(count === 4);
    }
    expect(world.sensor("dew")).toMatchObject({ quality: "failed", reason: "air without any water has no dew point" });
    world.readings("tent", both(20, 70));
    expect(world.sensor("dew").quality).toBe("ok");
  });

  it("that is not published is known here alone", () => {
    const world = started({ dew: { dew_point: air, publish: "false" } });
    world.readings("tent", both(20, 70));
    expect(world.published.filter(({ topic }) => topic.includes("/dew/"))).toEqual([]);
    expect(world.sensor("dew").quality).toBe("ok");
  });
});

describe("a value over time", () => {
  it("has a mean, a least and a most within its window", () => {
    const world = started(
      { avg: { mean: "x", window: 5000 }, low: { min: "x", window: 5000 }, high: { max: "x", window: 5000 } },
      { x: told("W") },
    );
    for (const each of [10, 30, 20]) {
      world.readings("x", one(each, "W"));
      world.advance(2000);
    }
    expect(["avg", "low", "high"].map((id) => value(world, id))).toEqual([20, 10, 30]);
    world.readings("x", one(40, "W"));
    expect(["avg", "low", "high"].map((id) => value(world, id))).toEqual([30, 20, 40]);
    expect(world.sensor("avg").values?.[0]).toMatchObject({ name: "mean", unit: "W" });
  });

  it("has a rate from one reading to the next", () => {
    const world = started({ rise: { rate: "x" } }, { x: told("°C") });
    world.readings("x", one(20, "°C"));
    expect(world.sensor("rise").quality).toBe("unknown");
    world.advance(5000);
    world.readings("x", one(21, "°C"));
    expect(world.sensor("rise").values).toEqual([{ name: "rate", value: 12, unit: "°C/min" }]);
  });

  it("sums up to energy, without a time in which nothing was read", () => {
    const world = started({ energy: { integral: "plug" } }, { plug: { ...told("W"), stale_after: 60_000 } });
    for (let count = 0; count <= 60; count++) {
      world.readings("plug", one(1200, "W"));
      world.advance(60_000);
    }
    // 1.2 kW for an hour; then an hour that nobody saw.
    expect(world.sensor("energy").values).toEqual([{ name: "integral", value: 1.2, unit: "kWh" }]);
    world.advance(3_600_000);
    world.readings("plug", one(1200, "W"));
    expect(value(world, "energy")).toBe(1.2);
  });

  it("goes on with its sum after a restart, in the unit that is wanted now, and keeps it at the end", () => {
    const first = started({ energy: { integral: "plug" } }, { plug: told("W") });
    first.readings("plug", one(3600, "W"));
    first.advance(5000);
    first.readings("plug", one(3600, "W"));
    first.dispatch({ type: "stop-requested", at: first.now });
    first.dispatch({ type: "totals-wanted", at: first.now });
    expect(first.sums.get("energy")).toEqual({ total: 0.005, unit: "kWh" });
    const next = started({ energy: { integral: "plug", unit: "Wh" } }, { plug: told("W") }, { sums: Object.fromEntries(first.sums) });
    next.readings("plug", one(3600, "W"));
    expect(next.sensor("energy").values).toEqual([{ name: "integral", value: 5, unit: "Wh" }]);
  });

  it("writes its sum once a minute and no more often", () => {
    const world = started({ energy: { integral: "plug" } }, { plug: told("W") });
    let writes = 0;
    world.turned = (_event, effects) => {
      writes += effects.filter(({ type }) => type === "keepSum").length;
    };
    for (let second = 0; second < 600; second++) {
      world.readings("plug", one(100, "W"));
      world.advance(1000);
    }
    expect(writes).toBe(10);
  });

  it("of what is no power and no flow has no sum", () => {
    const world = started({ energy: { integral: "x" } }, { x: told("°C") });
    world.readings("x", one(20, "°C"));
    expect(world.sensor("energy").reason).toBe("x is in °C, which is no power and no flow");
  });
});

describe("an expression", () => {
  const derive = { double: { value: "t * 2", inputs: { t: "tent.temperature" }, unit: "°C" } };

  it("is an effect, and its answer an event with the time of what it was computed from", () => {
    const world = started(derive);
    world.readings("tent", both(20, 70));
    const then = world.now;
    expect(world.evaluations).toEqual([{ type: "evaluate", sensor: 1, inputs: { t: 20 }, measured: then }]);
    world.advance(500);
    world.readings("double", one(40, "°C"), { measured: then });
    expect(world.sensor("double")).toMatchObject({ quality: "ok", at: then, values: [{ value: 40 }] });
  });

  it("whose answer comes when its inputs hold no longer says nothing", () => {
    const world = started(derive);
    world.readings("tent", both(20, 70));
    const then = world.now;
    world.advance(10_000);
    world.readings("double", one(40, "°C"), { measured: then });
    expect(world.sensor("double")).toMatchObject({ quality: "stale", values: null });
  });
});

describe("a reload", () => {
  it("keeps what is derived in the same way, by name and not by place", () => {
    const world = started({ high: { max: "x", window: 60_000 } }, { x: told("W") });
    world.readings("x", one(30, "W"));
    world.reload(configOf({ sensors: { a: told("W"), x: told("W") }, derive: { low: { min: "a" }, high: { max: "x", window: 60_000 } } }));
    expect(world.sensor("high")).toMatchObject({ quality: "ok", values: [{ value: 30 }] });
    world.readings("x", one(20, "W"));
    expect(value(world, "high")).toBe(30);
  });

  it("begins what is derived from something that begins, and keeps a sum", () => {
    const world = started({ energy: { integral: "x" }, high: { max: "x" } }, { x: told("W") });
    world.readings("x", one(3600, "W"));
    world.advance(1000);
    world.readings("x", one(3600, "W"));
    world.reload(configOf({ sensors: { x: { ...told("W"), topic: "other" } }, derive: { energy: { integral: "x" }, high: { max: "x" } } }));
    expect(["energy", "high"].map((id) => world.sensor(id).quality)).toEqual(["unknown", "unknown"]);
    world.readings("x", one(0, "W"));
    expect([value(world, "energy"), value(world, "high")]).toEqual([0.001, 0]);
  });
});

describe("whatever its inputs do", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("read" as const), sensor: fc.constantFrom("warm", "damp"), value: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant("fail" as const), sensor: fc.constantFrom("warm", "damp") }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
  );

  it("a derived value is ok exactly while all of them are, and has the time of the oldest", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const refs = { temperature: "warm", humidity: "damp" };
        const world = started({ dew: { dew_point: refs } }, { warm: told("°C"), damp: told("%") });
        for (const each of steps) {
          if (each.do === "wait") world.advance(each.ms);
          else if (each.do === "fail") world.reading(each.sensor, "gone");
          else world.readings(each.sensor, one(each.value, each.sensor === "warm" ? "°C" : "%"));
          const inputs = ["warm", "damp"].map((id) => world.sensor(id));
          const ok = inputs.every(({ quality }) => quality === "ok");
          expect(world.sensor("dew").quality === "ok").toBe(ok);
          if (ok) expect(world.sensor("dew").at).toBe(Math.min(...inputs.map(({ at }) => at)));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("what is derived from two derived values of one sensor", () => {
  const derive = {
    dew: { dew_point: { temperature: "warm", humidity: "damp" } },
    warm: { mean: "tent.temperature", window: 1000 },
    damp: { mean: "tent.humidity", window: 1000 },
  };

  it("is computed once for each reading, from the new values alone", () => {
    const world = started(derive);
    for (const [temperature, humidity] of [
      [20, 70],
      [30, 40],
    ] as const) {
      world.readings("tent", both(temperature, humidity));
      world.advance(5000);
    }
    const told = world
      .payloads("pinbus/garage/sensor/dew/state")
      .map((payload) => (JSON.parse(payload) as { dew_point: number }).dew_point);
    expect(told).toEqual([14.3592, 14.9251]);
  });

  it("waits for the answer of an expression that it is derived from as well", () => {
    const world = started({ ...derive, damp: { value: "h", inputs: { h: "tent.humidity" }, unit: "%" } });
    world.readings("tent", both(20, 70));
    const answer = (h: number) => world.readings("damp", [{ name: "value", value: h, unit: "%" }]);
    answer(70);
    world.advance(5000);
    world.readings("tent", both(30, 40));
    answer(40);
    expect(world.payloads("pinbus/garage/sensor/dew/state")).toHaveLength(2);
  });
});

describe("how fast an input counts", () => {
  const meter = { kind: "counter", per_unit: 10, unit: "L", debounce: 0 } as const;
  function metered(derive: Partial<DeriveConfig>, unit: string | null = "L"): World {
    const world = new World(configOf({ inputs: { meter: { ...meter, unit } }, derive: { flow: { rate: "meter", ...derive } } }));
    world.dispatch({ type: "started", held: false, at: world.now });
    return world;
  }
  function pulses(world: World, count: number, every: number): void {
    for (let index = 0; index < count; index++) {
      world.edge("meter", true);
      world.advance(every);
    }
  }

  it.each([
    [{ per: 60_000 }, "L", 6, "L/min"],
    [{ per: 3_600_000 }, "L", 360, "L/h"],
    [{ unit: "L/h" }, "L", 360, "L/h"],
    [{ unit: "L/min" }, "m³", 6000, "L/min"],
    [{}, null, 6, "/min"],
  ])("with %j of a meter in %s is told as a sensor is", (derive, unit, value, told) => {
    const world = metered(derive, unit);
    pulses(world, 31, 1000);
    expect(world.sensor("flow")).toMatchObject({ quality: "ok", values: [{ name: "rate", value, unit: told }] });
  });

  it("is not known before it was watched for as long as makes silence of it: no 0 is told at the start", () => {
    const world = metered({});
    world.advance(9999);
    expect(world.sensor("flow")).toMatchObject({ quality: "unknown", values: null });
    expect(world.logs).toEqual([]);
    world.advance(1);
    expect(world.sensor("flow")).toMatchObject({ quality: "ok", values: [{ value: 0 }] });
    // Of one pulse nobody can say how fast.
    const pulsed = metered({});
    pulsed.advance(9999);
    pulsed.edge("meter", true);
    pulsed.advance(1);
    expect(pulsed.sensor("flow").quality).toBe("unknown");
  });

  it("is 0 when nothing flows, with a reading of now, and nothing of before counts after that", () => {
    const world = metered({});
    world.advance(10_000);
    expect(world.sensor("flow")).toMatchObject({ quality: "ok", values: [{ value: 0 }] });
    pulses(world, 31, 1000);
    world.advance(60_000);
    expect(world.sensor("flow")).toMatchObject({ quality: "ok", values: [{ value: 0 }] });
    expect(world.now - world.sensor("flow").at).toBeLessThanOrEqual(10_000);
  });

  it("has failed while the line cannot be used, and is measured anew when it can", () => {
    const world = metered({});
    pulses(world, 31, 1000);
    world.dispatch({ type: "input-lost", input: 0, problem: "the chip is gone", at: world.now });
    world.advance(10_000);
    expect(world.sensor("flow")).toMatchObject({ quality: "failed", reason: "meter: the chip is gone" });
    world.dispatch({ type: "level-read", input: 0, active: false, at: world.now, why: "chip" });
    world.advance(20_000);
    expect(world.sensor("flow")).toMatchObject({ quality: "ok", values: [{ value: 0 }] });
  });

  it("says when its unit is none of what the meter counts", () => {
    const world = metered({ unit: "kWh/h" });
    world.advance(0);
    expect(world.sensor("flow")).toMatchObject({ quality: "failed", reason: "L does not convert to kWh/h" });
  });
});

it("a rate converts to its unit, whatever `per` says", () => {
  const world = started({ warming: { rate: "x", unit: "°F/h", per: 1000 } }, { x: told("°C") });
  world.readings("x", one(20, "°C"));
  world.advance(5000);
  world.readings("x", one(21, "°C"));
  expect(value(world, "warming")).toBeCloseTo(1296);
});
