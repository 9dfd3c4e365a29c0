import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dutyOf } from "../../../agent/core/pwm.ts";
import type { PwmConfig } from "../../../config/schema.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

function worldOf(pwm: Partial<PwmConfig>, more: Omit<Parameters<typeof configOf>[0], "pwm"> = {}): World {
  return new World(configOf({ pwm: { vent: pwm }, ...more }));
}

const topic = "pinbus/garage/pwm/vent";
const stateOf = (world: World) => JSON.parse(world.payloads(`${topic}/state`).at(-1) ?? "null") as unknown;
const history = (world: World) => world.outputState("vent").history.map(({ state, level = "", cause }) => `${state}${level} ${cause.text}`);

describe("a command to a PWM", () => {
  const servo = { kind: "servo", pulse: [1000, 2000] } as const;
  it.each([
    [{}, "40", { value: 40, on: true }],
    [{}, "40%", { value: 40, on: true }],
    [{}, "33.333 %", { value: 33.33, on: true }],
    [{}, "ON", { value: 100, on: true }],
    [{}, "0", { value: 0, on: false }],
    [{}, '{"value":12.5}', { value: 12.5, on: true }],
    [{}, '{"state":"ON"}', { value: 100, on: true }],
    [{ kind: "fan", min: 20 }, "19", { value: 0, on: false }],
    [{ kind: "fan", min: 20 }, "20", { value: 20, on: true }],
    [servo, "1200", { pulse_us: 1200, on: true }],
    [servo, '{"pulse_us":2000}', { pulse_us: 2000, on: true }],
    [servo, "ON", { pulse_us: 1500, on: true }],
    [{ ...servo, on_start: 1100 }, "OFF", { pulse_us: 0, on: false }],
  ] as const)("of %j: %s sets and tells the level", (pwm, payload, state) => {
    const world = worldOf(pwm as Partial<PwmConfig>);
    world.mqtt("vent", payload);
    expect(stateOf(world)).toEqual(state);
  });

  it.each([
    [{}, "101", {}, "range"],
    [{}, "-1", {}, "range"],
    [{}, '{"value":1e9}', {}, "range"],
    [servo, "999", {}, "range"],
    [servo, "2001", {}, "range"],
    [servo, "40%", {}, "malformed"],
    [{}, '{"pulse_us":1500}', {}, "malformed"],
    [{}, '{"value":"40"}', {}, "malformed"],
    [{}, '{"value":40,"state":"ON"}', {}, "malformed"],
    [{}, '{"value":40,"fade_ms":-1}', {}, "malformed"],
    [{}, '{"value":0,"for_ms":100}', {}, "malformed"],
    [{}, "{}", {}, "malformed"],
    [{}, "forty", {}, "malformed"],
    [{}, "40", { retain: true }, "retained"],
    [{}, '{"value":40,"ts":1}', {}, "stale"],
  ] as const)("of %j: %s is refused and moves nothing", (pwm, payload, more, reason) => {
    const world = worldOf(pwm as Partial<PwmConfig>);
    world.advance(60_000);
    expect(world.mqtt("vent", payload, more)).toMatchObject({ ok: false, reason });
    expect(world.steps).toEqual([]);
  });

  it("is answered with the level, and a repeated id with the first answer", () => {
    const world = worldOf({});
    const answer = { ok: true, state: "ON", changed: true, value: 40 };
    expect(world.mqtt("vent", '{"value":40,"id":"a"}')).toEqual(answer);
    expect(world.mqtt("vent", '{"value":80,"id":"a"}')).toEqual(answer);
    expect(stateOf(world)).toEqual({ value: 40, on: true });
  });

  it("ON goes back to the level that was asked for last", () => {
    const world = worldOf({});
    for (const payload of ["30", "OFF", "ON"]) world.mqtt("vent", payload);
    expect(world.steps.map((step) => step.split(" ")[1])).toEqual(["30", "0", "30"]);
  });

  it("is told with its level and cause in the history and the attributes", () => {
    const world = worldOf({});
    world.mqtt("vent", "40");
    world.setLevel("vent", 60);
    world.control("vent", "OFF");
    expect(history(world)).toEqual(["OFF start", "ON at 40 % mqtt", "ON at 60 % cli", "OFF cli"]);
    world.setLevel("vent", 25);
    expect(world.attr("vent").text).toBe("ON at 25 % because somebody set it with `pinbus set`");
  });
});

describe("a fade", () => {
  it("goes in steps of at least 20 ms and ends exactly at its target, in time", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), fc.integer({ min: 0, max: 5000 }), fc.nat(40), fc.nat(300), (from, to, ms, min, late) => {
        const world = worldOf({ kind: "fan", min });
        world.setLevel("vent", from);
        const begun = world.now;
        world.steps.length = 0;
        world.setLevel("vent", to, ms);
        world.advance(ms + 2 * late + 100, () => late);
        expect(world.levels.get("vent")).toBe(to < min ? 0 : to);
        expect(world.outputState("vent").fade).toBeNull();
        const times = world.steps.map((step) => Number(step.split(" ")[2]));
        for (const [index, at] of times.entries()) if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(20 - 1e-6);
        expect((times.at(-1) ?? begun) - begun).toBeLessThanOrEqual(ms + late);
        const levels = world.steps.map((step) => Number(step.split(" ")[1]));
        expect(levels).toEqual(levels.toSorted((a, b) => (to >= from ? a - b : b - a)));
      }),
    );
  });

  it("tells where it goes at its beginning, twice a second and at its end", () => {
    const world = worldOf({ fade: 1000 });
    expect(world.mqtt("vent", '{"value":100,"id":"a"}')).toMatchObject({ ok: true, state: "ON", target: 100 });
    world.advance(2000);
    const states = world
      .payloads(`${topic}/state`)
      .slice(1)
      .map((payload) => JSON.parse(payload) as { value: number; target?: number });
    expect(states.length).toBeLessThanOrEqual(4);
    expect(states[0]).toMatchObject({ target: 100 });
    expect(states.at(-1)).toEqual({ value: 100, on: true });
    expect(history(world)).toEqual(["OFF start", "ON, to 100 % within 1 s mqtt"]);
  });

  it("to 0 tells that it is off when it is", () => {
    const world = worldOf({ on_start: 100, fade: 1000 });
    world.mqtt("vent", "OFF");
    world.advance(2000);
    expect(history(world)).toEqual(["ON at 100 % start", "ON, to 0 % within 1 s mqtt", "OFF mqtt"]);
  });

  it.each([
    ["another command", (world: World) => world.mqtt("vent", '{"value":10,"fade_ms":0}'), 10],
    ["the loss of the broker", (world: World) => [true, false].map((online) => world.link(online)), 5],
    ["a stop", (world: World) => world.dispatch({ type: "stop-requested", at: world.now }), 3],
  ] as const)("is ended by %s", (_, act, level) => {
    const world = worldOf({ on_broker_lost: { after: 1000, do: 5 }, on_exit: 3 });
    world.setLevel("vent", 100, 60_000);
    world.advance(30_000);
    act(world);
    world.advance(60_000);
    expect(world.levels.get("vent")).toBe(level);
  });

  it("stops where a write fails, and what is then told is what was seen", () => {
    const world = worldOf({});
    world.setLevel("vent", 100, 10_000);
    world.advance(5000);
    world.breakOutput("vent", true);
    world.advance(1000);
    world.breakOutput("vent", false);
    world.advance(10_000);
    expect(world.levels.get("vent")).toBeGreaterThan(40);
    expect(world.levels.get("vent")).toBeLessThan(60);
  });

  it("of a servo does not begin at no pulses", () => {
    const world = worldOf({ kind: "servo" });
    world.setLevel("vent", 1200, 1000);
    world.advance(2000);
    expect(world.steps).toHaveLength(1);
  });
});

describe("the contract of a PWM", () => {
  it("starts at its level", () => {
    expect(stateOf(worldOf({ on_start: 30 }))).toEqual({ value: 30, on: true });
  });

  it("max_on counts from going on and not from the last level", () => {
    const world = worldOf({ max_on: 10_000 });
    world.setLevel("vent", 40);
    world.advance(6000);
    world.setLevel("vent", 80);
    world.advance(5000);
    expect(history(world).slice(-2)).toEqual(["ON at 80 % cli", "OFF max_on reached"]);
  });

  it("a timed level ends with its time", () => {
    const world = worldOf({ fade: 200 });
    world.mqtt("vent", '{"value":40,"for_ms":5000}');
    world.advance(4000);
    expect(stateOf(world)).toMatchObject({ value: 40 });
    world.advance(2000);
    expect(stateOf(world)).toEqual({ value: 0, on: false });
  });

  it("goes to its safe level when the broker was away", () => {
    const world = worldOf({ on_broker_lost: { after: 30_000, do: 15 } });
    world.link(true);
    world.setLevel("vent", 90);
    world.link(false);
    world.advance(29_000);
    expect(stateOf(world)).toEqual({ value: 90, on: true });
    world.advance(2000);
    expect(stateOf(world)).toEqual({ value: 15, on: true });
  });

  it("stops when no command comes, and not while commands come", () => {
    const world = worldOf({ silence: { after: 2000, do: 0 } });
    for (let count = 0; count < 5; count++) {
      world.mqtt("vent", "50");
      world.advance(1500);
    }
    expect(stateOf(world)).toEqual({ value: 50, on: true });
    world.advance(1000);
    expect(stateOf(world)).toEqual({ value: 0, on: false });
    expect(world.attr("vent").text).toBe("OFF because no command came for 2 s");
  });

  it("a refused command is no sign of life", () => {
    const world = worldOf({ silence: { after: 2000, do: 0 } });
    world.mqtt("vent", "50");
    world.advance(1500);
    world.mqtt("vent", "500");
    world.advance(1000);
    expect(stateOf(world)).toEqual({ value: 0, on: false });
  });

  it("is silent also when nobody has sent anything since the start", () => {
    const world = worldOf({ on_start: 40, silence: { after: 2000, do: 10 } });
    world.advance(3000);
    expect(stateOf(world)).toEqual({ value: 10, on: true });
  });

  it("a locked one takes no level", () => {
    const world = worldOf({});
    world.lock("vent", true);
    expect(world.setLevel("vent", 40)).toMatchObject({ ok: false, reason: "locked" });
  });

  it.each([
    ["lowers one that is locked", { on_broker_lost: { after: 1000, do: 30 } }, 100, 30],
    ["raises none that is locked", { on_broker_lost: { after: 1000, do: 80 } }, 40, 40],
    ["moves no servo that is locked", { kind: "servo", pulse: [1000, 2000], on_broker_lost: { after: 1000, do: 1100 } }, 1500, 1500],
  ] as const)("the loss of the broker %s", (_, pwm, before, after) => {
    const world = worldOf(pwm as unknown as Partial<PwmConfig>);
    world.link(true);
    world.setLevel("vent", before);
    world.lock("vent", true);
    world.link(false);
    world.advance(2000);
    expect(world.outputState("vent").level).toBe(after);
  });

  it("comes back in its start level", () => {
    const world = worldOf({ on_start: 20 });
    world.setLevel("vent", 90);
    world.loseOutput("vent");
    expect(stateOf(world)).toEqual({ value: null, on: null });
    world.returnOutput("vent");
    expect(stateOf(world)).toEqual({ value: 20, on: true });
  });

  it("is kept at its level by `on_exit: keep`", () => {
    const world = worldOf({ on_exit: "keep" });
    world.setLevel("vent", 70);
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.levels.get("vent")).toBe(70);
  });

  it("never leaves its limits, whatever comes in whatever order", () => {
    const act = fc.oneof(
      fc.record({
        kind: fc.constant("mqtt" as const),
        payload: fc.oneof(fc.integer({ min: -20, max: 2500 }).map(String), fc.constantFrom("ON", "OFF", "TOGGLE", "PULSE")),
      }),
      fc.record({ kind: fc.constant("fade" as const), to: fc.nat(2500), ms: fc.nat(4000) }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(5000) }),
      fc.record({ kind: fc.constantFrom("lose", "return", "break", "mend", "offline", "online") }),
    );
    const kinds = fc.constantFrom<Partial<PwmConfig>>(
      { kind: "servo", pulse: [900, 2100], fade: 300, silence: { after: 1000, do: 1000 } },
      { kind: "fan", min: 25, max_on: 8000, on_broker_lost: { after: 1000, do: 30 } },
      { kind: "dimmer", gamma: 2.2, fade: 500, on_start: 60 },
    );
    // The world itself asserts the limits at each write.
    fc.assert(
      fc.property(kinds, fc.array(act, { maxLength: 40 }), (pwm, acts) => {
        const world = worldOf(pwm);
        for (const one of acts) {
          if (one.kind === "mqtt") world.mqtt("vent", one.payload);
          else if (one.kind === "fade") world.setLevel("vent", one.to, one.ms);
          else if (one.kind === "advance") world.advance(one.ms);
          else if (one.kind === "lose") world.loseOutput("vent");
          else if (one.kind === "return") world.returnOutput("vent");
          else if (one.kind === "break" || one.kind === "mend") world.breakOutput("vent", one.kind === "break");
          else world.link(one.kind === "online");
        }
      }),
    );
  });
});

describe("the duty of a level", () => {
  const planOf = (pwm: Partial<PwmConfig>) => {
    const found = worldOf(pwm).plan.outputs[0]?.pwm;
    if (!found) throw new Error("there is no PWM");
    return found;
  };
  it.each([
    [{ kind: "fan" }, 40, 16_000],
    [{ kind: "dimmer" }, 50, 500_000],
    [{ kind: "dimmer", gamma: 2 }, 50, 250_000],
    [{ kind: "dimmer", gamma: 2.2 }, 100, 1_000_000],
    [{ kind: "servo" }, 1500, 1_500_000],
    [{ kind: "servo" }, 0, 0],
  ] as const)("of %j at %d is %d ns", (pwm, level, duty) => {
    expect(dutyOf(planOf(pwm as Partial<PwmConfig>), level)).toBe(duty);
  });
});

it("a rule sets a level, within a time", () => {
  const rules = { blow: rule([{ input: "porch", gesture: "press" }], [{ pwm: "vent", value: 40, fade: 1000 }]) };
  const world = worldOf({}, { inputs: { porch: {} }, rules });
  world.press("porch", 100);
  world.advance(2000);
  expect(stateOf(world)).toEqual({ value: 40, on: true });
  expect(world.attr("vent").text).toBe("ON at 40 % because porch was pressed and rule blow says so");
});

describe("a fan curve", () => {
  const curve = {
    sensor: "cpu",
    points: [
      [45, 0],
      [55, 40],
      [70, 100],
    ],
    hysteresis: 3,
    on_stale: 100,
  } as const;
  const fan = (more: Partial<PwmConfig> = {}) => {
    const world = worldOf({ kind: "fan", min: 10, curve, ...more }, { sensors: { cpu: { every: 10_000 } } });
    world.dispatch({ type: "started", held: false, at: world.now });
    return world;
  };

  it.each([
    [[20], 0],
    [[47], 0],
    [[50], 20],
    [[55], 40],
    [[62.5], 70],
    [[90], 100],
    [[55, 53], 40],
    [[55, 52], 28],
    [[55, 53, 56], 44],
    [[55, "no answer"], 40],
    [[55, "no answer", 50], 20],
  ] as const)("after the readings %j is at %d %", (readings, level) => {
    const world = fan();
    for (const reading of readings) world.reading("cpu", reading);
    expect(world.levels.get("vent")).toBe(level);
  });

  it("says what the sensor said", () => {
    const world = fan();
    world.reading("cpu", 55);
    expect(world.attr("vent").text).toBe("ON at 40 % because cpu is 55 and its curve says so");
    expect(world.attr("vent").chain).toEqual([{ kind: "contract", text: "curve (cpu is 55)" }]);
  });

  it("goes where on_stale says once the reading is too old, and not before the first one", () => {
    const world = fan();
    world.advance(5000);
    expect(world.levels.get("vent")).toBe(0);
    world.reading("cpu", 50);
    world.advance(31_000);
    expect([world.levels.get("vent"), world.attr("vent").detail]).toEqual([100, "cpu stale"]);
  });

  it("a command holds until the curve asks for another level", () => {
    const world = fan();
    world.reading("cpu", 55);
    world.setLevel("vent", 90);
    world.reading("cpu", 55);
    expect(world.levels.get("vent")).toBe(90);
    world.reading("cpu", 60);
    expect(world.levels.get("vent")).toBe(60);
  });

  it("never goes down and up again while the reading moves by less than the hysteresis", () => {
    const near = fc.array(fc.double({ min: 58, max: 60.9, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(near, (readings) => {
        const world = fan();
        for (const reading of readings) world.reading("cpu", reading);
        const levels = world.steps.map((step) => Number(step.split(" ")[1]));
        expect(levels).toEqual(levels.toSorted((a, b) => a - b));
      }),
    );
  });

  it("comes back at the level of its sensor when its line does", () => {
    const world = fan();
    world.reading("cpu", 55);
    world.loseOutput("vent");
    world.returnOutput("vent");
    expect(world.levels.get("vent")).toBe(40);
  });

  it("follows again after it was unlocked", () => {
    const world = fan();
    world.lock("vent", true);
    world.reading("cpu", 55);
    world.lock("vent", false);
    world.reading("cpu", 55);
    expect(history(world)).toEqual(["OFF start", "LOCKED cli", "UNLOCKED cli", "ON at 40 % curve"]);
  });
});

describe("a reload", () => {
  const config = (pwm: Partial<PwmConfig>) => configOf({ pwm: { vent: pwm } });
  it("leaves a level alone that means the same", () => {
    const world = new World(config({}));
    world.setLevel("vent", 40);
    world.reload(config({ fade: 500, on_exit: 10 }));
    expect(world.levels.get("vent")).toBe(40);
  });

  it("begins anew when a level means another thing", () => {
    const world = new World(config({ on_start: 10 }));
    world.setLevel("vent", 40);
    world.reload(config({ on_start: 10, gamma: 2 }));
    expect(stateOf(world)).toEqual({ value: 10, on: true });
  });

  it("with a silence waits for commands from then on", () => {
    const world = new World(config({}));
    world.setLevel("vent", 40);
    world.advance(60_000);
    world.reload(config({ silence: { after: 2000, do: 0 } }));
    world.advance(3000);
    expect(stateOf(world)).toEqual({ value: 0, on: false });
  });
});
