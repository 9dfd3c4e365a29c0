import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createMistbuddies } from "../../../agent/profile/mistbuddy.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";
import { buddy, light, onoff, second, tent } from "./mist-tent.ts";

describe("MistBuddy of 2025", () => {
  it("growbuddy 4.2 and 4.6: asks for the light and mists for exactly so many seconds in each minute until it is stopped", () => {
    const bus = tent();
    bus.mists(5);
    bus.advance(61 * second);
    bus.mists(0);
    bus.advance(3600 * second);
    expect(bus.wires.filter((line) => line.includes("mister"))).toEqual([
      "0 mister on",
      "5000 mister off",
      "60000 mister on",
      "61000 mister off",
    ]);
    expect(bus.questions()).toBe(2);
  });

  it("growbuddy 4.1 and 4.2 and 4.4: says the same as the controller in the recording, but for the plugs, which are its own outputs", () => {
    const recording = readFileSync(new URL("../../twin/recordings/mistbuddy-wire.txt", import.meta.url), "utf8");
    const lines = [...recording.matchAll(/^(\d+\.\d+) r0 q0 ([^=]+)=\[(.*)\]$/gm)].map(([, time, topic, payload]) => ({
      at: Number(time) * 1000,
      topic: topic ?? "",
      payload: payload ?? "",
    }));
    const [began = 0] = lines.map(({ at }) => at);
    const bus = tent();
    const from = bus.said.length;
    for (const { at, topic, payload } of lines)
      if (topic === onoff) {
        bus.advance(Math.round(at - began) - bus.now);
        bus.mists(payload);
      }
    bus.advance(second);
    const plug = /^cmnd\/tent_one\/mistbuddy_1\/(fan|mister)\//;
    expect(bus.told("", from)).toEqual(lines.flatMap(({ topic, payload }) => (plug.test(topic) ? [] : `${topic}=${payload}`)));
    // Its OFF and ON are there, too: as levels of its own lines, the ON as soon as the light has answered.
    expect(bus.wires).toEqual(["0 fan on", "0 mister on", "4007 fan off", "4007 mister off", "7015 fan on", "7015 mister on"]);
  });

  it.each([
    ["0", "stops", true],
    ["-3", "stops", true],
    [" 0\n", "stops", true],
    ["60", "is refused, and stops", true],
    ["99999999999999999999", "is refused, and stops", true],
    ["5.5", "is ignored", false],
    ["on", "is ignored", false],
    ["5 s", "is ignored", false],
    ["NaN", "is ignored", false],
    ["", "is how a retained command is cleared, and ignored", false],
  ])("growbuddy 4: while it mists, %j %s", (payload, _, stops) => {
    const bus = tent();
    bus.mists(20);
    bus.advance(3 * second);
    bus.mists(payload);
    expect(bus.isOn("mister")).toBe(!stops);
    bus.advance(60 * second);
    expect(bus.questions()).toBe(stops ? 1 : 2);
  });

  it("growbuddy 4.1: 59 s are the most, and a new command begins anew with OFF", () => {
    const bus = tent();
    bus.mists(59);
    bus.advance(10 * second);
    bus.mists(30);
    bus.advance(45 * second);
    expect(bus.wires.filter((line) => line.includes("mister"))).toEqual([
      "0 mister on",
      "10000 mister off",
      "10000 mister on",
      "40000 mister off",
    ]);
  });

  it.each([
    ["says that it is dark", (bus: ReturnType<typeof tent>) => bus.say(`stat/${light}/RESULT`, '{"Mem1":"0"}')],
    ["says something else", (bus: ReturnType<typeof tent>) => bus.say(`stat/${light}/RESULT`, '{"Mem1":"on"}')],
    ["cannot be read", (bus: ReturnType<typeof tent>) => bus.say(`stat/${light}/RESULT`, '{"Mem1":"1"')],
    ["tells of its relay", (bus: ReturnType<typeof tent>) => bus.say(`stat/${light}/RESULT`, '{"POWER":"ON"}')],
    ["does not answer", () => {}],
    [
      "answers after half a second",
      (bus: ReturnType<typeof tent>) => {
        bus.advance(501);
        bus.say(`stat/${light}/RESULT`, '{"Mem1":"1"}');
      },
    ],
  ])("growbuddy 4.3: does not mist in a round in which the light %s, and asks again in the next one", (_, answer) => {
    const bus = tent({ a0: null });
    bus.mists(5);
    answer(bus);
    bus.advance(60 * second - bus.now);
    expect(bus.wires).toEqual([]);
    expect(bus.questions()).toBe(2);
    bus.say(`stat/${light}/RESULT`, '{"Mem1":"1"}');
    expect(bus.wires).toEqual(["60000 fan on", "60000 mister on"]);
  });

  it("growbuddy 7.1: ignores a retained command, which would mist at each start", () => {
    const bus = tent();
    bus.say(onoff, "5", true);
    bus.mists(0);
    const wires = bus.wires.length;
    bus.broker(false);
    bus.broker(true);
    bus.advance(120 * second);
    expect(bus.wires).toHaveLength(wires);
  });

  it.each([
    ["what was asked for", {}, "one: fan 5 s, mister 5 s, each minute"],
    ["its min_on", { mister: { min_on: 12 * second } }, "one: fan 5 s, mister 12 s, each minute"],
    ["its max_on", { fan: { max_on: 4 * second } }, "one: fan 4 s, mister 5 s, each minute"],
    [
      "the longest pulse that it may have",
      { mister: { pulse: { default: null, max: 3 * second } } },
      "one: fan 5 s, mister 3 s, each minute",
    ],
  ])("growbuddy 7.5: says how long each output is really on: %s", (_, outputs, message) => {
    const bus = tent({ outputs: { fan: {}, mister: {}, ...outputs } });
    bus.mists(5);
    expect(bus.logs).toContain(`mistbuddy ${message}`);
    bus.advance(30 * second);
    for (const output of ["fan", "mister"]) {
      const [on = 0, off = 0] = bus.wires.flatMap((line) => (line.includes(output) ? Number.parseInt(line, 10) : []));
      expect(message).toContain(`${output} ${(off - on) / second} s`);
    }
  });
});

describe("MistBuddy of 2025, when nobody is there any more", () => {
  it("stops when nobody has asked for mist for `silence`; each command begins it anew", () => {
    const bus = tent({ more: { silence: 10 * 60 * second } });
    bus.mists(5);
    bus.advance(9 * 60 * second);
    bus.mists(5);
    bus.advance(10 * 60 * second - 1);
    const questions = bus.questions();
    bus.advance(3600 * second);
    expect(bus.questions()).toBe(questions);
    expect(bus.logs.at(-1)).toBe("mistbuddy one: stopped, nobody has asked for mist for long");
  });

  it("does not mist without a broker, goes on after a short break, and stops after a long one", () => {
    const bus = tent();
    bus.mists(30);
    bus.advance(second);
    bus.broker(false);
    bus.advance(100 * second);
    expect(bus.wires).toEqual(["0 fan on", "0 mister on", "30000 fan off", "30000 mister off"]);
    bus.broker(true);
    bus.advance(20 * second);
    expect(bus.isOn("mister")).toBe(true);
    bus.broker(false);
    bus.advance(121 * second);
    bus.broker(true);
    bus.advance(600 * second);
    expect(bus.isOn("mister")).toBe(false);
    expect(bus.logs.at(-1)).toBe("mistbuddy one: stopped, the broker is lost");
  });

  it("goes on after a long break when it is told to", () => {
    const bus = tent({ more: { on_broker_lost: { after: 0, do: "keep" } } });
    bus.mists(30);
    bus.broker(false);
    bus.advance(3600 * second);
    bus.broker(true);
    bus.advance(61 * second);
    expect(bus.wires.filter((line) => line.endsWith("mister on"))).toHaveLength(2);
  });

  it("does not mist after a restart until it is told to", () => {
    const bus = tent();
    bus.mists(30);
    bus.advance(second);
    bus.die(false);
    bus.advance(3 * second);
    bus.revive();
    bus.advance(3600 * second);
    expect(bus.wires.filter((line) => line.endsWith(" on"))).toEqual([]);
    expect(bus.isOn("mister")).toBe(false);
  });
});

describe("MistBuddy of 2025, and who wishes it ill", () => {
  it("starts a few times a second and warns a few times a minute; a stop always counts", () => {
    const bus = tent();
    for (let count = 0; count < 1000; count++) bus.mists(20);
    expect(bus.questions()).toBeLessThan(10);
    for (let count = 0; count < 1000; count++) bus.mists("x".repeat(count));
    expect(bus.logs.length).toBeLessThan(10);
    bus.mists(0);
    expect(bus.isOn("mister")).toBe(false);
  });

  it("takes no answer that was retained", () => {
    const world = profileWorld(createMistbuddies, configOf({ outputs: { fan: {}, mister: {} }, mistbuddy: { one: buddy } }));
    world.step({ type: "birth", at: 0 });
    world.heard(onoff, "20");
    expect(world.heard(`stat/${light}/RESULT`, '{"Mem1":"1"}', { retain: true })).toEqual([]);
  });

  it("takes no answer that it did not ask for", () => {
    const bus = tent({ a0: null });
    bus.say(`stat/${light}/RESULT`, '{"Mem1":"1"}');
    expect(bus.wires).toEqual([]);
  });
});

it("growbuddy 4.2 and 7.1: asks with QoS 1, and never with retain", () => {
  const world = profileWorld(createMistbuddies, configOf({ outputs: { fan: {}, mister: {} }, mistbuddy: { one: buddy } }));
  world.step({ type: "birth", at: 0 });
  expect(publications(world.heard(onoff, "20"))).toEqual([{ topic: `cmnd/${light}/Mem1`, payload: "", qos: 1, retain: false }]);
});

it("a reload that changes it stops it, and switches off what it has switched", () => {
  const config = configOf({ outputs: { fan: {}, mister: {} }, mistbuddy: { one: buddy } });
  const world = profileWorld(createMistbuddies, config);
  world.step({ type: "birth", at: 0 });
  world.heard(onoff, "20");
  expect(world.reconfigure({ ...config })).toEqual([]);
  const outputs = (effects: ReturnType<typeof world.step>) => effects.flatMap((effect) => (effect.type === "command" ? effect.output : []));
  expect(outputs(world.reconfigure({ ...config, mistbuddy: {} }))).toEqual(["fan", "mister"]);
  expect(world.step({ type: "timer-due", key: "round one", at: 60_000 })).toEqual([]);
});
