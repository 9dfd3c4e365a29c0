import { describe, expect, it } from "vitest";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function relay(output = {}): World {
  const rules = { press: when("porch press", ["lamp", "toggle"]) };
  return new World(configOf({ inputs: { porch: {} }, outputs: { lamp: output }, rules }));
}

describe("a locked output", () => {
  it("refuses commands from everywhere, and rules, and says how it is unlocked", () => {
    const world = relay();
    world.lock("lamp", true);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "locked", message: expect.stringContaining("pinbus unlock lamp") });
    expect(world.control("lamp", "PULSE")).toMatchObject({ ok: false, reason: "locked" });
    world.press("porch", 100);
    expect(world.moves).toEqual([]);
    world.lock("lamp", false);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: true });
  });

  it("refuses OFF as well, and still ends its pulse, its max_on and itself with the agent", () => {
    const world = relay({ max_on: 2 * second });
    world.control("lamp", "PULSE", 300);
    world.lock("lamp", true);
    expect(world.mqtt("lamp", "OFF")).toMatchObject({ ok: false, reason: "locked" });
    world.advance(second);
    expect(world.isOn("lamp")).toBe(false);
    world.lock("lamp", false);
    world.control("lamp", "ON");
    world.lock("lamp", true);
    world.advance(3 * second);
    expect(world.isOn("lamp")).toBe(false);
    world.lock("lamp", false);
    world.control("lamp", "ON");
    world.lock("lamp", true);
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.isOn("lamp")).toBe(false);
  });

  it("shows it, remembers it and keeps it, once", () => {
    const world = relay();
    world.control("lamp", "ON");
    expect(world.attr("lamp").locked).toBe(false);
    world.lock("lamp", true);
    world.lock("lamp", true);
    expect(world.attr("lamp")).toMatchObject({ locked: true, cause: "cli" });
    expect(world.outputState("lamp").history.map(({ state }) => state)).toEqual(["OFF", "ON", "LOCKED"]);
    expect(world.kept).toMatchObject([{ output: 0, locked: true, level: true }]);
  });

  it("is locked again after a restart", () => {
    const config = configOf({ outputs: { lamp: {} } });
    const world = new World(config, { kept: { lamp: { locked: true, level: false } } });
    expect(world.attr("lamp").locked).toBe(true);
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "locked" });
  });
});
