import { describe, expect, it } from "vitest";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
type OnStart = "off" | "on" | "keep" | "last";

describe("on_start", () => {
  it.each<[OnStart, boolean, boolean, boolean]>([
    ["off", true, true, false],
    ["on", false, false, true],
    ["keep", true, false, true],
    ["keep", false, true, false],
    ["last", false, true, true],
    ["last", true, false, false],
  ])("%s, with %s found on the line and %s kept on disk, is %s without a glitch", (on_start, found, level, expected) => {
    const world = new World(configOf({ outputs: { lamp: { on_start } } }), { found, kept: { lamp: { locked: false, level } } });
    expect(world.isOn("lamp")).toBe(expected);
    expect(world.payloads("pinbus/garage/out/lamp/state")).toEqual([expected ? "ON" : "OFF"]);
    expect(world.wires).toHaveLength(found === expected ? 0 : 1);
    expect(world.writes).toEqual([]);
  });

  it("keep and last count max_on from the start", () => {
    for (const on_start of ["keep", "last"] as const) {
      const options = { found: true, kept: { lamp: { locked: false, level: true } } };
      const world = new World(configOf({ outputs: { lamp: { on_start, max_on: 2 * second } } }), options);
      world.advance(10 * second);
      expect(world.moves).toEqual(["lamp off 3000"]);
    }
  });

  it("does not switch on what is locked, and keeps what is there", () => {
    const kept = { lamp: { locked: true, level: true } };
    const started = (on_start: OnStart) => new World(configOf({ outputs: { lamp: { on_start } } }), { found: true, kept }).isOn("lamp");
    expect([started("on"), started("last"), started("keep")]).toEqual([false, false, true]);
  });
});

describe("the level for `last`", () => {
  const last = () => new World(configOf({ outputs: { lamp: { on_start: "last" }, fan: {} } }));
  const levels = (world: World) => world.kept.map(({ level }) => level);

  it("is kept when it changes, and only for an output that wants it", () => {
    const world = last();
    world.control("lamp", "ON");
    world.control("lamp", "ON");
    world.control("fan", "ON");
    world.control("lamp", "OFF");
    expect(levels(world)).toEqual([true, false]);
  });

  it("is not that of a pulse, which nobody would end after a crash", () => {
    const world = last();
    world.control("lamp", "PULSE", 300);
    expect(levels(world)).toEqual([]);
    world.control("lamp", "ON");
    world.control("lamp", "PULSE", 300);
    world.advance(second);
    expect(levels(world)).toEqual([true, false]);
  });

  it("is not that of the stop", () => {
    const world = last();
    world.control("lamp", "ON");
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.isOn("lamp")).toBe(false);
    expect(levels(world)).toEqual([true]);
  });

  it("is what a chip comes back with", () => {
    const world = last();
    world.control("lamp", "ON");
    world.loseOutput("lamp");
    world.returnOutput("lamp");
    expect(world.isOn("lamp")).toBe(true);
  });
});
