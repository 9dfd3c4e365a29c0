import { describe, expect, it } from "vitest";
import type { Effect } from "../../../agent/core/model.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function relay(output = {}): World {
  return new World(configOf({ outputs: { lamp: output } }));
}

describe("on, off and toggle", () => {
  it("move the line and publish what was written, with its cause", () => {
    const world = relay();
    expect(world.mqtt("lamp", '{"state":"ON","id":"a-1"}')).toEqual({ ok: true, state: "ON", changed: true });
    expect(world.isOn("lamp")).toBe(true);
    expect(world.payloads("pinbus/garage/out/lamp/state")).toEqual(["OFF", "ON"]);
    expect(world.attr("lamp")).toMatchObject({ cause: "mqtt", since: new Date(world.now).toISOString(), until: null });
    expect(world.mqtt("lamp", "TOGGLE")).toMatchObject({ ok: true, state: "OFF" });
    expect(world.isOn("lamp")).toBe(false);
  });

  it("say that nothing changed when the output was there already", () => {
    expect(relay().control("lamp", "OFF")).toEqual({ ok: true, state: "OFF", changed: false });
  });

  it("toggle twice in one rule is two toggles", () => {
    const rules = { both: when("porch press", ["lamp", "toggle"], ["lamp", "toggle"]) };
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} }, rules }));
    world.press("porch", 100);
    expect(world.moves.map((move) => move.split(" ").slice(0, 2).join(" "))).toEqual(["lamp on", "lamp off"]);
  });

  it("two rules on one gesture both act, in the order of the file", () => {
    const rules = { one: when("porch press", ["lamp", "on"]), two: when("porch press", ["fan", "on"], ["lamp", "toggle"]) };
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {}, fan: {} }, rules }));
    world.press("porch", 100);
    expect(world.moves.map((move) => move.split(" ").slice(0, 2).join(" "))).toEqual(["lamp on", "fan on", "lamp off"]);
    expect(world.state.rules.map(({ fired }) => fired)).toEqual([1, 1]);
    expect(world.outputState("fan").cause).toMatchObject({ kind: "rule", text: "rule two", detail: "porch press" });
  });

  it("tell of their own moment, however late their words are read", () => {
    const world = relay();
    const effects: Effect[] = [];
    world.turned = (_, more) => effects.push(...more);
    world.mqtt("lamp", '{"state":"ON","id":"a-1"}');
    world.advance(second);
    world.control("lamp", "OFF");
    const attrs = effects.flatMap((effect) =>
      effect.type === "publish" && effect.topic.endsWith("/attr") ? JSON.parse(effect.payload) : [],
    );
    expect(attrs).toMatchObject([
      { id: "a-1", text: "ON because a command over MQTT says on (id a-1)", since: new Date(world.now - second).toISOString() },
      { id: null, text: "OFF because somebody switched it off with `pinbus set`", since: new Date(world.now).toISOString() },
    ]);
    const logs = effects.flatMap((effect) => (effect.type === "log" ? [{ message: effect.message, output: effect.fields.output }] : []));
    expect(logs).toEqual([
      { message: "lamp on: mqtt (id a-1)", output: "lamp" },
      { message: "lamp off: cli", output: "lamp" },
    ]);
  });

  it("remember their causes, newest last, bounded", () => {
    const world = relay();
    for (let count = 0; count < 100; count++) world.control("lamp", "TOGGLE");
    expect(world.outputState("lamp").history).toHaveLength(32);
    expect(world.outputState("lamp").history.at(-1)).toMatchObject({ state: "OFF", cause: { kind: "cli" } });
  });
});

describe("a pulse", () => {
  it("ends after its length, by its own cause", () => {
    const world = relay();
    const since = world.now;
    expect(world.control("lamp", "PULSE", 300)).toMatchObject({ ok: true, state: "ON" });
    expect(world.attr("lamp").until).toBe(new Date(since + 300).toISOString());
    world.advance(second);
    expect(world.moves).toEqual([`lamp on ${since}`, `lamp off ${since + 300}`]);
    expect(world.attr("lamp")).toMatchObject({ cause: "pulse ended", until: null });
  });

  it("has the length of its output, else 500 ms", () => {
    const own = relay({ pulse: 200 });
    own.mqtt("lamp", "PULSE");
    own.advance(5 * second);
    expect(own.moves.at(-1)).toBe("lamp off 1200");
    const fallback = relay();
    fallback.mqtt("lamp", "PULSE");
    fallback.advance(5 * second);
    expect(fallback.moves.at(-1)).toBe("lamp off 1500");
  });

  it("is started anew by another pulse", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.advance(200);
    world.control("lamp", "PULSE", 300);
    world.advance(second);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 1500"]);
  });

  it("is ended by ON, which stays", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.advance(100);
    world.mqtt("lamp", "ON");
    world.advance(10 * second);
    expect(world.isOn("lamp")).toBe(true);
    expect(world.attr("lamp")).toMatchObject({ cause: "mqtt", until: null });
  });

  it("is ended by OFF, at once, and does not come up again", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.advance(100);
    world.mqtt("lamp", "OFF");
    world.mqtt("lamp", "ON");
    world.advance(10 * second);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 1100", "lamp on 1100"]);
  });

  it("stays a pulse when the ON that would have ended it could not be written", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.breakOutput("lamp", true);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "failed" });
    world.breakOutput("lamp", false);
    world.advance(10 * second);
    expect(world.isOn("lamp")).toBe(false);
  });

  it("is tried again until it is off, when its end could not be written", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.breakOutput("lamp", true);
    world.advance(10 * second);
    expect(world.isOn("lamp")).toBe(true);
    expect(world.outputState("lamp").pulseEnds).toBeNull();
    world.breakOutput("lamp", false);
    world.advance(2 * second);
    expect(world.isOn("lamp")).toBe(false);
    world.advance(10 * second);
    expect(world.timers.size).toBe(0);
  });

  it("belongs to its own output", () => {
    const world = new World(configOf({ outputs: { lamp: {}, gate: {} } }));
    world.control("gate", "ON");
    world.control("lamp", "PULSE", 300);
    world.control("gate", "PULSE", 5000);
    world.advance(second);
    expect([world.isOn("lamp"), world.isOn("gate")]).toEqual([false, true]);
  });

  it("does not run on when the chip goes and comes back", () => {
    const world = relay();
    world.control("lamp", "PULSE", 5000);
    world.loseOutput("lamp");
    expect(world.payloads("pinbus/garage/out/lamp/state").at(-1)).toBe("UNKNOWN");
    expect(world.timers.size).toBe(0);
    world.returnOutput("lamp");
    world.mqtt("lamp", "ON");
    world.advance(10 * second);
    expect(world.isOn("lamp")).toBe(true);
  });

  it("of a rule with `for` ends like any other", () => {
    const rules = { r: when("porch press", ["lamp", "on", 5000]) };
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} }, rules }));
    world.press("porch", 100);
    world.advance(4800);
    expect(world.isOn("lamp")).toBe(true);
    world.advance(200);
    expect(world.isOn("lamp")).toBe(false);
  });
});

describe("max_on", () => {
  const limit = { max_on: 2 * second };
  it("switches off so long after the output went on, and ON again does not extend it", () => {
    const world = relay(limit);
    world.mqtt("lamp", "ON");
    expect(world.attr("lamp").until).toBe(new Date(3000).toISOString());
    world.advance(1500);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: true, changed: false });
    world.advance(second);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 3000"]);
    expect(world.attr("lamp")).toMatchObject({ cause: "max_on reached", until: null });
  });

  it("is not extended by pulses, and a shorter pulse still ends first", () => {
    const world = relay(limit);
    world.control("lamp", "PULSE", 1500);
    world.advance(second);
    world.control("lamp", "PULSE", 60 * second);
    world.advance(10 * second);
    expect(world.moves).toEqual(["lamp on 1000", "lamp off 3000"]);
    world.control("lamp", "PULSE", 500);
    world.advance(10 * second);
    expect(world.moves.slice(2)).toEqual(["lamp on 12000", "lamp off 12500"]);
  });

  it("holds for an output that is on from the start", () => {
    const world = relay({ ...limit, on_start: "on" });
    world.advance(10 * second);
    expect(world.moves).toEqual(["lamp off 3000"]);
  });

  it("starts anew after the output was off", () => {
    const world = relay(limit);
    world.mqtt("lamp", "ON");
    world.advance(1900);
    world.mqtt("lamp", "OFF");
    world.mqtt("lamp", "ON");
    world.advance(1900);
    expect(world.isOn("lamp")).toBe(true);
    world.advance(200);
    expect(world.isOn("lamp")).toBe(false);
  });
});

describe("a chip that comes back", () => {
  it("brings the output back in its start state, with the chip as the cause", () => {
    const world = relay({ on_start: "on" });
    world.mqtt("lamp", "OFF");
    world.loseOutput("lamp");
    expect(world.state.outputs[0]?.problem).toContain("gone");
    world.returnOutput("lamp");
    expect(world.payloads("pinbus/garage/out/lamp/state")).toEqual(["ON", "OFF", "UNKNOWN", "ON"]);
    expect(world.outputState("lamp")).toMatchObject({ problem: null, cause: { kind: "chip" } });
  });
});
