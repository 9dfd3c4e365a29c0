import { describe, expect, it } from "vitest";
import { createHomie } from "../../../agent/profile/homie.ts";
import type { ProfileEffect } from "../../../agent/profile/profile.ts";
import type { Words } from "../../../agent/profile/registry.ts";
import { rule } from "../../../agent/profile/rule.ts";
import { HomieController } from "../../twin/homie.ts";
import { configOf } from "../core/fixture.ts";
import { profileWorld, publications } from "./fixture.ts";

// The numbers are those of docs/contracts.mjs; the convention itself has none.

const base = "homie/5/pinbus-1";
type Parts = Parameters<typeof configOf>[0];
const everything: Parts = {
  inputs: { porch: {}, door: { kind: "switch" }, meter: { kind: "counter", per_unit: 1000, unit: "kWh" }, knob: { kind: "encoder" } },
  outputs: { lamp: { name: "Lamp" }, gate: { pulse: { default: 500, max: null } } },
  pwm: { fan: { kind: "fan" }, arm: { kind: "servo" } },
  sensors: { tent: {} },
  rules: { dawn: rule([{ input: "porch", gesture: "press" }], [{ output: "lamp", set: "toggle" }]) },
};
const quantities = () => [
  { name: "temperature", unit: "°C" },
  { name: "dew_point", unit: "°C" },
  { name: "door", unit: null },
];

/** The device, the core behind it, and a controller that hears it. */
function homie(parts: Parts = everything) {
  const disk = new Map<string, Words>();
  const controller = new HomieController();
  const world = profileWorld(() => createHomie({ base, quantities, announced: disk }), configOf(parts));
  const take = (effects: readonly ProfileEffect[]) => {
    for (const effect of effects) {
      if (effect.type === "keep" && effect.value === null) disk.delete(effect.id);
      else if (effect.type === "keep") disk.set(effect.id, effect.value as Words);
      else if (effect.type === "publish") controller.hear(effect.publication);
    }
    return effects;
  };
  const say = (state: string) => controller.hear({ topic: `${base}/$state`, payload: state, qos: 1, retain: true });
  return {
    ...world,
    controller,
    disk,
    device: () => controller.devices.get("pinbus-1"),
    value: (path: string) => controller.devices.get("pinbus-1")?.values.get(path),
    /** As its connection does it: all of it, then that it is ready. */
    connect(at = 0) {
      const effects = take(world.step({ type: "birth", at }));
      say("ready");
      return publications(effects);
    },
    /** Something happens in the core, and what is published then is told. */
    tell(act: () => void) {
      const { published } = world.core();
      const from = published.length;
      act();
      const watched = new Set(world.watches());
      const said = published.slice(from).filter(({ topic }) => watched.has(topic));
      return publications(take(world.step({ type: "told", said, at: 0 })));
    },
    change: (after: Parts) => take(world.reconfigure(configOf(after))),
    set: (path: string, payload: string, retain = false) => take(world.heard(`${base}/${path}/set`, payload, { retain })),
    delivered: (topic: string) => take(world.step({ type: "delivered", topic, payload: "" })),
  };
}
const commands = (effects: readonly ProfileEffect[]) =>
  effects.flatMap((effect) => (effect.type === "command" ? [[effect.output, effect.message.payload, effect.message.retain]] : []));

describe("a device of Homie", () => {
  it("homie 1, 4 and 5: describes everything that is configured, and a controller objects to nothing", () => {
    const world = homie();
    world.connect();
    expect(world.controller.objections).toEqual([]);
    const nodes = world.device()?.description?.nodes ?? {};
    const described = Object.entries(nodes).flatMap(([node, { properties = {} }]) =>
      Object.entries(properties).map(([name, { datatype, format, unit, settable, retained }]) =>
        [`${node}/${name}`, datatype, format, unit, settable && "set", retained === false && "event"].filter(Boolean).join(" "),
      ),
    );
    expect(described).toEqual([
      "in-porch/state boolean off,on",
      "in-porch/event enum press_end,long_press_start,long_press_end event",
      "in-door/state boolean off,on",
      "in-meter/total float kWh",
      "in-meter/pulses integer",
      "in-meter/rate float kWh/h",
      "in-knob/position integer",
      "in-knob/event enum rotate_right,rotate_left event",
      "out-lamp/state boolean off,on set",
      "out-gate/state boolean off,on set",
      "pwm-fan/level integer 0:100 % set",
      "pwm-arm/level integer 0:2000 µs set",
      "sensor-tent/temperature float °C",
      "sensor-tent/dew-point float °C",
      "sensor-tent/door string",
      "rule-dawn/enabled boolean off,on set",
    ]);
    expect(nodes["out-lamp"]?.name).toBe("Lamp");
  });

  it("homie 3: says init, its description and then its values; ready is not said before", () => {
    const [first, second, ...rest] = homie().connect();
    expect([first?.topic, first?.payload, second?.topic]).toEqual([`${base}/$state`, "init", `${base}/$description`]);
    expect(rest.some(({ topic }) => topic.includes("$state"))).toBe(false);
  });

  it("homie 2: everything is retained with QoS 1, but for events, which have QoS 0", () => {
    const world = homie();
    expect(world.connect().every(({ qos, retain }) => qos === 1 && retain)).toBe(true);
    world.tell(() => world.core().press("porch", 100, 400));
    expect(world.device()?.events).toEqual(["in-porch/event press_end"]);
    expect(world.controller.objections).toEqual([]);
  });

  it("homie 4: says what was seen, in the words of the convention", () => {
    const world = homie();
    world.connect();
    const { core, value, tell } = world;
    tell(() => core().control("lamp", "ON"));
    expect(value("out-lamp/state")).toBe("true");
    tell(() => core().control("lamp", "OFF"));
    expect(value("out-lamp/state")).toBe("false");
    tell(() => core().setLevel("fan", 40.4));
    expect(value("pwm-fan/level")).toBe("40");
    tell(() => core().measure("tent", { temperature: 1e21, dew_point: 2.5e-7, door: "" }));
    expect([value("sensor-tent/temperature"), value("sensor-tent/dew-point"), value("sensor-tent/door")]).toEqual(["1e21", "2.5e-7", "\0"]);
    tell(() => core().rule("dawn", "OFF"));
    expect(value("rule-dawn/enabled")).toBe("false");
    expect(world.controller.objections).toEqual([]);
  });

  it("homie 4: several clicks are an event of their own for each number", () => {
    const world = homie({ inputs: { porch: { events: ["multi_press"] } } });
    world.connect();
    world.tell(() => {
      for (let click = 0; click < 3; click++) world.core().press("porch", 60, 60);
      world.core().advance(400);
    });
    expect(world.device()?.events.at(-1)).toBe("in-porch/event multi_press_end_3");
    expect(world.controller.objections).toEqual([]);
  });

  it("homie 8: a value that does not hold is taken away, with an alert that says why, until there is one again", () => {
    const world = homie();
    world.connect();
    const { core, value, tell } = world;
    tell(() => core().reading("tent", 21.5));
    expect(value("sensor-tent/temperature")).toBe("21.5");
    tell(() => core().reading("tent", "the bus is silent"));
    expect([value("sensor-tent/temperature"), world.device()?.alerts.get("sensor-tent")]).toEqual([
      undefined,
      expect.stringContaining("the bus is silent"),
    ]);
    tell(() => core().loseOutput("lamp"));
    expect([value("out-lamp/state"), world.device()?.alerts.get("out-lamp")]).toEqual([undefined, "the chip is gone"]);
    tell(() => core().reading("tent", 22));
    tell(() => core().returnOutput("lamp"));
    expect([value("sensor-tent/temperature"), value("out-lamp/state"), world.device()?.alerts.size]).toEqual(["22", "false", 0]);
  });

  it("homie 8: what an earlier run has left is told as it is now after a connect, alerts too", () => {
    const world = homie();
    world.connect();
    world.tell(() => world.core().reading("tent", 21.5));
    world.restart();
    world.core().reading("tent", "the bus is silent");
    world.connect();
    expect(world.value("sensor-tent/temperature")).toBeUndefined();
    expect([...(world.device()?.alerts.keys() ?? [])]).toEqual(["sensor-tent"]);
  });
});

describe("what a controller sets", () => {
  it.each([
    ["out-lamp/state", "true", ["lamp", '{"state":"ON","cause":"homie"}', false]],
    ["out-lamp/state", "false", ["lamp", '{"state":"OFF","cause":"homie"}', false]],
    ["out-gate/state", "true", ["gate", '{"state":"PULSE","cause":"homie"}', false]],
    ["pwm-fan/level", "40", ["fan", '{"value":40,"cause":"homie"}', false]],
    ["pwm-arm/level", "1500", ["arm", '{"pulse_us":1500,"cause":"homie"}', false]],
    ["out-lamp/state", "TRUE", ["lamp", "not true or false", false]],
    ["out-lamp/state", '{"state":"ON"}', ["lamp", "not true or false", false]],
    ["pwm-fan/level", "40.5", ["fan", "no whole number", false]],
  ])("homie 6: %s %s is a command to its output", (path, payload, command) => {
    expect(commands(homie().set(path, payload))).toEqual([command]);
  });

  it("homie 6: a rule is enabled and disabled", () => {
    expect(homie().set("rule-dawn/enabled", "false")).toMatchObject([{ type: "commandRule", rule: "dawn", message: { payload: "OFF" } }]);
  });

  it("homie 6: hears the sets of what is settable, and nothing else", () => {
    expect(homie().topics()).toEqual(
      ["out-lamp/state", "out-gate/state", "pwm-fan/level", "pwm-arm/level", "rule-dawn/enabled"].map((path) => ({
        topic: `${base}/${path}/set`,
        retained: false,
        commands: true,
      })),
    );
  });

  it("homie 6: what is so already is said again, so that who has set it sees it", () => {
    const world = homie();
    world.connect();
    expect(publications(world.set("out-lamp/state", "false"))).toMatchObject([{ topic: `${base}/out-lamp/state`, payload: "false" }]);
    expect(publications(world.set("out-lamp/state", "true"))).toEqual([]);
  });

  it("homie 2: a retained set keeps its flag, for which the output refuses it; an empty one is none", () => {
    const world = homie();
    expect(commands(world.set("out-lamp/state", "true", true))).toEqual([["lamp", '{"state":"ON","cause":"homie"}', true]]);
    expect(world.core().mqtt("lamp", '{"state":"ON","cause":"homie"}', { retain: true })).toMatchObject({ ok: false, reason: "retained" });
    expect(world.set("out-lamp/state", "", true)).toEqual([]);
  });
});

describe("the description", () => {
  const version = (world: ReturnType<typeof homie>) => world.device()?.description?.version ?? 0;

  it("homie 5: keeps its version over a restart, and has a higher one when it has changed", () => {
    const world = homie({ outputs: { lamp: {} } });
    world.connect();
    const first = version(world);
    world.restart();
    world.connect(5000);
    expect(version(world)).toBe(first);
    world.change({ outputs: { lamp: {}, fan: {} } });
    world.connect(5000);
    expect(version(world)).toBeGreaterThan(first);
    expect(world.controller.objections).toEqual([]);
  });

  it("homie 5: has a higher version also when the state folder was lost", () => {
    const world = homie({ outputs: { lamp: {} } });
    world.connect(60_000);
    const first = version(world);
    world.disk.clear();
    world.restart();
    world.change({ outputs: { fan: {} } });
    world.connect(120_000);
    expect(version(world)).toBeGreaterThan(first);
  });

  it("homie 5: is told anew behind init when a reload has changed it, and only then", () => {
    const world = homie({ outputs: { lamp: {} } });
    world.connect();
    expect(world.change({ outputs: { lamp: { max_on: 5000 } } })).toEqual([]);
    expect(world.change({ outputs: { lamp: { name: "Ceiling" } } })).toEqual([{ type: "tellAll" }]);
  });

  it("homie 7: what is not configured any more is emptied at each connect until the broker has taken that", () => {
    const world = homie({ outputs: { lamp: {}, fan: {} } });
    world.connect();
    world.restart();
    world.change({ outputs: { lamp: {} } });
    const gone = [`${base}/out-fan/state`, `${base}/$alert/out-fan`];
    const emptied = () =>
      world
        .connect()
        .filter(({ topic, payload }) => payload === "" && topic.includes("fan"))
        .map(({ topic }) => topic)
        .sort();
    expect(emptied()).toEqual([...gone].sort());
    world.step({ type: "offline", at: 0 });
    expect(emptied()).toEqual([...gone].sort());
    for (const topic of gone) world.delivered(topic);
    expect(emptied()).toEqual([]);
    expect(world.controller.objections).toEqual([]);
  });

  it("homie 7: what is configured again before the broker has taken its end is still known", () => {
    const world = homie({ outputs: { lamp: {}, fan: {} } });
    world.connect();
    world.change({ outputs: { lamp: {} } });
    world.connect();
    world.change({ outputs: { lamp: {}, fan: {} } });
    world.connect();
    world.delivered(`${base}/out-fan/state`);
    expect(world.disk.has(`${base}/out-fan/state`)).toBe(true);
  });

  it("homie 7: a device that has another id now is removed, its state first", () => {
    const before = homie({ outputs: { lamp: {} } });
    before.connect();
    const after = createHomie({ base: "homie/5/other", quantities, announced: before.disk });
    const core = before.core();
    const sent = publications(after.step({ config: core.config, plan: core.plan, state: core.state }, { type: "birth", at: 0 }));
    expect(sent.slice(0, 2)).toMatchObject([
      { topic: `${base}/$state`, payload: "" },
      { topic: `${base}/$description`, payload: "" },
    ]);
    for (const { topic, payload, qos, retain } of sent) before.controller.hear({ topic, payload, qos, retain });
    expect([...before.controller.devices.keys()]).toEqual(["other"]);
    expect(before.controller.objections).toEqual([]);
  });
});
