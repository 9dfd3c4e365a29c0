import { describe, expect, it } from "vitest";
import { createCarbot } from "../../../agent/profile/carbot.ts";
import type { ProfileEffect } from "../../../agent/profile/profile.ts";
import { configOf } from "../core/fixture.ts";
import type { World as Core } from "../core/world.ts";
import { profileWorld } from "./fixture.ts";

const topic = "carbot/move";
const servos = configOf({
  pwm: { one: { kind: "servo" }, two: { kind: "servo", line: { kind: "gpio", gpio: 19 } } },
  carbot: { servos: ["one", "two"] },
});
const motors = configOf({
  outputs: { ahead: { interlock: "motor" }, back: { interlock: "motor" } },
  interlocks: { motor: { dead_time: 300, mode: "switch" } },
  carbot: { motors: [{ forward: "ahead", backward: "back" }] },
});

/** What its wheels are told: `one 1450`, `ahead ON`. */
const told = (effects: readonly ProfileEffect[]) =>
  effects.flatMap((effect) => {
    if (effect.type !== "command") return [];
    const { pulse_us, state } = JSON.parse(effect.message.payload);
    return `${effect.output} ${pulse_us ?? state}`;
  });
const timers = (effects: readonly ProfileEffect[]) => effects.filter(({ type }) => type === "startTimer" || type === "stopTimer");
const logged = (effects: readonly ProfileEffect[]) => effects.flatMap((effect) => (effect.type === "log" ? effect.message : []));

/** A car that is driven by a string, a letter a message. */
function car(config = servos) {
  const world = profileWorld(createCarbot, config);
  return { ...world, drive: (letters: string, at = 0) => [...letters].map((letter) => told(world.heard(topic, letter, { at }))).at(-1) };
}

describe("growbuddy 5: a car", () => {
  it("listens with QoS 0 to one topic, if it has wheels", () => {
    expect(car().topics()).toEqual([{ topic, retained: false, commands: true, qos: 0 }]);
    expect(profileWorld(createCarbot, configOf({})).topics()).toEqual([]);
  });

  it.each([
    ["f", ["one 1450", "two 1550"]],
    ["b", ["one 1550", "two 1450"]],
    ["fs", ["one 1500", "two 1500"]],
    ["+", []],
    ["+f", ["one 1400", "two 1600"]],
    ["f+", ["one 1400", "two 1600"]],
    ["b++", ["one 1650", "two 1350"]],
    ["f+-", ["one 1450", "two 1550"]],
    ["f+++sb", ["one 1700", "two 1300"]],
    ["f++++++++++++", ["one 1000", "two 2000"]],
    ["f++++++++++++-", ["one 1050", "two 1950"]],
    ["f----", ["one 1450", "two 1550"]],
  ])("has a throttle from 0.1 to 1.0 that is kept while it stands, and two wheels that face each other: %s", (letters, expected) => {
    expect(car().drive(letters)).toEqual(expected);
  });

  it("turns by the pulses of its own servos", () => {
    const config = configOf({
      pwm: { one: { kind: "servo", pulse: [750, 2250], neutral: 1490 }, two: { kind: "servo", line: { kind: "gpio", gpio: 19 } } },
      carbot: { servos: ["one", "two"] },
    });
    expect([car(config).drive("f"), car(config).drive("b"), car(config).drive("fs")]).toEqual([
      ["one 1416", "two 1550"],
      ["one 1566", "two 1450"],
      ["one 1490", "two 1500"],
    ]);
  });

  it.each([
    ["f", ["back OFF", "ahead ON"]],
    ["fb", ["ahead OFF", "back ON"]],
    ["fs", ["ahead OFF", "back OFF"]],
  ])("may have motors that two outputs turn: %s", (letters, expected) => {
    expect(car(motors).drive(letters)).toEqual(expected);
  });

  it.each(["F", "ff", " f", "", "f\n", "stop", "__proto__", "constructor", "x".repeat(4096)])(
    "ignores every other message: %j",
    (payload) => {
      const world = car();
      world.drive("f");
      const effects = world.heard(topic, payload, { at: 1000 });
      expect([told(effects), timers(effects)]).toEqual([[], []]);
      expect(logged(effects)).toEqual(["carbot: a message on carbot/move ignored, the last one because it is none of f, b, s, + and -"]);
    },
  );

  it("ignores a retained letter, which would drive it at every connect", () => {
    const effects = car().heard(topic, "f", { retain: true });
    expect([told(effects), logged(effects)]).toEqual([[], [expect.stringContaining("it was retained: publish it without retain")]]);
  });

  it("counts what it ignores, and says so less and less often", () => {
    const { heard } = car();
    const said = Array.from({ length: 9 }, () => logged(heard(topic, "?"))[0]?.match(/a message|\d+ messages/)?.[0]);
    expect(said).toEqual(["a message", "2 messages", undefined, "4 messages", undefined, undefined, undefined, "8 messages", undefined]);
  });
});

describe("growbuddy 6i: a car stands when nobody drives it", () => {
  const still = ["one 1500", "two 1500"];

  it("after the silence, which each letter starts anew", () => {
    const { heard, step } = car();
    for (const [letter, at] of [
      ["f", 0],
      ["+", 1500],
      ["b", 2000],
    ] as const)
      expect(timers(heard(topic, letter, { at }))).toEqual([{ type: "startTimer", key: "silence", at: at + 2000 }]);
    const effects = step({ type: "timer-due", key: "silence", at: 4000 });
    expect(told(effects)).toEqual(still);
    expect(effects).toMatchObject([{ message: { payload: expect.stringContaining("carbot: no letter for 2 s") } }, {}, {}, {}]);
  });

  it("with `s`, which ends the wait, and then `+` does not move it", () => {
    const { heard } = car();
    heard(topic, "f");
    expect(timers(heard(topic, "s"))).toContainEqual({ type: "stopTimer", key: "silence" });
    expect(heard(topic, "+")).toEqual([]);
  });

  it("when the connection ends, once, and it does not move with the next one", () => {
    const { heard, step } = car();
    heard(topic, "f");
    expect(told(step({ type: "offline", at: 1 }))).toEqual(still);
    expect(step({ type: "offline", at: 2 })).toEqual([]);
    expect(step({ type: "birth", at: 3 })).toEqual([]);
  });

  it.each([
    ["servos that are locked", servos, "one", (core: Core) => core.lock("one", true)],
    ["motors that are locked", motors, "ahead", (core: Core) => core.lock("ahead", true)],
    ["servos that do not take their pulse", servos, "one", (core: Core) => core.breakOutput("one", true)],
  ])("with %s while they turn, too", (_, config, wheel, hinder) => {
    const { core, heard, step } = car(config);
    const serve = (effects: readonly ProfileEffect[]) => {
      for (const effect of effects) {
        if (effect.type !== "command" && effect.type !== "end") continue;
        const output = core().output(effect.output);
        if (effect.type === "end") core().dispatch({ type: "profile-ended", output, says: effect.cause, at: core().now });
        else core().dispatch({ type: "command-received", output, ...effect.message, at: core().now });
      }
      return timers(effects).at(-1);
    };
    serve(heard(topic, "f"));
    core().advance(300);
    expect(core().isOn(wheel)).toBe(true);
    hinder(core());
    const later = serve(step({ type: "timer-due", key: "silence", at: 2000 }));
    expect(later).toEqual({ type: "startTimer", key: "standing", at: 2200 });
    serve(step({ type: "timer-due", key: "standing", at: 2200 }));
    core().breakOutput(wheel, false);
    core().advance(1000);
    expect(core().isOn(wheel)).toBe(false);
    expect(core().state.outputs[core().output(wheel)]?.cause.detail).toBe("carbot: it did not stand");
  });

  it.each([
    ["when it stands", servos, "fs"],
    ["when it stands on motors", motors, "fs"],
    ["when it was driven on meanwhile", servos, "fsb"],
  ])("and is told so once, %s", (_, config, letters) => {
    const { core, heard, step } = car(config);
    for (const letter of letters)
      for (const effect of heard(topic, letter))
        if (effect.type === "command")
          core().dispatch({ type: "command-received", output: core().output(effect.output), ...effect.message, at: core().now });
    expect(step({ type: "timer-due", key: "standing", at: 200 })).toEqual([]);
  });

  it("on its wheels as well: the core serves what it asks for, with its cause", () => {
    const { core, heard } = car();
    for (const effect of heard(topic, "f")) {
      if (effect.type !== "command") continue;
      const output = core().plan.outputIndex.get(effect.output) ?? -1;
      core().dispatch({ type: "command-received", output, ...effect.message, at: 0 });
    }
    expect(core().state.outputs.map(({ level }) => level)).toEqual([1450, 1550]);
    expect(core().state.outputs[0]?.cause?.detail).toBe("carbot: forward");
  });
});

it("growbuddy 6j: it says that it starts, subscribes and has subscribed, when that is so", () => {
  const { step } = car();
  const said = [
    step({ type: "started", at: 0 }),
    step({ type: "listening", topic, step: "asked" }),
    step({ type: "listening", topic, step: "refused" }),
    step({ type: "listening", topic, step: "granted" }),
  ];
  expect(said.map((effects) => logged(effects)[0])).toEqual([
    "carbot: starting up!",
    "carbot: subscribing",
    undefined,
    "carbot: subscribed",
  ]);
  expect(profileWorld(createCarbot, configOf({})).step({ type: "started", at: 0 })).toEqual([]);
});

describe("growbuddy 6i: a reload", () => {
  it("that changes or removes the car makes the wheels stand that turn", () => {
    const world = car();
    world.drive("f");
    const effects = world.reconfigure({ ...servos, carbot: { ...servos.carbot, topic: "other/move" } });
    expect(told(effects)).toEqual(["one 1500", "two 1500"]);
    const removed = car();
    removed.drive("f");
    expect(told(removed.reconfigure({ ...servos, carbot: configOf({}).carbot }))).toEqual(["one 1500", "two 1500"]);
  });

  it("that leaves the car as it is lets it drive on", () => {
    const world = car();
    world.drive("f");
    expect(world.reconfigure({ ...servos, sys_interval: 1000 })).toEqual([]);
  });

  it("growbuddy 6j: that brings the car says first that it starts up, once", () => {
    const world = profileWorld(createCarbot, configOf({}));
    world.step({ type: "started", at: 0 });
    world.reconfigure(servos);
    const steps = (["asked", "granted"] as const).map((step) => logged(world.step({ type: "listening", topic, step })));
    expect(steps).toEqual([["carbot: starting up!", "carbot: subscribing"], ["carbot: subscribed"]]);
  });
});
