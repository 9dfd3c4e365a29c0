import { describe, expect, it } from "vitest";
import { planOf } from "../../../agent/core/plan.ts";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const told = { driver: "topic", topic: "tent/SENSOR", path: null } as const;
const one = (value: number) => [{ name: "value", value, unit: null }];

function started(config: ReturnType<typeof configOf>) {
  const world = new World(config);
  world.dispatch({ type: "started", held: false, at: world.now });
  world.link(true);
  return world;
}

describe("a sensor whose device says whether it is there", () => {
  const availability = { topic: "tent/LWT", online: "Online", offline: "Offline" };
  const config = configOf({ sensors: { tent: { ...told, availability, stale_after: 60_000 } } });
  const says = (world: World, online: boolean) => world.dispatch({ type: "peer-changed", peer: 0, online, at: world.now });

  it("growbuddy 6f: is stale at once when that is gone, and back with the next reading, not with the word that it is there", () => {
    const world = started(config);
    world.readings("tent", one(55));
    says(world, false);
    expect(world.sensor("tent")).toMatchObject({ quality: "stale", reason: "tent/LWT says that it is gone", values: [{ value: 55 }] });
    expect(world.state.sensors[0]?.stale).toBe(true);
    says(world, true);
    expect(world.sensor("tent").quality).toBe("stale");
    world.readings("tent", one(56));
    expect(world.sensor("tent").quality).toBe("ok");
  });

  it("is stale when that is gone before it said anything", () => {
    const world = started(config);
    says(world, false);
    expect(world.sensor("tent")).toMatchObject({ quality: "stale", values: null });
  });

  it("growbuddy 6f: is stale after its time without any word, and says so", () => {
    const world = started(config);
    world.readings("tent", one(55));
    world.advance(60_000);
    expect(world.sensor("tent")).toMatchObject({ quality: "stale", reason: "no reading for 60 s" });
  });

  it("shares that with a peer of the same words, and may name one", () => {
    const peers = { plug: { topic: "tent/LWT" } };
    const both = { tent: { ...told, availability }, other: { ...told, availability: { peer: "plug" } } };
    const plan = planOf(configOf({ peers, sensors: both }));
    expect(plan.peers.map(({ id }) => id)).toEqual(["plug"]);
    expect(plan.sensors.map(({ peer }) => peer)).toEqual([0, 0]);
  });

  it("is stale when its peer falls silent", () => {
    const peers = { plug: { topic: "tent/LWT", stale_after: 10_000 } };
    const world = started(configOf({ peers, sensors: { tent: { ...told, availability: { peer: "plug" }, stale_after: 60_000 } } }));
    says(world, true);
    world.readings("tent", one(55));
    world.advance(10_000);
    expect(world.sensor("tent")).toMatchObject({ quality: "stale", reason: "peer plug is stale" });
  });
});

it("a reading that is older than the last one is not taken, and one holds from when it was measured", () => {
  const world = started(configOf({ sensors: { tent: { ...told, stale_after: 60_000 } } }));
  world.advance(100_000);
  world.readings("tent", one(55), { measured: world.now - 20_000 });
  world.readings("tent", one(54), { measured: world.now - 30_000 });
  expect(world.sensor("tent").values).toMatchObject([{ value: 55 }]);
  world.advance(40_000);
  expect(world.sensor("tent").quality).toBe("stale");
});
