import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { birthOf } from "../../../agent/core/birth.ts";
import { healthOf } from "../../../agent/core/health.ts";
import type { SensorConfig } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const P = "pinbus/garage/sensor/attic";
const configWith = (sensor: Partial<SensorConfig> = {}) => configOf({ sensors: { attic: sensor } });

/** A world that has started, at 1000 ms. */
function started(sensor: Partial<SensorConfig> = {}): World {
  const world = new World(configWith(sensor));
  world.link(true);
  world.dispatch({ type: "started", held: false, at: world.now });
  world.advance(0);
  return world;
}

const quality = (world: World) => world.payloads(`${P}/quality`).at(-1);
const available = (world: World) => world.payloads(`${P}/availability`).at(-1);
const states = (world: World) => world.payloads(`${P}/state`).map((payload) => JSON.parse(payload));
const health = (world: World) => healthOf(world.plan, world.state);

describe("a sensor", () => {
  it("is read at the start and every `every`, whether it answers or not", () => {
    const world = started({ every: 5000 });
    world.advance(15_000);
    expect(world.reads).toEqual(["attic 1000", "attic 6000", "attic 11000", "attic 16000"]);
  });

  it("has a place of its own among many, in which few others are read, and keeps it", () => {
    const names = Array.from({ length: 200 }, (_, index) => `s-${index}`);
    const world = new World(configOf({ sensors: Object.fromEntries(names.map((name) => [name, { every: 1000 }])) }));
    world.dispatch({ type: "started", held: false, at: world.now });
    world.advance(2999);
    const [reads, places] = [new Map<string, number[]>(), new Map<number, number>()];
    for (const [name = "", at = ""] of world.reads.map((read) => read.split(" "))) {
      reads.set(name, [...(reads.get(name) ?? []), Number(at)]);
      places.set(Number(at), (places.get(Number(at)) ?? 0) + 1);
    }
    for (const name of names) {
      const [first = 0, ...others] = reads.get(name) ?? [];
      expect(first - 1000).toBeLessThan(1000);
      expect(others).toEqual([first + 1000, first + 2000]);
    }
    // Two on average.
    expect(Math.max(...places.values())).toBeLessThanOrEqual(4);
  });

  it("is unknown and offline until it was read, then online with its value, its unit and the time of the read", () => {
    const world = started();
    expect([quality(world), available(world), states(world)]).toEqual(["unknown", "offline", []]);
    expect(health(world).health).toBe("ok");
    world.advance(800);
    world.reading("attic", 21.4);
    expect(states(world)).toEqual([{ temperature: 21.4, unit: "°C", ts: "1970-01-01T00:00:01.800Z", quality: "ok" }]);
    expect([quality(world), available(world)]).toEqual(["ok", "online"]);
    const { retain, qos } = world.published.find(({ topic }) => topic === `${P}/state`) ?? {};
    expect({ retain, qos }).toEqual({ retain: true, qos: 0 });
    expect(world.published.filter(({ topic }) => topic !== `${P}/state`).every(({ retain, qos }) => retain && qos === 1)).toBe(true);
  });

  it("with several values names the unit of each", () => {
    const world = started();
    const values = [
      { name: "temperature", value: 21.4, unit: "°C" },
      { name: "humidity", value: 55, unit: "%" },
    ];
    world.dispatch({ type: "sensor-read", sensor: 0, values, at: world.now });
    expect(states(world)).toEqual([
      expect.objectContaining({ temperature: 21.4, humidity: 55, unit: { temperature: "°C", humidity: "%" } }),
    ]);
  });

  it("says why a read failed, publishes no value for it, and is degraded until it succeeds again", () => {
    const world = started();
    world.reading("attic", 21.4);
    world.advance(60_000);
    world.reading("attic", "CRC error");
    expect([quality(world), available(world), states(world).length]).toEqual(["failed: CRC error", "offline", 1]);
    expect(health(world)).toEqual({ health: "degraded", problems: ["sensor attic failed: CRC error"] });
    const { length } = world.published;
    world.advance(60_000);
    world.reading("attic", "CRC error");
    expect(world.published.length).toBe(length);
    world.reading("attic", 21.4);
    expect([quality(world), available(world), states(world).length]).toEqual(["ok", "online", 2]);
    expect(health(world).health).toBe("ok");
    expect(world.logs.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "info: sensor attic reads 21.4 °C",
      "warn: sensor attic failed: CRC error",
      "info: sensor attic reads 21.4 °C",
    ]);
  });

  it("is stale exactly when its reading is as old as stale_after, and not a millisecond before", () => {
    const world = started({ every: 1000, stale_after: 2500 });
    world.advance(300);
    world.reading("attic", 21.4);
    world.advance(2499);
    expect([quality(world), available(world)]).toEqual(["ok", "online"]);
    world.advance(1);
    expect([quality(world), available(world)]).toEqual(["stale: no reading for 2.5 s", "offline"]);
    expect(health(world)).toEqual({ health: "degraded", problems: ["sensor attic stale: no reading for 2.5 s"] });
    world.reading("attic", 21.5);
    expect([quality(world), available(world)]).toEqual(["ok", "online"]);
  });

  it("that has never answered is stale after three times `every`", () => {
    const world = started({ every: 2000 });
    world.advance(5999);
    expect(quality(world)).toBe("unknown");
    world.advance(1);
    expect(quality(world)).toBe("stale: no reading for 6 s");
  });

  it("is told anew after a connect with its value and the time of that, and without a value while that does not hold", () => {
    const world = started();
    world.reading("attic", 21.4);
    world.advance(50_000);
    const birth = () =>
      Object.fromEntries(birthOf(world.plan, world.state).map(({ topic, payload }) => [topic.slice(P.length + 1), payload]));
    expect(birth()).toEqual({ state: expect.stringContaining('"ts":"1970-01-01T00:00:01.000Z"'), quality: "ok", availability: "online" });
    world.reading("attic", "gone");
    expect(birth()).toEqual({ quality: "failed: gone", availability: "offline" });
  });

  it("is silent once the agent stops", () => {
    const world = started();
    world.dispatch({ type: "stop-requested", at: world.now });
    const { length } = world.published;
    world.reading("attic", 21.4);
    world.reading("attic", "gone");
    world.advance(600_000);
    expect(world.published.length).toBe(length);
    expect(world.reads.length).toBe(1);
  });
});

describe("a reload", () => {
  it("begins what is new, clears what is gone, and leaves what it does not change alone", () => {
    const world = started();
    world.reading("attic", 21.4);
    world.advance(10_000);
    const before = world.published.length;
    world.reload(configOf({ sensors: { cpu: {}, attic: {} } }));
    expect(world.published.slice(before).map(({ topic, payload }) => `${topic.slice("pinbus/garage/sensor/".length)} ${payload}`)).toEqual([
      "cpu/quality unknown",
      "cpu/availability offline",
    ]);
    world.advance(0);
    expect(world.reads).toEqual(["attic 1000", "cpu 11000"]);
    world.advance(50_000);
    expect(world.reads.slice(2)).toEqual(["attic 61000"]);
    world.reload(configOf({ sensors: { cpu: {} } }));
    for (const leaf of ["state", "quality", "availability"]) expect(world.payloads(`${P}/${leaf}`).at(-1)).toBe("");
    world.reading("cpu", 48);
    expect(world.payloads("pinbus/garage/sensor/cpu/availability").at(-1)).toBe("online");
  });

  it("that lets all be read sooner does not read all in one moment", () => {
    const sensors = (every: number) => Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`s-${index}`, { every }]));
    const world = new World(configOf({ sensors: sensors(60_000) }));
    world.dispatch({ type: "started", held: false, at: world.now });
    world.advance(30_000);
    world.reload(configOf({ sensors: sensors(2000) }));
    world.reads.length = 0;
    world.advance(4000);
    const moments = world.reads.map((read) => read.split(" ")[1]);
    expect(moments.length).toBeGreaterThanOrEqual(100);
    expect(Math.max(...moments.map((moment) => moments.filter((other) => other === moment).length))).toBeLessThanOrEqual(3);
  });

  it("that lets a sensor read something else forgets what it was", () => {
    const world = started();
    world.reading("attic", 21.4);
    world.reload(configWith({ path: "/other" }));
    expect([quality(world), available(world)]).toEqual(["unknown", "offline"]);
    world.advance(0);
    expect(world.reads).toEqual(["attic 1000", "attic 1000"]);
  });

  it("that changes times counts them from the last read and the last reading", () => {
    const world = started();
    world.reading("attic", 21.4);
    world.advance(20_000);
    world.reload(configWith({ every: 30_000, stale_after: 40_000 }));
    world.advance(10_000);
    expect(world.reads).toEqual(["attic 1000", "attic 31000"]);
    world.advance(9999);
    expect(quality(world)).toBe("ok");
    world.advance(1);
    expect(quality(world)).toMatch(/^stale/);
    world.reload(configWith({ every: 30_000, stale_after: 3_600_000 }));
    expect(quality(world)).toMatch(/^stale/);
  });
});

describe("whatever a sensor does", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("wait" as const), ms: fc.oneof(fc.nat(500), fc.nat(9000)) }),
    fc.record({ do: fc.constant("read" as const), value: fc.integer({ min: -5, max: 5 }) }),
    fc.record({ do: fc.constant("fail" as const), why: fc.constantFrom("CRC error", "no answer") }),
    fc.record({ do: fc.constant("link" as const), online: fc.boolean() }),
    fc.record({ do: fc.constant("reload" as const), every: fc.constantFrom(1000, 2000), staleAfter: fc.constantFrom(null, 2500, 7000) }),
  );

  it("a value is published once, at its own time, and the sensor is online exactly while its last read was good and young", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const world = started({ every: 1000, stale_after: 2500 });
        // What a reader of the specification would keep in mind.
        let good: { value: number; at: number } | undefined;
        let failed = false;
        let aged = false;
        let limit = 2500;
        let begun = world.now;
        const told: string[] = [];
        for (const each of steps) {
          if (each.do === "wait") world.advance(each.ms);
          else if (each.do === "link") world.link(each.online);
          else if (each.do === "fail") {
            world.reading("attic", each.why);
            failed = true;
          } else if (each.do === "read") {
            begun = world.now;
            good = { value: each.value, at: world.now };
            [failed, aged] = [false, false];
            world.reading("attic", each.value);
            told.push(`${each.value} ${new Date(world.now).toISOString()}`);
          } else {
            world.reload(configWith({ every: each.every, stale_after: each.staleAfter }));
            limit = each.staleAfter ?? 3 * each.every;
            world.advance(0);
          }
          aged ||= world.now >= begun + limit;
          const online = good !== undefined && !failed && !aged;
          expect(available(world)).toBe(online ? "online" : "offline");
          expect(quality(world)).toMatch(online ? /^ok$/ : failed ? /^failed: / : aged ? /^stale: / : /^unknown$/);
          const birth = birthOf(world.plan, world.state).filter(({ topic }) => topic === `${P}/state`);
          expect(birth.map(({ payload }) => JSON.parse(payload).ts)).toEqual(online && good ? [new Date(good.at).toISOString()] : []);
        }
        expect(states(world).map(({ temperature, ts }) => `${temperature} ${ts}`)).toEqual(told);
      }),
      { numRuns: runs(300) },
    );
  });
});
