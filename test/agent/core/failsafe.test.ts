import { describe, expect, it } from "vitest";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

function pump(what: "off" | "on" | "keep" = "off", more = {}): World {
  return new World(
    configOf({
      inputs: { porch: {} },
      outputs: { pump: { on_broker_lost: { after: 30 * second, do: what }, ...more }, lamp: {} },
      rules: { press: when("porch press", ["pump", "toggle"]) },
    }),
  );
}

function online(what: "off" | "on" | "keep" = "off", more = {}): World {
  const world = pump(what, more);
  world.link(true);
  world.advance(60 * second);
  return world;
}

describe("on_broker_lost", () => {
  it("switches so long after the link went offline, with its own cause, and other outputs stay", () => {
    const world = online();
    world.mqtt("pump", "ON");
    world.mqtt("lamp", "ON");
    world.link(false);
    world.advance(30 * second - 1);
    expect(world.isOn("pump")).toBe(true);
    world.advance(1);
    expect([world.isOn("pump"), world.isOn("lamp")]).toEqual([false, true]);
    expect(world.outputState("pump").cause).toEqual({ kind: "failsafe", text: "broker lost", detail: "for 30 s" });
  });

  it("counts from the first moment offline: news that it still is do not start anew", () => {
    const world = online();
    world.mqtt("pump", "ON");
    world.link(false);
    for (let count = 0; count < 5; count++) {
      world.advance(5 * second);
      world.link(false);
    }
    world.advance(5 * second);
    expect(world.isOn("pump")).toBe(false);
  });

  it("counts from the start when the broker never was there", () => {
    const world = pump();
    world.control("pump", "ON");
    world.advance(30 * second);
    expect(world.moves).toEqual(["pump on 1000", "pump off 31000"]);
  });

  it("does nothing when the broker comes back in time, and moves nothing back when it comes later", () => {
    const world = online();
    world.mqtt("pump", "ON");
    world.link(false);
    world.advance(29 * second);
    world.link(true);
    world.advance(100 * second);
    expect(world.isOn("pump")).toBe(true);
    world.link(false);
    world.advance(40 * second);
    world.link(true);
    world.advance(100 * second);
    expect(world.isOn("pump")).toBe(false);
    expect(world.timers.size).toBe(0);
  });

  it("leaves the button its right: once for each loss", () => {
    const world = online();
    world.link(false);
    world.advance(40 * second);
    world.press("porch", 100);
    world.advance(100 * second);
    expect(world.isOn("pump")).toBe(true);
  });

  it("ends a pulse, is not held up by min_on, and is tried again until the line takes it", () => {
    const world = online("off", { min_on: 600 * second });
    world.mqtt("pump", '{"state":"PULSE","for_ms":3600000}');
    world.link(false);
    world.breakOutput("pump", true);
    world.advance(40 * second);
    world.breakOutput("pump", false);
    world.advance(2 * second);
    expect(world.isOn("pump")).toBe(false);
    expect(world.outputState("pump").cause.kind).toBe("failsafe");
    expect(world.timers.size).toBe(0);
  });

  it("on: switches on, for max_on at most, not before min_off and not when it is locked", () => {
    const world = online("on", { max_on: 10 * second, min_off: 25 * second });
    world.mqtt("pump", "ON");
    world.link(false);
    world.advance(15 * second);
    world.control("pump", "OFF");
    world.advance(200 * second);
    expect(world.moves).toEqual(["pump on 61000", "pump off 71000", "pump on 96000", "pump off 106000"]);
    const locked = online("on");
    locked.lock("pump", true);
    locked.link(false);
    locked.advance(100 * second);
    expect(locked.isOn("pump")).toBe(false);
    expect(locked.outputState("pump").history.at(-1)).toMatchObject({ state: "REFUSED", cause: { kind: "failsafe" } });
  });

  it("off: ends an ON that waits for its dead time", () => {
    const lost = { after: 5 * second, do: "off" as const };
    const world = new World(
      configOf({
        outputs: { up: { interlock: "gate", on_broker_lost: lost }, down: { interlock: "gate" } },
        interlocks: { gate: { dead_time: 10 * second, mode: "switch" } },
      }),
    );
    world.control("up", "ON");
    world.advance(60 * second);
    expect(world.moves).toEqual([]);
    expect(world.answers.at(-1)).toMatchObject({ verdict: { ok: false, reason: "cancelled" } });
  });

  it("keep: does nothing", () => {
    const world = online("keep");
    world.mqtt("pump", "ON");
    world.link(false);
    world.advance(100 * second);
    expect(world.isOn("pump")).toBe(true);
  });

  it("holds for a chip that comes back later: it is requested in that state", () => {
    const world = online("off", { on_start: "on" });
    world.link(false);
    world.loseOutput("pump");
    world.advance(100 * second);
    const { length } = world.wires;
    world.returnOutput("pump");
    world.advance(second);
    expect(world.wires.slice(length)).toEqual([]);
    expect(world.isOn("pump")).toBe(false);
  });

  it("holds for a chip that comes back before", () => {
    const world = online("off", { on_start: "on" });
    world.link(false);
    world.loseOutput("pump");
    world.advance(20 * second);
    world.returnOutput("pump");
    expect(world.isOn("pump")).toBe(true);
    world.advance(10 * second);
    expect(world.isOn("pump")).toBe(false);
  });

  it("is over with the stop", () => {
    const world = online("on");
    world.link(false);
    world.dispatch({ type: "stop-requested", at: world.now });
    world.advance(100 * second);
    expect(world.isOn("pump")).toBe(false);
  });

  it("does not care for the wall clock", () => {
    const world = online();
    world.mqtt("pump", "ON");
    world.link(false);
    world.dispatch({ type: "clock-read", offset: 1e12, set: true, at: world.now });
    world.advance(29 * second);
    expect(world.isOn("pump")).toBe(true);
    world.dispatch({ type: "clock-read", offset: -1e12, set: false, at: world.now });
    world.advance(second);
    expect(world.isOn("pump")).toBe(false);
  });
});
