import { describe, expect, it } from "vitest";
import { lineChanges } from "../../../agent/core/reload.ts";
import type { ActionConfig, ConditionConfig, ControllerConfig, RuleConfig, TriggerConfig } from "../../../config/schema.ts";
import { configOf, controller, rule } from "./fixture.ts";
import { World } from "./world.ts";

// What a rule or a controller has switched on goes off, whatever happens meanwhile: a refusal, a reload, a broker that is away.

type Parts = Parameters<typeof configOf>[0];
type Step = Partial<ActionConfig>;
const minute = 60_000;
const dry: Partial<TriggerConfig> = { sensor: "tent.humidity", below: 55, hysteresis: 3 };
const on: Step = { output: "mister", set: "on" };
const off: Step = { output: "mister", set: "off" };
const base: Parts = { outputs: { mister: {}, alarm: {}, fan: {} }, sensors: { tent: { stale_after: 3 * minute } } };

function started(parts: Parts): World {
  const world = new World(configOf({ ...base, ...parts }));
  world.link(true);
  world.dispatch({ type: "started", held: false, at: world.now });
  return world;
}

/** The mister by humidity, off when that is stale. */
function mist(more: Parameters<typeof rule>[2] = {}, actions: Step[] = [on], when = dry): RuleConfig {
  return rule([when], actions, { else: [off], on_stale: "else", on_broker_lost: "none", ...more });
}

describe("a list of actions", () => {
  it("is done to its end when an output refuses one of them", () => {
    const world = started({ rules: { mist: mist({ else: [{ output: "alarm", set: "off" }, off] }) } });
    world.measure("tent", { humidity: 50 });
    world.lock("alarm", true);
    world.measure("tent", { humidity: 70 });
    expect(world.isOn("mister")).toBe(false);
  });
});

describe("a rule on a value", () => {
  it("tries again to switch off what refused it while the broker is lost", () => {
    const world = started({ outputs: { mister: { min_on: 5 * minute } }, rules: { mist: mist({ on_broker_lost: "else" }) } });
    world.measure("tent", { humidity: 50 });
    world.advance(minute);
    world.link(false);
    world.advance(5 * minute);
    expect(world.isOn("mister")).toBe(false);
  });

  it.each([
    ["is over", 60],
    ["has become stale", null],
  ])("lets an OFF that waits be done when the value %s and nothing else is said", (_, humidity) => {
    const rules = { mist: mist({ else: [], on_stale: "none" }, [on, { ...off, after: 20_000 }]) };
    const world = started({ rules, sensors: { tent: { stale_after: 5000 } } });
    world.measure("tent", { humidity: 50 });
    if (humidity !== null) world.measure("tent", { humidity });
    world.advance(minute);
    expect(world.isOn("mister")).toBe(false);
  });

  it("looks at its gate as it is now when what starts it is derived from the same reading", () => {
    const and: Partial<ConditionConfig>[] = [{ sensor: "tent.humidity", below: 80 }];
    const warm = { sensor: "warmth", above: 24 };
    const world = started({
      derive: { warmth: { mean: "tent.temperature", window: 1000 } },
      rules: { mist: mist({ and, min_on: minute }, [on], warm) },
    });
    world.measure("tent", { temperature: 20, humidity: 50 });
    world.advance(minute);
    world.measure("tent", { temperature: 30, humidity: 90 });
    expect(world.isOn("mister")).toBe(false);
  });

  it.each<[string, Record<string, RuleConfig>]>([
    ["is removed", {}],
    ["switches something else now", { mist: mist({ else: [{ output: "fan", set: "off" }] }, [{ output: "fan", set: "on" }]) }],
  ])("leaves nothing on that it has switched on when a reload says that it %s", (_, rules) => {
    const world = started({ rules: { mist: mist() } });
    world.measure("tent", { humidity: 50 });
    expect(world.isOn("mister")).toBe(true);
    world.reload(configOf({ ...base, rules }));
    world.advance(minute);
    expect(world.isOn("mister")).toBe(false);
  });

  it.each<[string, (world: World) => void]>([
    [
      "changed",
      (world) => world.reload(configOf({ ...base, rules: { mist: mist({ on_broker_lost: "else" }, [on], { ...dry, below: 56 }) } })),
    ],
    [
      "disabled and enabled again",
      (world) => {
        world.rule("mist", "OFF");
        world.rule("mist", "ON");
      },
    ],
  ])("stays off while the broker is lost, also when it is %s", (_, happens) => {
    const world = started({ rules: { mist: mist({ on_broker_lost: "else" }) } });
    world.measure("tent", { humidity: 50 });
    world.link(false);
    happens(world);
    world.advance(1000);
    world.measure("tent", { humidity: 50 });
    expect(world.isOn("mister")).toBe(false);
  });

  it("is over when its least time is, also where it repeats what it does", () => {
    const world = started({ rules: { mist: mist({ repeat: 30_000, min_on: minute }) } });
    world.measure("tent", { humidity: 50 });
    world.advance(95_000);
    world.measure("tent", { humidity: 70 });
    world.advance(minute);
    expect(world.isOn("mister")).toBe(false);
  });
});

describe("a controller", () => {
  const held = { sensor: "tent.humidity", effect: "raise", output: "mister", setpoint: 58, hysteresis: 4 } as const;

  it("is not held off for ever when a reload takes on_broker_lost away while the broker is lost", () => {
    const with_ = (lost: ControllerConfig["on_broker_lost"]) => ({ mist: controller({ ...held, on_broker_lost: lost }) });
    const world = started({ controllers: with_({ after: 30_000, do: "off" }) });
    world.measure("tent", { humidity: 50 });
    world.link(false);
    world.advance(40_000);
    expect(world.isOn("mister")).toBe(false);
    world.reload(configOf({ ...base, controllers: with_(null) }));
    world.link(true);
    world.measure("tent", { humidity: 40 });
    expect(world.isOn("mister")).toBe(true);
  });

  it("does not switch on again what max_on has ended", () => {
    const world = started({ outputs: { mister: { max_on: 5 * minute } }, controllers: { mist: controller(held) } });
    for (let reading = 0; reading < 60; reading++) {
      world.measure("tent", { humidity: 40 });
      world.advance(10_000);
    }
    expect(world.isOn("mister")).toBe(false);
  });
});

describe("a PWM", () => {
  it("that was to fade to off goes off although a step of the fade failed", () => {
    const world = started({ pwm: { lamp: { fade: 5000 } } });
    world.setLevel("lamp", 100, 0);
    world.control("lamp", "OFF");
    world.advance(1000);
    world.breakOutput("lamp", true);
    world.advance(200);
    world.breakOutput("lamp", false);
    world.advance(minute);
    expect(world.state.outputs.at(-1)).toMatchObject({ level: 0, written: false });
  });

  it("that fades to off when the agent stops goes off, although it keeps its state", () => {
    const world = started({ pwm: { lamp: { fade: 20_000, on_exit: "keep" } } });
    world.setLevel("lamp", 100, 0);
    world.control("lamp", "OFF");
    world.advance(1000);
    world.dispatch({ type: "stop-requested", at: world.now });
    expect(world.state.outputs.at(-1)).toMatchObject({ level: 0, written: false });
  });
});

it("a line that was an output and is a PWM now is let go of and requested anew, and the other way round", () => {
  const [relay, dimmer] = [configOf({ outputs: { lamp: {} } }), configOf({ pwm: { lamp: {} } })];
  const sets = { leaving: new Set(["lamp"]), anew: new Set(["lamp"]) };
  expect(lineChanges(relay, dimmer, () => true)).toEqual(sets);
  expect(lineChanges(dimmer, relay, () => true)).toEqual(sets);
});
