import { describe, expect, it } from "vitest";
import { createCovers } from "../../../agent/profile/covers.ts";
import type { ProfileEffect } from "../../../agent/profile/profile.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";

const config = configOf({
  outputs: {
    up: { interlock: "blind" },
    down: { interlock: "blind" },
    opens: { interlock: "gate", pulse: 500 },
    closes: { interlock: "gate", pulse: 500 },
  },
  interlocks: { blind: { dead_time: 300, mode: "switch" }, gate: { dead_time: 300, mode: "switch" } },
  covers: { blind: { open: "up", close: "down" }, gate: { open: "opens", close: "closes" } },
});
const P = "pinbus/garage";
const covers = () => profileWorld(createCovers, config);
const commands = (effects: readonly ProfileEffect[]) =>
  effects.map((effect) => (effect.type === "command" ? `${effect.output} ${effect.message.payload}` : effect.type));

describe("a cover", () => {
  it("listens to its commands, and watches its outputs", () => {
    const world = covers();
    expect(world.topics()).toEqual([
      { topic: `${P}/cover/blind/set`, retained: false, commands: true },
      { topic: `${P}/cover/gate/set`, retained: false, commands: true },
    ]);
    expect(world.watches()).toEqual(["up", "down", "opens", "closes"].map((id) => `${P}/out/${id}/state`));
  });

  it.each([
    ["blind", "OPEN", ["up ON"]],
    ["blind", "close", ["down ON"]],
    ["blind", "STOP", ["up OFF", "down OFF"]],
    ["gate", "OPEN", ["opens PULSE"]],
    ["gate", "STOP", ["opens OFF", "closes OFF"]],
    ["blind", '{"state":"OPEN","id":"7","ts":12}', ['up {"id":"7","ts":12,"state":"ON"}']],
    ["blind", "", []],
  ])("makes commands to its outputs of what it is told: %s %s", (id, payload, expected) => {
    expect(commands(covers().heard(`${P}/cover/${id}/set`, payload))).toEqual(expected);
  });

  it("lets an output judge a retained command", () => {
    const [effect] = covers().heard(`${P}/cover/blind/set`, "OPEN", { retain: true });
    expect(effect).toMatchObject({ type: "command", output: "up", message: { payload: "ON", retain: true } });
  });

  it.each(["UP", "{", '{"state":5}', "[]", "x".repeat(4096)])("answers what is no command, without repeating it: %s", (payload) => {
    const effects = covers().heard(`${P}/cover/blind/set`, payload);
    expect(publications(effects)).toEqual([
      {
        topic: `${P}/cover/blind/result`,
        payload: '{"id":null,"ok":false,"reason":"malformed","message":"not OPEN, CLOSE or STOP"}',
        qos: 1,
        retain: false,
      },
    ]);
  });

  it("says what its outputs were seen to do, once for each change", () => {
    const world = covers();
    const told = () => publications(world.step({ type: "told", said: [], at: 0 })).map(({ topic, payload }) => `${topic} ${payload}`);
    expect(publications(world.step({ type: "birth", at: 0 }))).toEqual(
      ["blind", "gate"].map((id) => ({ topic: `${P}/cover/${id}/state`, payload: "stopped", qos: 1, retain: true })),
    );
    world.core().advance(300);
    const seen: string[][] = [];
    for (const act of [
      () => world.core().control("up", "ON"),
      () => {},
      () => world.core().control("down", "ON"),
      () => world.core().advance(300),
      () => world.core().control("down", "OFF"),
      () => world.core().loseOutput("up"),
    ]) {
      act();
      seen.push(told());
    }
    expect(seen.map((one) => one.map((line) => line.split(" ")[1]))).toEqual([
      ["opening"],
      [],
      ["stopped"],
      ["closing"],
      ["stopped"],
      ["UNKNOWN"],
    ]);
  });

  it("clears its state when it is no longer configured", () => {
    const world = covers();
    world.step({ type: "birth", at: 0 });
    const { gate: _, ...rest } = config.covers;
    expect(world.reconfigure({ ...config, covers: rest })).toEqual([{ type: "clear", topic: `${P}/cover/gate/state` }]);
  });
});
