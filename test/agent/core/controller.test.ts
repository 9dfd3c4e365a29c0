import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { birthOf } from "../../../agent/core/birth.ts";
import { onTime } from "../../../agent/core/controller.ts";
import type { ControllerConfig } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf, controller } from "./fixture.ts";
import { World } from "./world.ts";

const parts = {
  inputs: { door: { kind: "switch" as const } },
  outputs: { mister: {}, fan: {} },
  sensors: { tent: { stale_after: 180_000 }, lamp: { stale_after: 180_000 } },
};
const mister = { sensor: "tent.humidity", effect: "raise", output: "mister", setpoint: 58 } as const;
const onOff = controller({ ...mister, hysteresis: 4 });
/** 10 per cent for each per cent that is missing, in a cycle of 20 s. */
const pid = controller({ ...mister, pid: { kp: 10, ki: 0, kd: 0 }, cycle: 20_000 });

function world(mist: ControllerConfig, more: Partial<typeof parts> = {}, options: object = {}): World {
  const test = new World(configOf({ ...parts, ...more, controllers: { mist } }), options);
  test.link(true);
  test.dispatch({ type: "started", held: false, at: test.now });
  return test;
}

function mistedAt(test: World, ...readings: number[]): boolean[] {
  return readings.map((humidity) => {
    test.measure("tent", { humidity });
    const misted = test.isOn("mister");
    test.advance(60_000);
    return misted;
  });
}

describe("an on/off controller", () => {
  it("switches at the edges of its band, half of the hysteresis on each side of the setpoint", () => {
    expect(mistedAt(world(onOff), 57, 56, 55.9, 58, 60, 60.1, 58, 55.9)).toEqual([false, false, true, true, true, false, false, true]);
    const cooling = controller({ ...mister, effect: "lower", hysteresis: 4 });
    expect(mistedAt(world(cooling), 59, 60.1, 58, 56, 55.9)).toEqual([false, true, true, true, false]);
  });

  it("says with the value why it switched, and on its topic what it does", () => {
    const test = world(onOff);
    test.measure("tent", { humidity: 52.1 });
    expect(test.attr("mister")).toMatchObject({
      kind: "controller",
      source: "mist",
      cause: "controller mist",
      text: "ON because tent.humidity 52.1 % below 58 % and controller mist says on",
    });
    expect(test.controlled("mist")).toEqual({
      state: "ON",
      setpoint: 58,
      value: 52.1,
      unit: "%",
      output: 100,
      on: true,
      held: null,
      why: "tent.humidity 52.1 % below 58 %",
      ts: "1970-01-01T00:00:01.000Z",
    });
    expect(birthOf(test.plan, test.state).find(({ topic }) => topic.endsWith("controller/mist/state"))?.retain).toBe(true);
  });

  it("keeps its shortest times, but goes off at once when it must", () => {
    const slow = controller({ ...mister, hysteresis: 1, min_on: 90_000, min_off: 150_000 });
    const test = world(slow);
    mistedAt(test, 50, 50, 50, 60, 60, 50, 50, 50, 50);
    expect(test.moves).toEqual(["mister on 151000", "mister off 241000", "mister on 391000"]);
    test.controller("mist", "OFF");
    expect(test.isOn("mister")).toBe(false);
  });

  it("waits for the contract of its output, and takes the output back from others at the next reading", () => {
    const test = world(onOff, { outputs: { mister: { min_off: 150_000 }, fan: {} } as typeof parts.outputs });
    mistedAt(test, 50, 50, 50);
    expect(test.moves).toEqual(["mister on 151000"]);
    const other = world(onOff);
    other.measure("tent", { humidity: 50 });
    other.mqtt("mister", "OFF");
    other.advance(60_000);
    other.measure("tent", { humidity: 50 });
    expect(other.isOn("mister")).toBe(true);
  });
});

describe("an on/off controller that publishes", () => {
  it("says it again without beginning its shortest time anew", () => {
    const own = controller({
      ...{ sensor: "tent.humidity", effect: "raise", setpoint: 58, hysteresis: 4 },
      ...{ on: [["a/mister", "ON"]], off: [["a/mister", "OFF"]], min_on: 90_000, repeat: 60_000 },
    });
    const test = world(own);
    test.measure("tent", { humidity: 50 });
    test.advance(70_000);
    expect(test.payloads("a/mister").filter((payload) => payload === "ON")).toHaveLength(2);
    test.measure("tent", { humidity: 65 });
    test.advance(100_000);
    expect(test.published.filter(({ payload }) => payload === "OFF").at(-1)?.at).toBe(91_000);
  });
});

describe("a time-proportioned output", () => {
  it("is on for its part of each cycle, from the newest reading at the beginning of it", () => {
    const test = world(pid);
    test.measure("tent", { humidity: 55 });
    test.advance(10_000);
    test.measure("tent", { humidity: 56.5 });
    test.advance(29_000);
    expect(test.moves).toEqual(["mister on 1000", "mister off 7000", "mister on 21000", "mister off 24000"]);
    expect(test.attr("mister").text).toBe("OFF because tent.humidity 56.5 % below 58 %, output 15 % and controller mist says off");
  });

  it("stays on through cycles when all of it is wanted, and off when nothing is", () => {
    const test = world(pid);
    test.measure("tent", { humidity: 40 });
    test.advance(100_000);
    expect(test.moves).toEqual(["mister on 1000"]);
    test.measure("tent", { humidity: 70 });
    test.advance(100_000);
    expect(test.moves).toEqual(["mister on 1000", "mister off 121000"]);
  });

  it("begins the next cycle where the times are so large that they lose a digit", () => {
    const test = world(pid);
    const begins = 30_000 + 2 ** -38;
    test.advance(begins - test.now);
    test.measure("tent", { humidity: 55 });
    test.advance(40_000);
    expect(test.moves.filter((move) => move.startsWith("mister on"))).toHaveLength(3);
  });

  it.each([
    ["is a part of the cycle", 0.37, 20_000, 0, 0, 7400],
    ["is nothing when it is less than half of the shortest time", 0.02, 20_000, 1000, 0, 0],
    ["is the shortest time when it is more than half of it", 0.03, 20_000, 1000, 0, 1000],
    ["is all of it when it would be off for too short", 0.98, 20_000, 0, 1000, 20_000],
    ["leaves the shortest pause when more than half of it would be left", 0.97, 20_000, 0, 1000, 19_000],
  ])("%s", (_, part, cycle, minOn, minOff, expected) => expect(onTime(part, cycle, { minOn, minOff })).toBe(expected));

  it("property: no time on or off is shorter than the shortest, unless it is held", () => {
    const reading = fc.record({ humidity: fc.double({ min: 40, max: 70, noNaN: true }), wait: fc.integer({ min: 1000, max: 60_000 }) });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 40 }), (readings) => {
        const test = world(controller({ ...mister, pid: { kp: 10, ki: 0.05, kd: 5 }, cycle: 20_000, min_on: 2000, min_off: 3000 }));
        for (const { humidity, wait } of readings) {
          test.measure("tent", { humidity });
          test.advance(wait);
        }
        for (const [index, { active, at }] of test.wires.entries()) {
          const next = test.wires[index + 1];
          if (next) expect(next.at - at).toBeGreaterThanOrEqual(active ? 2000 : 3000);
        }
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("a setpoint", () => {
  it("by the time of day holds until the next one, over midnight, and falls back while the clock is not set", () => {
    const schedule = [
      { time: 6 * 60, setpoint: 60 },
      { time: 22 * 60, setpoint: 50 },
    ];
    const at = (iso: string, clockSet = true) => {
      const test = world(
        controller({ ...mister, setpoint: 55, hysteresis: 1, schedule }),
        {},
        { offset: Date.parse(iso) - 1000, clockSet },
      );
      test.measure("tent", { humidity: 58 });
      return test.controlled("mist").setpoint;
    };
    expect(["05:59", "06:00", "21:59", "22:00", "00:00"].map((time) => at(`2026-11-22T${time}:00Z`))).toEqual([50, 60, 60, 50, 50]);
    expect(at("2026-11-22T12:00:00Z", false)).toBe(55);
  });

  it("by a reading follows it, and is stale with it", () => {
    const test = world(controller({ ...mister, setpoint: null, setpoint_from: "lamp.wanted", hysteresis: 1 }));
    test.measure("tent", { humidity: 50 });
    expect(test.controlled("mist").held).toBe("lamp.wanted was not read yet");
    test.measure("lamp", { wanted: 55 });
    expect(test.isOn("mister")).toBe(true);
    test.advance(90_000);
    test.measure("tent", { humidity: 50 });
    test.advance(90_000);
    expect(test.controlled("mist")).toMatchObject({ held: "lamp.wanted is stale", on: false, setpoint: null });
  });
});

describe("a controller is held", () => {
  it("by its conditions, and by what is stale: then it is off", () => {
    const gated = controller({ ...mister, hysteresis: 4, and: [{ sensor: "lamp.light", above: 500 }] });
    const test = world(gated);
    test.measure("tent", { humidity: 50 });
    test.measure("lamp", { light: 501 });
    expect(test.isOn("mister")).toBe(true);
    test.measure("lamp", { light: 499 });
    expect([test.isOn("mister"), test.controlled("mist").held]).toEqual([false, "its conditions are not met"]);
    test.measure("lamp", { light: 501 });
    expect(test.isOn("mister")).toBe(true);
    test.advance(180_000);
    expect([test.isOn("mister"), test.controlled("mist").held]).toEqual([false, "tent.humidity is stale"]);
    expect(test.attr("mister").text).toBe("OFF because tent.humidity is stale and controller mist says off");
  });

  it("by an input at once", () => {
    const test = world(controller({ ...mister, hysteresis: 4, unless: [{ input: "door", is: "on" }] }));
    test.measure("tent", { humidity: 50 });
    test.edge("door", true);
    test.advance(20);
    expect(test.moves).toEqual(["mister on 1000", "mister off 1020"]);
    test.edge("door", false);
    test.advance(20);
    expect(test.isOn("mister")).toBe(true);
  });

  it("and with on_stale: keep goes on with its last output", () => {
    const test = world({ ...pid, on_stale: "keep" });
    test.measure("tent", { humidity: 55 });
    test.advance(400_000);
    expect(test.moves.slice(-2)).toEqual(["mister on 401000", "mister off 387000"].reverse());
    expect(test.controlled("mist")).toMatchObject({ held: "tent.humidity is stale", output: 30 });
  });

  it.each([
    ["on, while it was on all the time", 45, pid, onOff, true],
    ["off, while it was on for a part of each cycle", 50, pid, onOff, false],
    ["on, as it was", 50, onOff, pid, true],
    ["off, as it was", 70, onOff, pid, false],
  ])("and with on_stale: keep is %s when a reload makes the other kind of it", (_, humidity, before, after, on) => {
    const test = world({ ...before, on_stale: "keep" });
    test.measure("tent", { humidity });
    test.advance(200_000);
    test.reload(configOf({ ...parts, controllers: { mist: { ...after, on_stale: "keep" } } }));
    test.advance(0);
    const moves = test.moves.length;
    expect([test.isOn("mister"), test.controlled("mist").held]).toEqual([on, "tent.humidity is stale"]);
    test.advance(200_000);
    expect(test.moves.length).toBe(moves);
  });

  it.each([
    ["a PID controller with an output_max", onOff, { ...pid, output_max: 30 }, 6000],
    ["another output_max", pid, { ...pid, output_max: 30 }, 6000],
    ["the same output in seconds", pid, { ...pid, output_in: "seconds" as const }, 10_000],
  ])("and with on_stale: keep is on for no longer in each cycle when a reload makes %s", (_, before, after, onFor) => {
    const test = world({ ...before, on_stale: "keep" });
    test.measure("tent", { humidity: 53 });
    test.advance(200_000);
    test.reload(configOf({ ...parts, controllers: { mist: { ...after, on_stale: "keep" } } }));
    test.advance(onFor - 1000);
    const still = test.isOn("mister");
    test.advance(2000);
    expect([still, test.isOn("mister")]).toEqual([true, false]);
  });

  it("before its first reading, which is not called off before stale_after", () => {
    const test = world(onOff);
    expect(test.controlled("mist")).toMatchObject({ held: "tent.humidity was not read yet", value: null, on: false });
    test.advance(200_000);
    expect(test.controlled("mist").held).toBe("tent.humidity is stale");
    expect(test.isOn("mister")).toBe(false);
  });

  it("property: whatever happens, the mister is off while the value is stale", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 200_000 }),
      humidity: fc.option(fc.double({ min: 40, max: 70, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.constantFrom(onOff, pid), fc.array(step, { maxLength: 30 }), (own, steps) => {
        const test = world(own);
        let readAt = Number.NEGATIVE_INFINITY;
        for (const { wait, humidity } of steps) {
          test.advance(wait);
          if (humidity === null) test.reading("tent", "no answer");
          else {
            readAt = test.now;
            test.measure("tent", { humidity });
          }
          if (test.now - readAt >= 180_000) expect(test.isOn("mister")).toBe(false);
        }
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("commands to a controller", () => {
  it("give it another setpoint, and the configured one back", () => {
    const test = world({ ...onOff, setpoint_max: 70 });
    test.measure("tent", { humidity: 59 });
    expect(test.controller("mist", "65")).toBeUndefined();
    expect(test.isOn("mister")).toBe(true);
    expect(test.controller("mist", '{"setpoint":null,"id":"1"}')).toEqual({ id: "1", ok: true, state: "ON", setpoint: 58 });
    expect(test.controller("mist", '{"setpoint":71,"id":"2"}')).toMatchObject({ ok: false, reason: "malformed" });
    expect(test.controller("mist", '{"setpoint":null,"id":"1"}')).toEqual({ id: "1", ok: true, state: "ON", setpoint: 58 });
  });

  it("disable it, over a restart too, and enable it", () => {
    const test = world(onOff);
    test.measure("tent", { humidity: 50 });
    test.controller("mist", '{"state":"OFF"}');
    expect(test.controlled("mist")).toMatchObject({ state: "OFF", held: "it is disabled", on: false });
    expect(test.isOn("mister")).toBe(false);
    const restarted = world(onOff, {}, { rules: Object.fromEntries(test.rulesOnDisk) });
    restarted.measure("tent", { humidity: 50 });
    expect(restarted.isOn("mister")).toBe(false);
    test.controller("mist", "ON");
    expect(test.isOn("mister")).toBe(true);
  });

  it("are refused when they are retained, stale or malformed", () => {
    const test = world(onOff, {}, { offset: 1e12 });
    expect(test.controller("mist", "OFF", { retain: true })).toMatchObject({ reason: "retained" });
    expect(test.controller("mist", '{"state":"OFF","ts":1}')).toMatchObject({ reason: "stale" });
    for (const payload of ["maybe", "{", "[]", "{}", '{"setpoint":"60"}', '{"setpoint":1e999}', '{"state":"ON","x":1}', "9".repeat(2000)])
      expect(test.controller("mist", payload)).toMatchObject({ ok: false, reason: "malformed" });
    expect(test.controller("mist", "")).toBeUndefined();
    expect(test.controlled("mist")).toMatchObject({ state: "ON", setpoint: 58 });
  });
});

describe("a reload", () => {
  it("lets a PID controller go on from where it was", () => {
    const gains = (kp: number) => controller({ ...mister, pid: { kp, ki: 0.01, kd: 0 }, cycle: 20_000 });
    const test = world(gains(10));
    for (const humidity of [54, 54, 54]) {
      test.measure("tent", { humidity });
      test.advance(20_000);
    }
    const { output } = test.controlled("mist");
    test.reload(configOf({ ...parts, controllers: { mist: gains(15) } }));
    test.advance(0);
    test.measure("tent", { humidity: 54 }, test.now);
    expect(Math.abs((test.controlled("mist").output as number) - (output as number))).toBeLessThan(1);
  });

  it("switches off what no controller switches any more", () => {
    const test = world(onOff);
    test.measure("tent", { humidity: 50 });
    test.reload(configOf(parts));
    test.advance(0);
    expect(test.isOn("mister")).toBe(false);
    expect(test.payloads("pinbus/garage/controller/mist/state").at(-1)).toBe("");
  });

  it("leaves an unchanged one alone", () => {
    const test = world(onOff);
    test.measure("tent", { humidity: 50 });
    test.measure("tent", { humidity: 58 });
    test.reload(
      configOf({ ...parts, sensors: { before: {}, ...parts.sensors }, controllers: { other: { ...onOff, output: "fan" }, mist: onOff } }),
    );
    test.advance(0);
    expect(test.moves).toEqual(["mister on 1000"]);
  });
});
