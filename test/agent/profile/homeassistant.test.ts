import { describe, expect, it } from "vitest";
import type { Component } from "../../../agent/profile/component.ts";
import type { Document } from "../../../agent/profile/discovery.ts";
import { type Announced, createHomeassistant } from "../../../agent/profile/homeassistant.ts";
import type { ProfileEffect } from "../../../agent/profile/profile.ts";
import type { Config } from "../../../config/schema.ts";
import { objectionsTo } from "../../twin/homeassistant-schema.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";

const topic = "homeassistant/device/pinbus-1/config";
const on: Config["homeassistant"] = { ...configOf({}).homeassistant, discovery: "true" };
const lampAndFan = configOf({ outputs: { lamp: {}, fan: {} }, homeassistant: on });
const lampAlone = configOf({ outputs: { lamp: {} }, homeassistant: on });

/** The profile with what it keeps on disk, and what it knows from outside. */
function discovering(config: Config) {
  const disk = new Map<string, Announced>();
  const outside = { largest: 100_000, random: 0.25, model: undefined as string | undefined };
  const world = profileWorld(
    () =>
      createHomeassistant({
        identity: () => ({ uid: "pinbus-1", version: "1.0.0", model: outside.model, quantities: () => [] }),
        largest: () => outside.largest,
        random: () => outside.random,
        announced: disk,
      }),
    config,
  );
  const keep = (effects: readonly ProfileEffect[]) => {
    for (const effect of effects) {
      if (effect.type !== "keep") continue;
      if (effect.value === null) disk.delete(effect.id);
      else disk.set(effect.id, effect.value);
    }
    return publications(effects);
  };
  return {
    ...world,
    disk,
    outside,
    birth: (at = 0) => keep(world.step({ type: "birth", at })),
    change: (after: Config) => keep(world.reconfigure(after)),
    learn: () => keep(world.step({ type: "changed", at: 0 })),
    /** The broker has taken all of these. */
    deliver(sent: readonly { topic: string; payload: string }[]) {
      for (const { topic, payload } of sent) keep(world.step({ type: "delivered", topic, payload }));
    },
  };
}
const componentsIn = (payload = "{}") => (JSON.parse(payload) as Document).components as Record<string, Component>;
const timerOf = (effects: readonly ProfileEffect[]) => effects.flatMap((effect) => (effect.type === "startTimer" ? effect.at : []));

describe("what is announced", () => {
  it("home-assistant 1.1: is one retained message with QoS 1, with every component", () => {
    const [sent, ...others] = discovering(lampAndFan).birth();
    expect(sent).toMatchObject({ topic, qos: 1, retain: true });
    expect(others).toEqual([]);
    expect(objectionsTo(sent?.payload ?? "")).toEqual([]);
    expect(Object.keys(componentsIn(sent?.payload)).slice(0, 2)).toEqual(["out_lamp", "out_fan"]);
  });

  it("is nothing while discovery is off, and nothing is listened to", () => {
    const off = discovering(configOf({ outputs: { lamp: {} } }));
    expect([off.birth(), off.topics()]).toEqual([[], []]);
  });

  it("is told anew when more is known of the machine, and only then", () => {
    const world = discovering(lampAlone);
    world.birth();
    expect(world.learn()).toEqual([]);
    world.outside.model = "Raspberry Pi 5 Model B Rev 1.0";
    expect(JSON.parse(world.learn()[0]?.payload ?? "").device).toMatchObject({ model: "Raspberry Pi 5 Model B Rev 1.0" });
  });

  it("home-assistant 1.6: is two messages when one is too large for the broker, and the one of before is taken back first", () => {
    const world = discovering(lampAndFan);
    const whole = world.birth();
    world.deliver(whole);
    world.outside.largest = whole[0]?.payload.length ?? 0;
    const parts = world.birth();
    expect(parts.map(({ topic, payload }) => [topic, payload === ""])).toEqual([
      [topic, true],
      ["homeassistant/device/pinbus-1-io/config", false],
      ["homeassistant/device/pinbus-1-sys/config", false],
    ]);
    world.deliver(parts);
    world.outside.largest = 100_000;
    expect(world.birth().map(({ topic, payload }) => [topic, payload === ""])).toEqual([
      ["homeassistant/device/pinbus-1-io/config", true],
      ["homeassistant/device/pinbus-1-sys/config", true],
      [topic, false],
    ]);
  });

  it("home-assistant 1.6: is not sent when even a part is too large, and the log says so", () => {
    const world = discovering(lampAndFan);
    world.outside.largest = 700;
    const effects = world.step({ type: "birth", at: 0 });
    expect(publications(effects)).toEqual([]);
    expect(effects[0]).toMatchObject({
      type: "log",
      level: "error",
      message: expect.stringMatching(/would have \d+ bytes, and the broker takes 700/),
    });
  });
});

describe("home-assistant 1.7: what is not there any more", () => {
  it("is sent once with its platform and nothing else, and then left out", () => {
    const world = discovering(lampAndFan);
    world.deliver(world.birth());
    const sent = world.change(lampAlone);
    expect(componentsIn(sent[0]?.payload)).toMatchObject({ out_fan: { platform: "switch" }, out_lamp: { unique_id: "pinbus-1_out_lamp" } });
    expect(Object.keys(componentsIn(sent[0]?.payload).out_fan ?? {})).toEqual(["platform"]);
    expect(objectionsTo(sent[0]?.payload ?? "")).toEqual([]);
    world.deliver(sent);
    expect(componentsIn(world.birth()[0]?.payload)).not.toHaveProperty("out_fan");
  });

  it("is sent until the broker has taken it", () => {
    const world = discovering(lampAndFan);
    world.deliver(world.birth());
    world.change(lampAlone);
    expect(componentsIn(world.birth()[0]?.payload).out_fan).toEqual({ platform: "switch" });
  });

  it("is sent when it went while the agent did not run", () => {
    const world = discovering(lampAndFan);
    world.deliver(world.birth());
    world.restart();
    world.change(lampAlone);
    expect(componentsIn(world.birth()[0]?.payload).out_fan).toEqual({ platform: "switch" });
  });

  it("is sent with another key when an output becomes something else", () => {
    const world = discovering(lampAlone);
    world.deliver(world.birth());
    const light = configOf({ outputs: { lamp: { homeassistant: { as: "light", name: null, device_class: null } } }, homeassistant: on });
    expect(componentsIn(world.change(light)[0]?.payload)).toMatchObject({
      out_lamp: { platform: "switch" },
      out_lamp_light: { platform: "light", unique_id: "pinbus-1_out_lamp_light" },
    });
  });

  it("is the device when discovery is switched off, which is forgotten when the broker has taken it", () => {
    const world = discovering(lampAlone);
    world.deliver(world.birth());
    const sent = world.change(configOf({ outputs: { lamp: {} } }));
    expect(sent).toEqual([{ topic, payload: "", qos: 1, retain: true }]);
    expect(world.disk.size).toBe(1);
    world.deliver(sent);
    expect(world.disk.size).toBe(0);
    expect(world.birth()).toEqual([]);
  });

  it("is the device below another prefix", () => {
    const world = discovering(lampAlone);
    world.deliver(world.birth());
    const moved = world.change({ ...lampAlone, homeassistant: { ...on, prefix: "ha" } });
    expect(moved.map((one) => [one.topic, one.payload === ""])).toEqual([
      [topic, true],
      ["ha/device/pinbus-1/config", false],
    ]);
  });

  it("is not what only has another name", () => {
    const world = discovering(lampAlone);
    world.deliver(world.birth());
    const [sent] = world.change({ ...lampAlone, node: "shed" });
    expect(sent?.topic).toBe(topic);
    expect(Object.values(componentsIn(sent?.payload)).every(({ unique_id }) => unique_id !== undefined)).toBe(true);
  });
});

describe("home-assistant 1.2: after the birth of Home Assistant everything is told again", () => {
  const status = "homeassistant/status";

  it.each([
    [0, 100_000],
    [0.25, 102_500],
    [0.999, 109_990],
  ])("after a random time of at most 10 s (%d)", (random, due) => {
    const world = discovering(lampAlone);
    world.birth(0);
    world.outside.random = random;
    expect(timerOf(world.heard(status, "online", { at: 100_000 }))).toEqual([due]);
    expect(world.step({ type: "timer-due", key: "birth", at: due })).toContainEqual({ type: "tellAll" });
  });

  it("once for a storm of births, and not more often than every 10 s", () => {
    const world = discovering(lampAlone);
    world.outside.random = 0;
    world.birth(0);
    let told = 0;
    let due: number | undefined;
    for (let at = 20_000; at <= 50_000; at += 100) {
      if (due !== undefined && at >= due) {
        world.step({ type: "timer-due", key: "birth", at });
        world.birth(at);
        told++;
        due = undefined;
      }
      due = timerOf(world.heard(status, "online", { at }))[0] ?? due;
    }
    expect(told).toBe(3);
  });

  it("not for one that was retained: at the connect everything was told anyway", () => {
    const world = discovering(lampAlone);
    world.birth(0);
    expect(world.heard(status, "online", { retain: true, at: 50 })).toEqual([]);
    expect(world.topics()).toEqual([{ topic: status, retained: false }]);
  });

  it("not for its end, nor for anything else that is said there", () => {
    const world = discovering(lampAlone);
    expect(["offline", "", "ONLINE", "online ", "x".repeat(4096)].flatMap((payload) => world.heard(status, payload))).toEqual([]);
  });

  it("not after the connection has ended: the next connect tells everything", () => {
    const world = discovering(lampAlone);
    world.heard(status, "online", { at: 100_000 });
    expect(world.step({ type: "offline", at: 101_000 })).toEqual([{ type: "stopTimer", key: "birth" }]);
  });

  it("on the topic that is configured", () => {
    const world = discovering({ ...lampAlone, homeassistant: { ...on, prefix: "ha", status: "hub/birth" } });
    expect(world.topics()).toEqual([{ topic: "hub/birth", retained: false }]);
  });
});
