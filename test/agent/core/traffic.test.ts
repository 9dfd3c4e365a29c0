import { describe, expect, it } from "vitest";
import { configOf } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
const two = () => new World(configOf({ outputs: { gate: {}, lamp: {} } }));
const movesOf = (world: World, id: string) => world.moves.filter((move) => move.startsWith(`${id} `));

// The faults of mqtt-io, to the millisecond; test/agent/command/traffic.test.ts shows them on real brokers.
describe("crossing traffic", () => {
  it("a gate pulsed for 300 ms while a lamp is switched every 20 ms: both do what was asked (fault 1)", () => {
    const world = two();
    world.mqtt("gate", '{"state":"PULSE","for_ms":300}');
    for (let count = 0; count < 50; count++) {
      world.mqtt("lamp", count % 2 === 0 ? "ON" : "OFF");
      world.advance(20);
    }
    expect(movesOf(world, "gate")).toEqual(["gate on 1000", "gate off 1300"]);
    expect(movesOf(world, "lamp")).toHaveLength(50);
    world.advance(10 * second);
    expect([world.isOn("gate"), world.isOn("lamp")]).toEqual([false, false]);
  });

  it("a command to the neighbour during a pulse does not switch the pulsed one on again (fault 1)", () => {
    const world = two();
    world.mqtt("lamp", "ON");
    world.mqtt("gate", '{"state":"PULSE","for_ms":300}');
    world.advance(100);
    world.mqtt("lamp", "OFF");
    world.advance(10 * second);
    expect(movesOf(world, "gate")).toEqual(["gate on 1000", "gate off 1300"]);
    expect([world.isOn("gate"), world.isOn("lamp")]).toEqual([false, false]);
  });

  it("a pulse triggered again ends once, its length after the last one, and says how long it has left (fault 2)", () => {
    const world = two();
    for (let count = 0; count < 5; count++) {
      world.mqtt("gate", '{"state":"PULSE","for_ms":300}');
      world.mqtt("lamp", '{"state":"PULSE","for_ms":50}');
      expect(world.attr("gate").until).toBe(new Date(world.now + 300).toISOString());
      world.advance(200);
    }
    world.advance(10 * second);
    expect(movesOf(world, "gate")).toEqual(["gate on 1000", "gate off 2100"]);
    expect(world.payloads("pinbus/garage/out/gate/state")).toEqual(["OFF", "ON", "OFF"]);
  });

  it("a write that fails on one output holds up no pulse of another (fault 3)", () => {
    const world = two();
    world.mqtt("lamp", "ON");
    world.breakOutput("lamp", true);
    world.mqtt("gate", '{"state":"PULSE","for_ms":300}');
    for (let count = 0; count < 20; count++) {
      world.mqtt("lamp", "OFF");
      world.advance(20);
    }
    expect(movesOf(world, "gate")).toEqual(["gate on 1000", "gate off 1300"]);
  });

  it("states come out in the order of the writes, 1,000 commands a second, and the last one is right (fault 4)", () => {
    const world = two();
    const words: string[] = [];
    for (let count = 0; count < 5000; count++) {
      const word = (count * 7919) % 3 === 0 ? "OFF" : "ON";
      words.push(word);
      world.mqtt("lamp", word);
      world.advance(1);
    }
    const states = world.payloads("pinbus/garage/out/lamp/state");
    const changes = ["OFF", ...words].filter((word, index, all) => word !== all[index - 1]);
    expect(states).toEqual(changes);
    expect(states.at(-1)).toBe(world.isOn("lamp") ? "ON" : "OFF");
    expect(world.isOn("lamp")).toBe(words.at(-1) === "ON");
    expect(world.outputState("lamp").history).toHaveLength(32);
    expect(world.timers.size).toBe(0);
  });

  it("an over-long payload among them is refused, and moves nothing", () => {
    const world = two();
    world.mqtt("lamp", "ON");
    expect(world.mqtt("lamp", `{"state":"OFF","cause":"${"x".repeat(100_000)}"}`)).toMatchObject({ ok: false, reason: "malformed" });
    expect(world.isOn("lamp")).toBe(true);
  });

  it("the sender's reason stands in the cause", () => {
    const world = two();
    world.mqtt("lamp", '{"state":"ON","cause":"it rains","id":"a-1"}');
    expect(world.attr("lamp")).toMatchObject({ cause: "mqtt", detail: "it rains, id a-1" });
  });
});
