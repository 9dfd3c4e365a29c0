import { describe, expect, it } from "vitest";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const config = configOf({ outputs: { lamp: { on_exit: "keep" }, gate: { on_start: "on", on_exit: "on" }, fan: { max_on: 3000 } } });

describe("after a stop", () => {
  const stopped = () => {
    const world = new World(config);
    world.dispatch({ type: "stop-requested", at: world.now });
    return world;
  };
  it("commands are refused as stopping, from the bus and from the control socket", () => {
    const world = stopped();
    expect(world.mqtt("lamp", "ON")).toMatchObject({ ok: false, reason: "stopping" });
    expect(world.control("lamp", "ON")).toMatchObject({ ok: false, reason: "stopping" });
  });
  it("the causes say exit", () => {
    const world = new World(config);
    world.control("fan", "ON");
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.outputState("fan").cause.kind).toBe("exit");
    expect(world.timers.size).toBe(0);
  });
  it("a chip that comes back in between goes to its exit state as well", () => {
    const world = new World(configOf({ outputs: { lamp: { on_start: "on" }, gate: { on_start: "on", on_exit: "keep" } } }));
    world.loseOutput("lamp");
    world.loseOutput("gate");
    world.dispatch({ type: "stop-requested", at: world.now });
    world.returnOutput("lamp");
    world.returnOutput("gate");
    expect([world.isOn("lamp"), world.isOn("gate")]).toEqual([false, true]);
  });
  it("an output that is kept does not keep a running pulse", () => {
    const world = new World(configOf({ outputs: { lamp: { on_exit: "keep" }, gate: { on_exit: "keep" } } }));
    world.control("lamp", "PULSE", 300);
    world.control("gate", "ON");
    world.dispatch({ type: "stop-requested", at: world.now });
    expect([world.isOn("lamp"), world.isOn("gate")]).toEqual([false, true]);
  });
  it("an output that did not take its exit state is not moved later, whatever was running on it", () => {
    const world = new World(configOf({ outputs: { lamp: {}, gate: { max_on: 2000 }, fan: {} } }));
    world.control("lamp", "PULSE", 3000);
    world.control("gate", "ON");
    world.control("fan", "ON");
    world.breakOutput("fan", true);
    world.control("fan", "OFF");
    for (const id of ["lamp", "gate", "fan"]) world.breakOutput(id, true);
    world.dispatch({ type: "stop-requested", at: world.now });
    for (const id of ["lamp", "gate", "fan"]) world.breakOutput(id, false);
    const { length } = world.moves;
    world.advance(20_000);
    expect(world.moves.slice(length)).toEqual([]);
  });
  it("a second stop changes nothing", () => {
    const world = stopped();
    const { length } = world.writes;
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.writes).toHaveLength(length);
  });
});
