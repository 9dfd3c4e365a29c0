import { describe, expect, it } from "vitest";
import { lineChanges } from "../../../agent/core/reload.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const line = (gpio: number) => ({ kind: "gpio" as const, gpio });

describe("a reload", () => {
  it("lets a pulse that is running end once, at its time", () => {
    const world = new World(configOf({ outputs: { gate: { pulse: 300 } } }));
    world.control("gate", "PULSE");
    world.advance(100);
    world.reload(configOf({ outputs: { fan: {}, gate: { line: line(16), pulse: 5000 } } }));
    world.advance(10_000);
    expect(world.moves).toEqual(["gate on 1000", "gate off 1300"]);
    expect(world.timers.size).toBe(0);
  });

  it("ends the pulse of an output that it removes, also when its exit state is keep", () => {
    const world = new World(configOf({ outputs: { gate: { on_exit: "keep" } } }));
    world.control("gate", "PULSE");
    world.reload(configOf({ outputs: {} }));
    expect(world.moves).toEqual(["gate on 1000", "gate off 1000"]);
    expect(world.timers.size).toBe(0);
    expect(world.published.slice(-2)).toMatchObject([
      { topic: "pinbus/garage/out/gate/state", payload: "", retain: true },
      { topic: "pinbus/garage/out/gate/attr", payload: "", retain: true },
    ]);
  });

  it("of an output with the other polarity requests it anew in its start state, without its exit state before", () => {
    const world = new World(configOf({ outputs: { gate: { on_exit: "on" } } }));
    world.control("gate", "PULSE");
    world.reload(configOf({ outputs: { gate: { on_exit: "on", active: "low" } } }));
    expect([world.writes.length, world.isOn("gate"), world.timers.size]).toEqual([1, false, 0]);
  });

  it("of an input requests it anew for another line, polarity or pull, and not for another time", () => {
    const anew = (more: Parameters<typeof configOf>[0]["inputs"]) => {
      const changes = lineChanges(configOf({ inputs: { porch: {} } }), configOf({ inputs: more ?? {} }), (a, b) => a === b || "gpio" in a);
      return [...changes.anew];
    };
    expect(anew({ porch: { active: "low" } })).toEqual(["porch"]);
    expect(anew({ porch: { bias: "pull-up" } })).toEqual(["porch"]);
    expect(anew({ porch: { line: { kind: "name", name: "GPIO2" } } })).toEqual([]);
    expect(anew({ porch: { debounce: 5, hold: 5000, event_ttl: 1 } })).toEqual([]);
    expect(anew({})).toEqual([]);
  });

  it.each([
    ["shorter", 1000, 2000],
    ["shorter than it has been on already", 100, 1500],
    ["longer", 9000, 10_000],
  ])("with a max_on that is %s ends an output by the time since it went on", (_, maxOn, off) => {
    const world = new World(configOf({ outputs: { lamp: { max_on: 5000 } } }));
    world.control("lamp", "ON");
    world.advance(500);
    world.reload(configOf({ outputs: { lamp: { max_on: maxOn } } }));
    expect(world.attr("lamp").until).toBe(new Date(1000 + maxOn).toISOString());
    world.advance(20_000);
    expect(world.moves).toEqual(["lamp on 1000", `lamp off ${off}`]);
  });

  it("that takes max_on away leaves the output on, and one that brings it ends it", () => {
    const world = new World(configOf({ outputs: { lamp: { max_on: 500 } } }));
    world.control("lamp", "ON");
    world.reload(configOf({ outputs: { lamp: {} } }));
    expect(world.attr("lamp").until).toBeNull();
    world.advance(9000);
    expect(world.isOn("lamp")).toBe(true);
    world.reload(configOf({ outputs: { lamp: { max_on: 9500 } } }));
    world.advance(600);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 10500"]);
  });

  it.each([
    [20, 200],
    [200, 20],
    [20, 0],
  ])("that changes debounce from %i to %i ms while a level settles lets it settle by the new one", (from, to) => {
    const world = new World(configOf({ inputs: { porch: { debounce: from } } }));
    world.edge("porch", true);
    world.advance(10);
    world.reload(configOf({ inputs: { porch: { debounce: to } } }));
    world.advance(to - 11);
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["OFF"]);
    world.advance(1);
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["OFF", "ON"]);
  });

  it.each([
    [600, 900],
    [600, 300],
  ])("that changes hold from %i to %i ms while a button is down counts from the press", (from, to) => {
    const world = new World(configOf({ inputs: { porch: { hold: from } } }));
    world.edge("porch", true);
    world.advance(200);
    world.reload(configOf({ inputs: { porch: { hold: to } } }));
    world.advance(1000);
    expect(world.events("porch")).toMatchObject([{ event_type: "long_press_start", duration_ms: to }]);
    expect(world.published.find(({ topic }) => topic.endsWith("porch/event"))?.at).toBe(1000 + to);
  });

  it("that only swaps the rules lets a press that is under way act by the new ones", () => {
    const pins = { inputs: { porch: {} }, outputs: { lamp: {}, fan: {} } };
    const world = new World(configOf({ ...pins, rules: { one: when("porch click", ["lamp", "on"]) } }));
    world.edge("porch", true);
    world.advance(100);
    world.reload(configOf({ ...pins, rules: { one: when("porch click", ["fan", "on"]) } }));
    world.edge("porch", false);
    world.advance(100);
    expect([world.isOn("lamp"), world.isOn("fan")]).toEqual([false, true]);
    expect(world.events("porch")).toMatchObject([{ event_type: "press_end", seq: 41 }]);
  });

  it("of an input on another line forgets the press and goes on counting its events", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    world.press("porch", 100);
    world.edge("porch", true);
    world.advance(100);
    world.reload(configOf({ inputs: { porch: { line: line(9) } } }));
    expect(world.timers.size).toBe(0);
    expect(world.payloads("pinbus/garage/in/porch/state").at(-1)).toBe("OFF");
    world.press("porch", 100);
    expect(world.events("porch").map(({ event_type, seq }) => [event_type, seq])).toEqual([
      ["press_end", 41],
      ["press_end", 42],
    ]);
  });

  it("gives up the retries of an output that it removes", () => {
    const world = new World(configOf({ outputs: { lamp: {}, fan: {} } }));
    world.control("lamp", "ON");
    world.breakOutput("lamp", true);
    world.control("lamp", "OFF");
    expect([...world.timers.keys()]).toEqual(["retry:lamp"]);
    world.reload(configOf({ outputs: { fan: { line: line(17) } } }));
    expect(world.timers.size).toBe(0);
    world.advance(5000);
  });

  it("keeps the history and the answers of an output that gets another line", () => {
    const world = new World(configOf({ outputs: { lamp: {} } }));
    const command = JSON.stringify({ state: "TOGGLE", id: "once" });
    world.mqtt("lamp", command);
    world.reload(configOf({ outputs: { lamp: { line: line(26), on_start: "on" } } }));
    world.mqtt("lamp", command);
    expect(world.isOn("lamp")).toBe(true);
    expect(world.outputState("lamp").history.map(({ state, cause }) => `${state} ${cause.kind}`)).toEqual([
      "OFF start",
      "ON mqtt",
      "OFF reload",
      "ON reload",
    ]);
  });
});
