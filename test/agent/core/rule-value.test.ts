import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RuleConfig } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const dry = { sensor: "tent.humidity", below: 55, hysteresis: 3 };
const on = { output: "mister", set: "on" } as const;
const off = { output: "mister", set: "off" } as const;
const mist = rule([dry], [on], { else: [off], on_stale: "else", on_broker_lost: "none" });
const parts = {
  inputs: { door: { kind: "switch" as const } },
  outputs: { mister: {}, alarm: {} },
  sensors: { tent: { stale_after: 180_000 }, lamp: { stale_after: 180_000 } },
};

/** A world at 1000 ms, started and connected. */
function world(rules: Record<string, RuleConfig>, more: Partial<typeof parts> = {}): World {
  const test = new World(configOf({ ...parts, ...more, rules }));
  test.link(true);
  test.dispatch({ type: "started", held: false, at: test.now });
  return test;
}

/** The mister after each of these readings, a minute apart. */
function mistedAt(test: World, ...readings: number[]): boolean[] {
  return readings.map((humidity) => {
    test.measure("tent", { humidity });
    const misted = test.isOn("mister");
    test.advance(60_000);
    return misted;
  });
}

describe("a rule on a value", () => {
  it("does `do` below its limit, and `else` when the value is back over the hysteresis", () => {
    expect(mistedAt(world({ mist }), 60, 55, 54.9, 56, 57.9, 58, 56, 55, 54)).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it("does the same the other way round above one", () => {
    const hot = rule([{ sensor: "tent.humidity", above: 70, hysteresis: 5 }], [on], { else: [off], on_stale: "else" });
    expect(mistedAt(world({ hot }), 70, 71, 66, 65, 69)).toEqual([false, true, true, false, false]);
  });

  it("compares a word letter for letter", () => {
    const open = rule([{ sensor: "tent.hatch", equals: "OPEN" }], [on], { else: [off], on_stale: "else" });
    const test = world({ open });
    const seen = ["CLOSED", "OPEN", "open", "OPEN"].map((hatch) => {
      test.measure("tent", { hatch });
      return test.isOn("mister");
    });
    expect(seen).toEqual([false, true, false, true]);
  });

  it("says with the value why it switched", () => {
    const test = world({ mist });
    test.measure("tent", { humidity: 52.1 });
    expect(test.attr("mister")).toMatchObject({
      cause: "rule mist",
      text: "ON because tent.humidity was 52.1 %, below 55, and rule mist says on",
      chain: [
        { kind: "sensor", text: "tent.humidity 52.1 % is below 55" },
        { kind: "rule", text: "rule mist" },
      ],
    });
    expect(test.fired("mist")).toMatchObject([{ event_type: "fired", cause: "tent.humidity 52.1 % is below 55" }]);
    test.measure("tent", { humidity: 58.3 });
    expect(test.attr("mister").text).toBe("OFF because tent.humidity was 58.3 %, not below 55, and rule mist says off");
    expect(test.fired("mist").at(-1)).toMatchObject({ event_type: "else" });
  });

  it("begins with `else`, so that a plug that was left on goes off, and does nothing before the first reading", () => {
    const plug = rule([dry], [{ publish: "cmnd/plug/POWER", payload: "ON" }], {
      else: [{ publish: "cmnd/plug/POWER", payload: "OFF" }],
      on_stale: "else",
      on_broker_lost: "none",
    });
    const test = world({ plug });
    test.advance(60_000);
    expect(test.payloads("cmnd/plug/POWER")).toEqual([]);
    test.measure("tent", { humidity: 56 });
    test.measure("tent", { humidity: 56.5 });
    expect(test.payloads("cmnd/plug/POWER")).toEqual(["OFF"]);
  });

  it("with `for` waits until it has been so for that long without a break", () => {
    const slow = rule([{ ...dry, for: 90_000 }], [on], { else: [off], on_stale: "else" });
    const test = world({ slow });
    mistedAt(test, 50, 60, 50, 51);
    expect(test.moves).toEqual(["mister on 211000"]);
  });

  it("waits for its own minimum times, and those that an output has", () => {
    const own = rule([{ ...dry, hysteresis: 0 }], [on], { else: [off], on_stale: "else", min_on: 90_000, min_off: 150_000 });
    const test = world({ own });
    mistedAt(test, 50, 50, 50, 60, 60, 50, 50, 50, 50);
    // From the start 150 s off, then 90 s on, then 150 s off again.
    expect(test.moves).toEqual(["mister on 151000", "mister off 241000", "mister on 391000"]);
    const contract = world({ mist }, { outputs: { mister: { min_off: 150_000 }, alarm: {} } as typeof parts.outputs });
    mistedAt(contract, 50, 59, 50, 50, 50);
    expect(contract.moves).toEqual(["mister on 151000"]);
  });

  it("does `do` again while it holds, for plugs that go off by themselves", () => {
    const plug = rule(
      [dry],
      [
        { publish: "cmnd/plug/PulseTime", payload: "220" },
        { publish: "cmnd/plug/POWER", payload: "ON" },
      ],
      {
        else: [{ publish: "cmnd/plug/POWER", payload: "OFF" }],
        on_stale: "else",
        on_broker_lost: "none",
        repeat: 60_000,
      },
    );
    const test = world({ plug });
    test.measure("tent", { humidity: 50 });
    test.advance(130_000);
    test.measure("tent", { humidity: 59 });
    test.advance(120_000);
    const sent = test.published
      .filter(({ topic }) => topic.startsWith("cmnd/plug/"))
      .map(({ topic, payload }) => `${topic.slice(10)} ${payload}`);
    expect(sent).toEqual([...Array(3).fill(["PulseTime 220", "POWER ON"]).flat(), "POWER OFF"]);
    expect(test.state.rules[0]?.fired).toBe(1);
  });
});

describe("conditions on values", () => {
  const gated = rule([dry], [on], {
    and: [{ sensor: "lamp.light", above: 500 }],
    unless: [{ input: "door", is: "on" }],
    else: [off],
    on_stale: "else",
  });

  it("let it begin and end with the next reading of any sensor that it names", () => {
    const test = world({ gated });
    test.measure("tent", { humidity: 50 });
    expect(test.isOn("mister")).toBe(false);
    test.measure("lamp", { light: 501 });
    expect(test.isOn("mister")).toBe(true);
    test.measure("lamp", { light: 499 });
    expect(test.attr("mister").text).toBe("OFF because its conditions are no longer met and rule gated says off");
  });

  it("end it at once when it is an input that ends them", () => {
    const test = world({ gated });
    test.measure("lamp", { light: 501 });
    test.measure("tent", { humidity: 50 });
    test.edge("door", true);
    test.advance(20);
    expect(test.moves).toEqual(["mister on 1000", "mister off 1020"]);
  });

  it("that nobody knows are no permission, in `and` and in `unless`", () => {
    for (const more of [{ and: [{ sensor: "lamp.light", above: 1 }] }, { unless: [{ sensor: "lamp.light", above: 900 }] }]) {
      const test = world({ a: rule([{ input: "door", is: "on" }], [on], { ...more, on_stale: "none" }) });
      test.edge("door", true);
      test.advance(100);
      expect(test.isOn("mister")).toBe(false);
      test.measure("lamp", { light: 500 });
      test.edge("door", false);
      test.advance(100);
      test.edge("door", true);
      test.advance(100);
      expect(test.isOn("mister")).toBe(true);
    }
  });

  it("end by on_stale what they have let begin", () => {
    const test = world({ a: rule([{ input: "door", is: "on" }], [on], { and: [{ sensor: "lamp.light", above: 1 }], on_stale: [off] }) });
    test.advance(300_000);
    expect(test.moves).toEqual([]);
    test.measure("lamp", { light: 500 });
    test.edge("door", true);
    test.advance(300_000);
    expect(test.moves).toEqual(["mister on 301020", "mister off 481000"]);
  });
});

describe("a value that is stale", () => {
  it("ends what it has begun exactly at stale_after, and drives again when it is back", () => {
    const test = world({ mist });
    test.measure("tent", { humidity: 50 });
    test.reading("tent", "CRC error", test.now);
    test.advance(300_000);
    expect(test.moves).toEqual(["mister on 1000", "mister off 181000"]);
    expect(test.attr("mister").text).toBe("OFF because tent was stale and rule mist says off");
    test.measure("tent", { humidity: 56 });
    expect(test.isOn("mister")).toBe(false);
    test.measure("tent", { humidity: 54 });
    expect(test.isOn("mister")).toBe(true);
  });

  it("leaves everything as it is with `none`, and may wait with `after`", () => {
    const left = world({ a: rule([dry], [on], { else: [off], on_stale: "none" }) });
    left.measure("tent", { humidity: 50 });
    left.advance(1_000_000);
    expect(left.moves).toEqual(["mister on 1000"]);
    const later = world({
      a: rule([dry], [on], {
        else: [off],
        on_stale: [
          { output: "alarm", set: "on" },
          { do: "else", after: 60_000 },
        ],
      }),
    });
    later.measure("tent", { humidity: 50 });
    later.advance(1_000_000);
    expect(later.moves).toEqual(["mister on 1000", "alarm on 181000", "mister off 241000"]);
  });

  it("that never came counts as stale after its time", () => {
    const test = world({ a: rule([dry], [on], { else: [off], on_stale: [{ output: "alarm", set: "on" }] }) });
    test.advance(300_000);
    expect(test.moves).toEqual(["alarm on 181000"]);
  });

  it("or of another kind than was asked for, drives nothing", () => {
    const test = world({ mist });
    for (const humidity of ["50", Number.NaN, false]) test.measure("tent", { humidity });
    test.measure("tent", { temperature: 1 });
    expect(test.moves).toEqual([]);
  });

  it("property: never drives the mister on, and never leaves it on", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 200_000 }),
      humidity: fc.option(fc.double({ min: 40, max: 70, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const test = world({ mist });
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
        for (const { active, at } of test.wires)
          if (active) expect(test.published.some(({ topic, at: read }) => topic.endsWith("tent/state") && read === at)).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });

  it("property: a value that moves less than the hysteresis switches at most once", () => {
    const value = fc.double({ min: 0, max: 2.99, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 45, max: 65, noNaN: true }), fc.array(value, { minLength: 1, maxLength: 60 }), (from, values) => {
        const test = world({ mist });
        mistedAt(test, ...values.map((by) => from + by));
        expect(test.moves.length).toBeLessThanOrEqual(1 + Number(test.moves[0]?.startsWith("mister off") ?? false));
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("a broker that is lost", () => {
  const careful = (reaction: Parameters<typeof rule>[2]) => rule([dry], [on], { else: [off], on_stale: "else", ...reaction });

  it("ends by on_broker_lost what the rule has begun, which rests until the broker is back", () => {
    const test = world({ a: careful({ on_broker_lost: [{ do: "else", after: 30_000 }] }) });
    test.measure("tent", { humidity: 50 });
    test.link(false);
    test.advance(10_000);
    test.measure("tent", { humidity: 59 });
    test.measure("tent", { humidity: 50 });
    test.advance(50_000);
    test.measure("tent", { humidity: 40 });
    expect(test.moves).toEqual(["mister on 1000", "mister off 11000", "mister on 11000", "mister off 31000"]);
    test.link(true);
    expect(test.moves.at(-1)).toBe("mister on 61000");
  });

  it("means nothing when it is back in time, or with `none`", () => {
    for (const reaction of ["none", [{ do: "else" as const, after: 30_000 }]] as const) {
      const test = world({ a: careful({ on_broker_lost: reaction === "none" ? "none" : [...reaction] }) });
      test.measure("tent", { humidity: 50 });
      test.link(false);
      test.advance(20_000);
      test.link(true);
      test.advance(100_000);
      expect(test.moves).toEqual(["mister on 1000"]);
    }
  });

  it("is lost from the start on when it was never there", () => {
    const test = new World(
      configOf({ ...parts, rules: { a: careful({ on_broker_lost: [{ output: "alarm", set: "on", after: 30_000 }] }) } }),
    );
    test.dispatch({ type: "started", held: false, at: test.now });
    test.advance(40_000);
    expect(test.moves).toEqual(["alarm on 31000"]);
  });
});

describe("a rule on a value that is disabled or reloaded", () => {
  it("does `else` when it is disabled, and looks at the value again when it is enabled", () => {
    const test = world({ mist });
    test.measure("tent", { humidity: 50 });
    test.rule("mist", "OFF");
    expect(test.attr("mister").text).toBe("OFF because rule mist was disabled by mqtt and rule mist says off");
    test.measure("tent", { humidity: 49 });
    expect(test.isOn("mister")).toBe(false);
    test.rule("mist", "ON");
    test.advance(0);
    expect(test.isOn("mister")).toBe(true);
  });

  it("keeps its side over a reload that does not change it, whatever else that changes", () => {
    const test = world({ mist });
    mistedAt(test, 50, 56);
    const more = { other: rule([{ input: "door", is: "on" }], [{ output: "alarm", set: "on" }]), mist };
    test.reload(configOf({ ...parts, sensors: { outside: {}, ...parts.sensors }, rules: more }));
    test.advance(1000);
    mistedAt(test, 57);
    expect(test.moves).toEqual(["mister on 1000"]);
    expect(mistedAt(test, 58)).toEqual([false]);
  });

  it("is looked at anew when the reload changes it, with the value that is there", () => {
    const test = world({ mist });
    mistedAt(test, 56);
    test.reload(configOf({ ...parts, rules: { mist: rule([{ ...dry, below: 57 }], [on], { else: [off], on_stale: "else" }) } }));
    test.advance(0);
    expect(test.moves).toEqual(["mister on 61000"]);
  });
});

describe("what a rule does once more", () => {
  const said = { publish: "tent/said", payload: "dry" } as const;

  it("by `repeat` does not begin its shortest time anew", () => {
    const own = rule([{ ...dry, hysteresis: 0 }], [on], { else: [off], on_stale: "else", min_on: 90_000, repeat: 60_000 });
    const test = world({ own });
    test.measure("tent", { humidity: 50 });
    test.advance(70_000);
    test.measure("tent", { humidity: 60 });
    test.advance(100_000);
    expect(test.moves).toEqual(["mister on 1000", "mister off 91000"]);
  });

  it("because an output has refused it is that output alone, and the shortest time counts from what was done", () => {
    const own = rule([{ ...dry, hysteresis: 0 }], [said, on], {
      ...{ else: [off], on_stale: "else", on_broker_lost: "none", min_on: 90_000 },
    });
    const test = world({ own });
    test.lock("mister", true);
    for (const humidity of [50, 50]) {
      test.measure("tent", { humidity });
      test.advance(70_000);
    }
    test.lock("mister", false);
    test.measure("tent", { humidity: 50 });
    test.advance(70_000);
    expect([test.isOn("mister"), test.payloads("tent/said")]).toEqual([true, ["dry"]]);
    test.measure("tent", { humidity: 60 });
    expect(test.isOn("mister")).toBe(false);
  });

  it("is all of it when `repeat` says so, though a part of it is still refused", () => {
    const own = rule([dry], [said, on], { else: [off], on_stale: "else", on_broker_lost: "none", repeat: 150_000 });
    const test = world({ own });
    test.lock("mister", true);
    for (const humidity of [50, 50, 50]) {
      test.measure("tent", { humidity });
      test.advance(100_000);
    }
    expect(test.published.filter(({ topic }) => topic === "tent/said").map(({ at }) => at)).toEqual([1000, 151_000, 301_000]);
  });

  it("of `on_stale` is what was refused alone, also within its else", () => {
    const own = rule([dry], [on], { else: [said, off], on_stale: [{ do: "else" }], on_broker_lost: "none" });
    const test = world({ own }, { outputs: { mister: { min_on: 300_000 }, alarm: {} } as typeof parts.outputs });
    test.measure("tent", { humidity: 50 });
    test.advance(400_000);
    expect([test.moves, test.payloads("tent/said")]).toEqual([["mister on 1000", "mister off 301000"], ["dry"]]);
  });

  it("of `on_stale` is all of it when the broker is back, so that an OFF that is still refused is not forgotten", () => {
    const own = rule([dry], [on], { else: [said, off], on_stale: "else", on_broker_lost: "none" });
    const test = world({ own });
    test.measure("tent", { humidity: 50 });
    test.lock("mister", true);
    test.link(false);
    test.advance(200_000);
    test.link(true);
    expect(test.payloads("tent/said")).toEqual(["dry", "dry"]);
    test.lock("mister", false);
    test.advance(60_000);
    expect(test.isOn("mister")).toBe(false);
  });
});
