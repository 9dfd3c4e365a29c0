import { describe, expect, it } from "vitest";
import type { ControllerConfig } from "../../../config/schema.ts";
import { configOf, controller, rule } from "./fixture.ts";
import { World } from "./world.ts";

// The controllers of GrowBuddy, written for pinbus, with the figures of its code: vpdBuddy of 2022 and MistBuddy of 2023.

const sensors = { air: { stale_after: 180_000 }, lamp: { stale_after: 180_000 } };
const plug = (name: string) => ({
  arm: [`cmnd/${name}/PulseTime`, "200"] as [string, string],
  on: [`cmnd/${name}/POWER`, "ON"] as [string, string],
  off: [`cmnd/${name}/POWER`, "OFF"] as [string, string],
});

function world(parts: Parameters<typeof configOf>[0]): World {
  const test = new World(configOf({ sensors, ...parts }));
  test.link(true);
  test.dispatch({ type: "started", held: false, at: test.now });
  return test;
}

/** What was sent to the plugs, with the second after the start: `0 vaporbuddy_fan/POWER ON`. */
const sent = (test: World) =>
  test.published.flatMap(({ topic, payload, at, retain }) =>
    topic.startsWith("cmnd/") ? [`${(at - 1000) / 1000} ${topic.slice(5)} ${payload}${retain ? " retained" : ""}`] : [],
  );

describe("vpdBuddy 2022", () => {
  const [fan, mister] = [plug("vaporbuddy_fan"), plug("vaporbuddy_mister")];
  const vpdbuddy: ControllerConfig = controller({
    sensor: "air.vpd",
    effect: "lower",
    setpoint: 0.8,
    pid: { kp: 43, ki: 0.1, kd: 0.1 },
    output_in: "seconds",
    output_max: 30,
    cycle: 60_000,
    on: [fan.on, mister.on],
    off: [mister.off, fan.off],
    on_broker_lost: { after: 30_000, do: "off" },
  });

  it("growbuddy 6d: is on for 43 s for each kPa too much, up to 30 s in a minute", () => {
    const test = world({ controllers: { vpdbuddy } });
    test.measure("air", { vpd: 1.2 });
    test.advance(59_000);
    expect(sent(test)).toEqual([
      "0 vaporbuddy_fan/POWER ON",
      "0 vaporbuddy_mister/POWER ON",
      "17.2 vaporbuddy_mister/POWER OFF",
      "17.2 vaporbuddy_fan/POWER OFF",
    ]);
    test.measure("air", { vpd: 2 });
    test.advance(31_000);
    expect(sent(test).slice(4)).toEqual([
      "60 vaporbuddy_fan/POWER ON",
      "60 vaporbuddy_mister/POWER ON",
      "90 vaporbuddy_mister/POWER OFF",
      "90 vaporbuddy_fan/POWER OFF",
    ]);
    test.measure("air", { vpd: 0.5 });
    test.advance(90_000);
    expect(test.controlled("vpdbuddy")).toMatchObject({ output: 0, on: false });
    expect(sent(test)).toHaveLength(8);
  });
});

describe("MistBuddy 2023", () => {
  const mister = plug("mistbuddy_mister");
  const mistbuddy = controller({
    sensor: "air.vpd",
    effect: "lower",
    setpoint: 1,
    pid: { kp: 100, ki: 0.8, kd: 5 },
    output_in: "seconds",
    output_max: 50,
    cycle: 60_000,
    on: [mister.arm, mister.on],
    off: [mister.off],
    and: [{ sensor: "lamp.light", above: 500 }],
    on_broker_lost: { after: 30_000, do: "off" },
  });

  it("growbuddy 6e and 6g: mists up to 50 s in a minute while there is light, with the plug's own end armed before each ON", () => {
    const test = world({ controllers: { mistbuddy } });
    test.measure("lamp", { light: 499 });
    test.measure("air", { vpd: 1.3 });
    test.advance(10_000);
    expect(sent(test)).toEqual(["0 mistbuddy_mister/POWER OFF"]);
    test.measure("lamp", { light: 501 });
    test.advance(59_000);
    expect(sent(test).slice(1)).toEqual([
      "10 mistbuddy_mister/PulseTime 200",
      "10 mistbuddy_mister/POWER ON",
      "40 mistbuddy_mister/POWER OFF",
    ]);
    test.measure("air", { vpd: 3 });
    test.advance(20_000);
    test.measure("lamp", { light: 100 });
    expect(sent(test).slice(4)).toEqual([
      "70 mistbuddy_mister/PulseTime 200",
      "70 mistbuddy_mister/POWER ON",
      "89 mistbuddy_mister/POWER OFF",
    ]);
  });
});

describe("a rule for a mister at a plug", () => {
  const [mister] = [plug("mister")];
  const publish = ([topic, payload]: [string, string]) => ({ publish: topic, payload });
  const simple = rule([{ sensor: "air.humidity", below: 55, hysteresis: 3 }], [publish(mister.arm), publish(mister.on)], {
    and: [{ sensor: "lamp.light", above: 500 }],
    else: [publish(mister.off)],
    on_stale: "else",
    on_broker_lost: "none",
    min_off: 120_000,
    repeat: 70_000,
  });

  it("growbuddy 6d and 6e and 6f and 6g: hysteresis, a minimum off time, the light as a gate, off when stale, PulseTime before each ON", () => {
    const test = world({ rules: { simple } });
    const each = (humidity: number, light: number) => {
      test.measure("lamp", { light });
      test.measure("air", { humidity });
      test.advance(60_000);
    };
    each(60, 600);
    each(54, 600);
    each(54, 600);
    each(54, 600);
    each(58, 600);
    each(54, 400);
    each(54, 600);
    each(54, 600);
    test.advance(300_000);
    expect(sent(test)).toEqual([
      "0 mister/POWER OFF",
      "120 mister/PulseTime 200",
      "120 mister/POWER ON",
      "190 mister/PulseTime 200",
      "190 mister/POWER ON",
      "240 mister/POWER OFF",
      "360 mister/PulseTime 200",
      "360 mister/POWER ON",
      "430 mister/PulseTime 200",
      "430 mister/POWER ON",
      "500 mister/PulseTime 200",
      "500 mister/POWER ON",
      "570 mister/PulseTime 200",
      "570 mister/POWER ON",
      "600 mister/POWER OFF",
    ]);
  });
});
