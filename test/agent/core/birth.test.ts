import { describe, expect, it } from "vitest";
import { birthOf } from "../../../agent/core/birth.ts";
import { healthOf } from "../../../agent/core/health.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const config = configOf({ inputs: { porch: {} }, outputs: { lamp: {}, fan: { max_on: 5000 } } });

describe("home-assistant 4: what the broker is told after each connect", () => {
  it("is the newest of every retained topic, and nothing else", () => {
    const world = new World(config);
    world.control("lamp", "ON");
    world.control("fan", "PULSE", 300);
    world.press("porch", 100, 1000);
    world.loseOutput("lamp");
    const newest = new Map(world.published.filter(({ retain }) => retain).map(({ topic, payload }) => [topic, payload]));
    const birth = birthOf(world.plan, world.state);
    expect(new Map(birth.map(({ topic, payload }) => [topic, payload]))).toEqual(newest);
    expect(birth.every(({ retain }) => retain)).toBe(true);
    expect(birth.map(({ topic }) => topic)).toHaveLength(newest.size);
  });
});

describe("health", () => {
  const online = (world: World) => world.dispatch({ type: "link-changed", online: true, problem: null, at: world.now });
  it("is degraded while nobody can see the agent, ok when the broker is there", () => {
    const world = new World(config);
    world.dispatch({ type: "link-changed", online: false, problem: "connection refused", at: world.now });
    expect(healthOf(world.plan, world.state)).toEqual({ health: "degraded", problems: ["connection refused"] });
    online(world);
    expect(healthOf(world.plan, world.state)).toEqual({ health: "ok", problems: [] });
  });

  it("is failing while a line or a listener does not work, says each, and grows a version with every change", () => {
    const world = new World(config);
    online(world);
    const versions = [world.state.healthVersion];
    world.loseOutput("lamp");
    versions.push(world.state.healthVersion);
    world.dispatch({ type: "input-lost", input: 0, problem: "the line is busy", at: world.now });
    versions.push(world.state.healthVersion);
    world.dispatch({ type: "broker-changed", problems: ["port 1883 is taken"], at: world.now });
    versions.push(world.state.healthVersion);
    expect(healthOf(world.plan, world.state)).toEqual({
      health: "failing",
      problems: ["input porch: the line is busy", "output lamp: the chip is gone", "port 1883 is taken"],
    });
    world.returnOutput("lamp");
    versions.push(world.state.healthVersion);
    world.dispatch({ type: "level-read", input: 0, active: false, at: world.now, why: "chip" });
    versions.push(world.state.healthVersion);
    world.dispatch({ type: "broker-changed", problems: [], at: world.now });
    versions.push(world.state.healthVersion);
    expect(healthOf(world.plan, world.state).health).toBe("ok");
    expect([...new Set(versions)].sort((a, b) => a - b)).toEqual(versions);
  });
});
