import { describe, expect, it } from "vitest";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function relay(output = {}): World {
  return new World(configOf({ outputs: { lamp: output } }));
}

describe("a write that fails", () => {
  it("publishes nothing as done, answers with the reason and is kept in the history", () => {
    const world = relay();
    world.breakOutput("lamp", true);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "failed", message: expect.stringContaining("does not take it") });
    expect(world.payloads("pinbus/garage/out/lamp/state")).toEqual(["OFF"]);
    expect(world.outputState("lamp").history.at(-1)).toMatchObject({ state: "FAILED", cause: { kind: "mqtt" } });
    world.breakOutput("lamp", false);
    expect(world.mqtt("lamp", "TOGGLE")).toMatchObject({ ok: true, state: "ON" });
  });

  it("to a chip that is gone is refused, and moves nothing when the chip returns", () => {
    const world = relay();
    world.loseOutput("lamp");
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "failed" });
    expect(world.mqtt("lamp", "OFF")).toMatchObject({ ok: false, reason: "failed" });
    expect(world.timers.size).toBe(0);
    world.returnOutput("lamp");
    world.advance(100 * second);
    expect(world.isOn("lamp")).toBe(false);
    expect(world.moves).toEqual([]);
  });

  it("of an OFF is kept alive until the line takes it, or something else is wanted", () => {
    const world = relay();
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", true);
    expect(world.mqtt("lamp", "OFF")).toMatchObject({ ok: false, reason: "failed" });
    world.advance(5 * second);
    world.breakOutput("lamp", false);
    world.advance(2 * second);
    expect(world.isOn("lamp")).toBe(false);
    expect(world.timers.size).toBe(0);
  });

  it("of an OFF stays alive when an ON after it fails too", () => {
    const world = relay();
    world.control("lamp", "PULSE", 300);
    world.breakOutput("lamp", true);
    world.advance(5 * second);
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", false);
    world.advance(2 * second);
    expect(world.isOn("lamp")).toBe(false);
  });

  it("of the end of max_on is tried again, even when an ON comes in between", () => {
    const world = relay({ max_on: 2 * second });
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", true);
    world.advance(2500);
    world.breakOutput("lamp", false);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: true, changed: false });
    world.advance(2 * second);
    expect(world.isOn("lamp")).toBe(false);
  });

  it("again and again is remembered and logged once", () => {
    const world = relay();
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", true);
    world.mqtt("lamp", "OFF");
    world.advance(100 * second);
    expect(world.outputState("lamp").history.map(({ state }) => state)).toEqual(["OFF", "ON", "FAILED"]);
    expect(world.logs.filter(({ level }) => level === "error")).toHaveLength(1);
    expect(world.attr("lamp").problem).toContain("does not take it");
    world.breakOutput("lamp", false);
    world.advance(2 * second);
    expect(world.attr("lamp").problem).toBeNull();
  });

  it("because the chip is gone does not hide that it is gone", () => {
    const world = relay();
    world.mqtt("lamp", "ON");
    world.vanish("lamp");
    world.mqtt("lamp", "OFF");
    world.loseOutput("lamp");
    expect(world.payloads("pinbus/garage/out/lamp/state").at(-1)).toBe("UNKNOWN");
    expect(world.timers.size).toBe(0);
    world.advance(100 * second);
    expect(world.outputState("lamp").history.map(({ state }) => state)).toEqual(["OFF", "ON", "FAILED"]);
    expect(world.timers.size).toBe(0);
  });

  it("of an ON is not tried again: a lamp must not come on minutes after it was asked for", () => {
    const world = relay();
    world.breakOutput("lamp", true);
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", false);
    world.advance(100 * second);
    expect(world.moves).toEqual([]);
  });
});
