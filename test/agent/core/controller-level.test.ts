import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newPid, stepPid } from "../../../agent/core/pid.ts";
import type { ControllerConfig, PwmConfig } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf, controller } from "./fixture.ts";
import { World } from "./world.ts";

const sensors = { tent: { stale_after: 180_000 } };
const fan = { sensor: "tent.temperature", effect: "lower", setpoint: 25, pwm: "fan" } as const;
/** 10 % for each degree that is too much. */
const proportional = controller({ ...fan, pid: { kp: 10, ki: 0, kd: 0 } });
const twoLevels = controller({ ...fan, hysteresis: 2, level_on: 80, level_off: 20 });

function worldOf(own: ControllerConfig, pwm: Partial<PwmConfig> = {}): World {
  const world = new World(configOf({ pwm: { fan: { kind: "fan", ...pwm } }, sensors, controllers: { cool: own } }));
  world.link(true);
  world.dispatch({ type: "started", held: false, at: world.now });
  return world;
}

/** The levels after readings 10 s apart. */
function levels(world: World, ...readings: number[]): (number | null | undefined)[] {
  return readings.map((temperature) => {
    world.measure("tent", { temperature });
    world.advance(10_000);
    return world.levels.get("fan");
  });
}

describe("a PID controller that drives a PWM", () => {
  it("sets it to its output, off below its min, and never beyond output_max", () => {
    expect(levels(worldOf(proportional, { min: 20 }), 25, 26, 27, 29.5, 40, 24)).toEqual([0, 0, 20, 45, 100, 0]);
    expect(levels(worldOf({ ...proportional, output_min: 15, output_max: 60 }), 24, 28, 40)).toEqual([15, 30, 60]);
  });

  it("of a servo stays between its pulses, and goes to a level while it is held", () => {
    const flap = controller({ ...fan, pid: { kp: 100, ki: 0, kd: 0 }, on_stale: 2000 });
    const world = worldOf(flap, { kind: "servo", pulse: [1000, 2000] });
    expect(levels(world, 24, 37, 60)).toEqual([1000, 1200, 2000]);
    expect(levels(world, 37)).toEqual([1200]);
    world.advance(180_000);
    expect(world.levels.get("fan")).toBe(2000);
  });

  it("equals the textbook form, the fan being at each output", () => {
    const own = { ...proportional, pid: { kp: 8, ki: 0.05, kd: 20 } };
    const readings = fc.array(fc.double({ min: 22, max: 32, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(readings, (read) => {
        const [world, pid] = [worldOf(own), newPid()];
        for (const temperature of read) {
          world.measure("tent", { temperature });
          const output = stepPid(pid, { ...own.pid, min: 0, max: 100, raises: false }, 25, temperature, world.now);
          expect(world.controlled("cool").output).toBeCloseTo(output, 2);
          expect(Math.abs((world.levels.get("fan") ?? 0) - output)).toBeLessThanOrEqual(1.01);
          world.advance(10_000);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("writes nothing for less than one per cent", () => {
    const world = worldOf(proportional);
    levels(world, 30, 30.05, 30.09, 29.95, 30.2);
    expect(world.steps.map((step) => step.split(" ")[1])).toEqual(["50", "52"]);
  });

  it("says with the value and the output why it is at its level", () => {
    const world = worldOf(proportional);
    levels(world, 29);
    expect(world.attr("fan").text).toBe("ON at 40 % because tent.temperature 29 °C above 25 °C, output 40 % and controller cool says so");
    expect(world.controlled("cool")).toMatchObject({ output: 40, on: true, held: null });
  });

  it("takes the fan back from others at the next reading, and lets it go while it is disabled", () => {
    const world = worldOf(proportional);
    levels(world, 29);
    world.setLevel("fan", 5);
    expect(levels(world, 29)).toEqual([40]);
    world.controller("cool", "OFF");
    expect(world.levels.get("fan")).toBe(0);
    world.setLevel("fan", 5);
    expect(levels(world, 29)).toEqual([5]);
  });

  it("fades as its PWM does, and is not mistaken for somebody else meanwhile", () => {
    const world = worldOf(proportional, { fade: 4000 });
    world.measure("tent", { temperature: 33 });
    world.advance(2000);
    world.measure("tent", { temperature: 33 });
    world.advance(1900);
    expect([world.levels.get("fan"), world.outputState("fan").fade?.startedAt]).toEqual([expect.any(Number), 1000]);
    world.advance(100);
    expect(world.levels.get("fan")).toBe(80);
  });

  it("leaves off what max_on has ended, until it wants it off and on again", () => {
    const world = worldOf(proportional, { max_on: 15_000 });
    expect(levels(world, 29, 30, 31, 32, 24, 29)).toEqual([40, 0, 0, 0, 0, 40]);
  });

  it("keeps its shortest times, but goes off at once when it is held", () => {
    const world = worldOf({ ...proportional, min_on: 25_000, min_off: 25_000 });
    expect(levels(world, 29, 29, 29, 29, 24, 29, 29, 29)).toEqual([0, 0, 40, 40, 0, 0, 0, 40]);
    world.controller("cool", "OFF");
    expect(world.levels.get("fan")).toBe(0);
  });

  it.each([
    ["its lock", {}, (world: World) => world.lock("fan", true), (world: World) => world.lock("fan", false)],
    ["the loss of its line", {}, (world: World) => world.loseOutput("fan"), (world: World) => world.returnOutput("fan")],
  ] as const)("does not wind up during %s", (_, pwm, begin, end) => {
    const world = worldOf({ ...proportional, pid: { kp: 1, ki: 0.02, kd: 0 } }, pwm);
    levels(world, 26, 26);
    const before = world.controlled("cool").output as number;
    begin(world);
    for (let minute = 0; minute < 60; minute++) {
      world.measure("tent", { temperature: 26 });
      world.advance(60_000);
    }
    end(world);
    world.measure("tent", { temperature: 26 });
    expect((world.controlled("cool").output as number) - before).toBeLessThan(2);
  });
});

describe("an on/off controller that drives a PWM", () => {
  it("goes between two levels, from the lower one on", () => {
    const world = worldOf(twoLevels);
    expect(levels(world, 25, 26.1, 25, 23.9, 25)).toEqual([20, 80, 80, 20, 20]);
    expect(world.controlled("cool")).toMatchObject({ output: 20, on: false });
  });

  it("leaves off what max_on has ended at its lower level too", () => {
    expect(levels(worldOf(twoLevels, { max_on: 15_000 }), 25, 25, 25, 25, 27, 27, 23)).toEqual([20, 0, 0, 0, 80, 0, 20]);
  });

  it("leaves at its lower level what the on_broker_lost of its PWM has set", () => {
    const world = worldOf(twoLevels, { on_broker_lost: { after: 0, do: 5 } });
    levels(world, 25);
    world.link(false);
    expect(levels(world, 25, 25)).toEqual([5, 5]);
    world.link(true);
    expect(levels(world, 25)).toEqual([20]);
  });
});

describe("a controller of a PWM that must not control", () => {
  it.each([
    ["off", 0, 0],
    ["off", 20, 20],
    ["keep", 0, 40],
    [100, 20, 100],
  ] as const)("with on_stale: %s and level_off: %s is at %s", (on_stale, level_off, level) => {
    const world = worldOf({ ...proportional, on_stale, level_off });
    levels(world, 29);
    world.advance(180_000);
    expect(world.levels.get("fan")).toBe(level);
    expect(world.controlled("cool")).toMatchObject({ held: "tent.temperature is stale", output: level });
    expect(levels(world, 28)).toEqual([30]);
  });

  it("goes to the level of on_broker_lost, and controls again when the broker is back", () => {
    const world = worldOf({ ...proportional, on_broker_lost: { after: 30_000, do: 70 } });
    levels(world, 29);
    world.link(false);
    world.advance(29_000);
    expect(world.levels.get("fan")).toBe(40);
    world.advance(1000);
    expect(world.levels.get("fan")).toBe(70);
    world.link(true);
    expect(levels(world, 29)).toEqual([40]);
  });

  it("leaves the PWM where its own on_broker_lost has set it, until the broker is back", () => {
    const world = worldOf(proportional, { on_broker_lost: { after: 30_000, do: 15 } });
    levels(world, 29);
    world.link(false);
    world.advance(30_000);
    expect(levels(world, 30, 31)).toEqual([15, 15]);
    world.link(true);
    expect(levels(world, 31)).toEqual([60]);
  });

  it.each([
    ["its line was lost", (world: World) => world.loseOutput("fan"), (world: World) => world.returnOutput("fan")],
    ["its own on_broker_lost had set it", (world: World) => world.link(false), (world: World) => world.link(true)],
  ] as const)("is at the level of on_stale again after %s, without a reading", (_, begin, end) => {
    const world = worldOf({ ...proportional, on_stale: 100 }, { on_broker_lost: { after: 0, do: 15 } });
    levels(world, 29);
    world.advance(180_000);
    begin(world);
    world.advance(1000);
    end(world);
    world.advance(0);
    expect(world.levels.get("fan")).toBe(100);
  });

  it("is left where the loss of the broker has set it while its controller is disabled", () => {
    const world = worldOf(proportional, { on_broker_lost: { after: 0, do: 15 } });
    world.controller("cool", "OFF");
    world.setLevel("fan", 60);
    world.link(false);
    world.advance(1000);
    world.link(true);
    expect(levels(world, 29)).toEqual([15]);
  });

  it("goes off at once, though a moment ago its lock refused another level", () => {
    const world = worldOf(proportional);
    levels(world, 29);
    world.lock("fan", true);
    levels(world, 32);
    world.lock("fan", false);
    world.controller("cool", "OFF");
    expect(world.levels.get("fan")).toBe(0);
  });

  it("property: whatever happens, a stale value leaves it at the level of on_stale", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 200_000 }),
      temperature: fc.option(fc.double({ min: 15, max: 40, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.constantFrom(proportional, twoLevels), fc.array(step, { maxLength: 30 }), (own, steps) => {
        const world = worldOf({ ...own, on_stale: 100 });
        let readAt = world.now;
        for (const { wait, temperature } of steps) {
          world.advance(wait);
          if (temperature === null) world.reading("tent", "no answer");
          else {
            readAt = world.now;
            world.measure("tent", { temperature });
          }
          if (world.now - readAt >= 180_000) expect(world.levels.get("fan")).toBe(100);
        }
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("a reload", () => {
  it.each([
    ["two levels of it", proportional, { ...twoLevels, level_off: 0 }, 29, 40],
    ["a PID controller of it", { ...twoLevels, level_off: 0 }, proportional, 29, 80],
  ])("leaves a PWM that is kept while nothing is read where it is, when it makes %s", (_, before, after, temperature, level) => {
    const world = worldOf({ ...before, on_stale: "keep" });
    levels(world, temperature);
    world.advance(180_000);
    world.reload(configOf({ pwm: { fan: { kind: "fan" } }, sensors, controllers: { cool: { ...after, on_stale: "keep" } } }));
    world.advance(60_000);
    expect(world.levels.get("fan")).toBe(level);
  });

  it.each([
    ["two levels, of which the higher is less", proportional, { ...twoLevels, level_off: 0, level_on: 30 }],
    ["a PID controller with an output_max", { ...twoLevels, level_off: 0 }, { ...proportional, output_max: 30 }],
    ["another output_max", proportional, { ...proportional, output_max: 30 }],
  ])("never leaves a PWM that is kept while nothing is read beyond %s", (_, before, after) => {
    const world = worldOf({ ...before, on_stale: "keep" });
    levels(world, 33);
    world.advance(180_000);
    expect(world.levels.get("fan")).toBe(80);
    world.reload(configOf({ pwm: { fan: { kind: "fan" } }, sensors, controllers: { cool: { ...after, on_stale: "keep" } } }));
    world.advance(60_000);
    expect(world.levels.get("fan")).toBe(30);
  });

  it("switches off a PWM that no controller drives any more, and leaves one alone that it still does", () => {
    const world = worldOf(proportional);
    levels(world, 29);
    const parts = { pwm: { fan: { kind: "fan" as const } }, sensors };
    world.reload(configOf({ ...parts, controllers: { cool: { ...proportional, setpoint: 24 } } }));
    world.advance(0);
    expect(levels(world, 29)).toEqual([50]);
    expect(world.steps.map((step) => step.split(" ")[1])).toEqual(["40", "50"]);
    world.reload(configOf(parts));
    world.advance(0);
    expect(world.levels.get("fan")).toBe(0);
  });

  it.each([
    ["of on_stale", { ...proportional, on_stale: 100 }, 29, 180_000, 100],
    ["at which it is off", twoLevels, 25, 0, 20],
  ] as const)("switches off a PWM at the level %s too, unless somebody else has set it since", (_, own, temperature, wait, level) => {
    for (const other of [null, 55]) {
      const world = worldOf(own);
      levels(world, temperature);
      world.advance(wait);
      expect(world.levels.get("fan")).toBe(level);
      if (other !== null) world.setLevel("fan", other);
      world.reload(configOf({ pwm: { fan: { kind: "fan" } }, sensors }));
      world.advance(0);
      expect(world.levels.get("fan")).toBe(other ?? 0);
    }
  });
});
