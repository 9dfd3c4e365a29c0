import { describe, expect, it } from "vitest";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const line = (gpio: number) => ({ kind: "gpio" as const, gpio });
type Outputs = NonNullable<Parameters<typeof configOf>[0]["outputs"]>;

function blind(dead_time: number, more: Outputs = {}) {
  const outputs = { up: { line: line(20), interlock: "blind" }, down: { line: line(21), interlock: "blind" }, ...more };
  return configOf({ outputs, interlocks: { blind: { dead_time, mode: "switch" } } });
}

/** `up` was on until 1000, and `down` waits for the dead time. */
function waiting(): World {
  const world = new World(blind(500));
  world.advance(9000);
  world.control("up", "ON");
  expect(world.control("down", "ON")).toBeUndefined();
  return world;
}

describe("a reload while an interlocked output waits for the dead time", () => {
  it("of something else lets it go on when it would have", () => {
    const world = waiting();
    world.reload(blind(500, { fan: { line: line(30) } }));
    world.advance(499);
    expect(world.isOn("down")).toBe(false);
    world.advance(1);
    expect([world.isOn("down"), world.answers.at(-1)?.verdict.ok]).toEqual([true, true]);
  });

  it.each([
    [300, 300],
    [900, 900],
  ])("that makes it %i ms lets it go on %i ms after its partner went off", (dead, on) => {
    const world = waiting();
    world.advance(100);
    world.reload(blind(dead));
    world.advance(on - 101);
    expect(world.isOn("down")).toBe(false);
    world.advance(1);
    expect(world.isOn("down")).toBe(true);
  });

  it.each([
    ["moves it", { down: { line: line(25), interlock: "blind" } }],
    ["moves its partner", { up: { line: line(25), interlock: "blind" } }],
    ["turns its polarity around", { down: { line: line(21), interlock: "blind", active: "low" as const } }],
  ])("that %s answers that the command is cancelled", (_, more) => {
    const world = waiting();
    world.reload(blind(500, more));
    expect(world.answers.at(-1)?.verdict).toMatchObject({ ok: false, reason: "cancelled" });
    world.advance(5000);
    expect([world.isOn("down"), world.timers.size]).toEqual([false, 0]);
  });

  it("that removes it answers that the command is cancelled", () => {
    const world = waiting();
    world.reload(
      configOf({ outputs: { up: { line: line(20), interlock: "blind" } }, interlocks: { blind: { dead_time: 500, mode: "switch" } } }),
    );
    expect(world.answers.at(-1)?.verdict).toMatchObject({ ok: false, reason: "cancelled" });
    expect(world.timers.size).toBe(0);
  });
});

describe("a reload while the broker is away", () => {
  const lamp = (on_broker_lost: { do: "off" | "on"; after: number } | null, more = {}) =>
    configOf({ outputs: { lamp: { on_broker_lost, ...more } } });
  const away = (config: ReturnType<typeof lamp>) => {
    const world = new World(config);
    world.link(true);
    world.control("lamp", "ON");
    world.link(false);
    world.advance(100);
    return world;
  };

  it.each([
    ["brings on_broker_lost", null, { do: "off" as const, after: 400 }, "lamp off 1400"],
    ["makes it shorter", { do: "off" as const, after: 400 }, { do: "off" as const, after: 200 }, "lamp off 1200"],
    ["makes it shorter than the time that is over", { do: "off" as const, after: 400 }, { do: "off" as const, after: 50 }, "lamp off 1100"],
    ["makes it longer", { do: "off" as const, after: 400 }, { do: "off" as const, after: 900 }, "lamp off 1900"],
    ["takes it away", { do: "off" as const, after: 400 }, null, undefined],
  ])("that %s counts from when it went", (_, from, to, off) => {
    const world = away(lamp(from));
    world.reload(lamp(to));
    world.advance(5000);
    expect([world.moves[1], world.timers.size]).toEqual([off, 0]);
  });

  it("does not act a second time on an output that a person has switched since", () => {
    const world = away(lamp({ do: "off", after: 50 }));
    world.control("lamp", "ON");
    world.reload(lamp({ do: "off", after: 300 }));
    world.advance(5000);
    expect(world.isOn("lamp")).toBe(true);
  });

  it("that shortens min_off lets an on that waits for it come sooner", () => {
    const world = new World(lamp({ do: "on", after: 100 }, { min_off: 3000 }));
    world.advance(200);
    world.reload(lamp({ do: "on", after: 100 }, { min_off: 500 }));
    world.advance(299);
    expect(world.isOn("lamp")).toBe(false);
    world.advance(1);
    expect(world.isOn("lamp")).toBe(true);
  });
});

describe("a reload under a button", () => {
  const knob = (more: object, rule: Parameters<typeof when>[0] = "knob double") =>
    configOf({ inputs: { knob: { debounce: 0, ...more } }, outputs: { lamp: {} }, rules: { one: when(rule, ["lamp", "toggle"]) } });

  it.each([
    [300, 500],
    [300, 150],
  ])("that changes window from %i to %i ms decides a click by the new one", (from, to) => {
    const world = new World(knob({ window: from }));
    world.press("knob", 50, 100);
    world.reload(knob({ window: to }));
    world.advance(1000);
    expect(world.published.find(({ topic }) => topic.endsWith("knob/event"))?.at).toBe(1050 + to);
  });

  it("that binds fewer clicks decides those that are pending at the end of the window", () => {
    const world = new World(knob({}));
    world.press("knob", 50, 100);
    world.reload(knob({}, "knob click"));
    world.advance(1000);
    expect([world.moves, world.events("knob").map(({ event_type }) => event_type)]).toEqual([["lamp on 1350"], ["press_end"]]);
  });

  it.each([
    [
      { hold: 100, repeat: 400 },
      { hold: 100, repeat: 50 },
    ],
    [
      { hold: 3000, repeat: 50 },
      { hold: 100, repeat: 50 },
    ],
  ])("that brings its repeats closer (%j to %j) does not make up for what it would have had", (from, to) => {
    const world = new World(knob(from, "knob repeat"));
    world.edge("knob", true);
    world.advance(1020);
    const before = world.moves.length;
    world.reload(knob(to, "knob repeat"));
    world.advance(0);
    expect(world.moves.length).toBe(before);
    world.advance(30);
    expect(world.moves.length).toBe(before + 1);
    world.advance(100);
    expect(world.moves.length).toBe(before + 3);
  });

  it("that takes the repeats away stops them", () => {
    const world = new World(knob({ hold: 100, repeat: 50 }, "knob repeat"));
    world.edge("knob", true);
    world.advance(220);
    world.reload(knob({ hold: 100, repeat: 50 }));
    expect(world.timers.size).toBe(0);
  });

  it("that moves its line tells the clicks that were complete", () => {
    const world = new World(knob({}));
    world.press("knob", 50, 100);
    world.reload(knob({ line: line(9) }));
    expect(world.events("knob").map(({ event_type }) => event_type)).toEqual(["press_end"]);
    expect(world.timers.size).toBe(0);
  });
});

describe("a reload of an output", () => {
  it("that moves it keeps its lock", () => {
    const world = new World(configOf({ outputs: { lamp: {} } }));
    world.lock("lamp", true);
    world.reload(configOf({ outputs: { lamp: { line: line(9), on_start: "on" } } }));
    expect([world.isOn("lamp"), world.control("lamp", "ON")]).toMatchObject([false, { reason: "locked" }]);
  });

  it("that was removed before, and locked, finds its lock", () => {
    const world = new World(configOf({ outputs: { lamp: {}, fan: {} } }));
    world.lock("lamp", true);
    world.reload(configOf({ outputs: { fan: { line: line(17) } } }));
    world.reload(configOf({ outputs: { lamp: {}, fan: { line: line(17) } } }));
    expect(world.outputState("lamp").locked).toBe(true);
  });

  it("that moves it starts it as last switched, and not as it left its line", () => {
    const world = new World(configOf({ outputs: { lamp: { on_start: "last" } } }));
    world.control("lamp", "ON");
    world.reload(configOf({ outputs: { lamp: { on_start: "last", line: line(9) } } }));
    expect([world.isOn("lamp"), world.onDisk("lamp").level]).toEqual([true, true]);
  });

  it("that brings on_start: last keeps the level that it has now", () => {
    const world = new World(configOf({ outputs: { lamp: {} } }));
    world.control("lamp", "ON");
    world.reload(configOf({ outputs: { lamp: { on_start: "last" } } }));
    expect(world.onDisk("lamp").level).toBe(true);
  });

  it("that brings min_on holds up the end of a running pulse", () => {
    const world = new World(configOf({ outputs: { gate: {} } }));
    world.control("gate", "PULSE", 100);
    world.reload(configOf({ outputs: { gate: { min_on: 700 } } }));
    expect(world.attr("gate").until).toBe(new Date(1700).toISOString());
    world.advance(5000);
    expect(world.moves).toEqual(["gate on 1000", "gate off 1700"]);
  });
});
