import { describe, expect, it } from "vitest";
import { createMqttio } from "../../../agent/profile/mqttio.ts";
import type { ProfileEffect, World as Seen } from "../../../agent/profile/profile.ts";
import { configOf } from "../core/fixture.ts";
import { World } from "../core/world.ts";

type Parts = NonNullable<Parameters<typeof configOf>[0]["mqttio"]>;

const things = {
  inputs: { door: {}, bell: {} },
  outputs: { pump: {}, lamp: {}, valve: { max_on: 2000 } },
  sensors: { tent: {} },
};
const usual: Parts = {
  prefix: "home/garage",
  inputs: [
    { name: "front door", input: "door", on: "open", off: "closed", retain: "true" },
    { name: "bell", input: "bell", tells: "on" },
  ],
  outputs: [
    { name: "Pump", output: "pump", on: "1", off: "0", timed_set: 500 },
    { name: "lamp", output: "lamp", retain: "true", retained: "accept" },
    { name: "valve", output: "valve" },
  ],
  sensors: [{ name: "temp", sensor: "tent.temperature", digits: 1 }],
};

/** The profile beside a core in virtual time, as `agent/profiles.ts` has it: what it publishes, as `topic payload`, with `!` when it is retained. */
function scene(mqttio: Parts = usual) {
  const config = configOf({ ...things, mqttio });
  const core = new World(config);
  const profile = createMqttio();
  const seen = (): Seen => ({ config, plan: core.plan, state: core.state });
  const timers = new Map<string, number>();
  let said: string[] = [];
  const logs: string[] = [];
  const perform = (effects: readonly ProfileEffect[]) => {
    for (const effect of effects) {
      if (effect.type === "publish") {
        const { topic, payload, retain } = effect.publication;
        said.push(`${topic} ${payload}${retain ? " !" : ""}`);
      } else if (effect.type === "command") core.mqtt(effect.output, effect.message.payload, { retain: effect.message.retain });
      else if (effect.type === "startTimer") timers.set(effect.key, effect.at);
      else if (effect.type === "stopTimer") timers.delete(effect.key);
      else if (effect.type === "log") logs.push(effect.message);
    }
  };
  core.turned = (event, effects) => {
    if (event.type === "output-written") {
      const { output, active, request, at } = event;
      perform(profile.written?.(seen(), { output: core.plan.outputs[output]?.id ?? "", active, cause: request.cause, at }) ?? []);
    }
    const watched = profile.watches(seen());
    const said = effects.flatMap((effect) =>
      effect.type === "publish" && watched.includes(effect.topic) ? { topic: effect.topic, payload: effect.payload } : [],
    );
    if (said.length > 0) perform(profile.step(seen(), { type: "told", said, at: event.at }));
  };
  const take = () => {
    const all = said.map((line) => line.replace(/^home\/garage\//, ""));
    said = [];
    return all;
  };
  return {
    core,
    logs,
    take,
    topics: () => profile.topics(seen()),
    birth() {
      perform(profile.step(seen(), { type: "birth", at: core.now }));
      return take();
    },
    offline: () => perform(profile.step(seen(), { type: "offline", at: core.now })),
    send(topic: string, payload: string, retain = false) {
      const message = { topic: `home/garage/${topic}`, payload, retain, responseTopic: null, correlationData: null };
      perform(profile.step(seen(), { type: "heard", message, at: core.now }));
      return take();
    },
    advance(ms: number) {
      const end = core.now + ms;
      for (;;) {
        const [key, at] = [...timers].sort((a, b) => a[1] - b[1])[0] ?? [];
        if (key === undefined || at === undefined || at > end) break;
        timers.delete(key);
        core.advance(Math.max(0, at - core.now));
        perform(profile.step(seen(), { type: "timer-due", key, at }));
      }
      core.advance(end - core.now);
      return take();
    },
  };
}

describe("mqtt-io: topics", () => {
  it("listens to set, set_on_ms and set_off_ms of each output; to what is retained only where that is accepted", () => {
    const all = ["Pump", "lamp", "valve"].flatMap((name) => ["set", "set_on_ms", "set_off_ms"].map((end) => `${name}/${end}`));
    expect(scene().topics()).toEqual(
      all.map((end) => ({ topic: `home/garage/output/${end}`, retained: end === "lamp/set", commands: true })),
    );
  });

  it("has topics that begin with a slash without a prefix, as mqtt-io has", () => {
    const { topics, birth } = scene({ inputs: [{ name: "door", input: "door" }], outputs: [{ name: "pump", output: "pump" }] });
    expect(topics()[0]?.topic).toBe("/output/pump/set");
    expect(birth()).toEqual(["/input/door OFF", "/output/pump OFF"]);
  });
});

describe("mqtt-io: what is told", () => {
  it("tells every state after the first connect, then changes alone; after another connect what is retained, and what has changed", () => {
    const { core, birth, offline, take } = scene();
    expect(birth()).toEqual(["input/front door closed !", "output/Pump 0", "output/lamp OFF !", "output/valve OFF"]);
    core.edge("door", true);
    core.advance(20);
    core.control("lamp", "ON");
    expect(take()).toEqual(["input/front door open !", "output/lamp ON !"]);
    offline();
    core.control("valve", "ON");
    expect(take()).toEqual([]);
    expect(birth()).toEqual(["input/front door open !", "output/lamp ON !", "output/valve ON"]);
  });

  it("tells of an input with one edge that edge each time, and nothing at the start", () => {
    const { core, birth, take } = scene();
    expect(birth().join()).not.toContain("bell");
    core.press("bell", 100);
    core.press("bell", 100);
    expect(take()).toEqual(["input/bell ON", "input/bell ON"]);
  });

  it("tells each reading with its digits, the same value too, and none that does not hold", () => {
    const { core, birth, take } = scene();
    birth();
    core.measure("tent", { temperature: 21.449, humidity: 55 });
    core.advance(1000);
    core.measure("tent", { temperature: 21.449, humidity: 56 });
    core.advance(1000);
    core.reading("tent", "CRC error");
    expect(take()).toEqual(["sensor/temp 21.4", "sensor/temp 21.4"]);
  });

  it("tells a retained reading again after a connect only while it holds", () => {
    const { core, birth, offline } = scene({ ...usual, sensors: [{ name: "temp", sensor: "tent", scale: 10, retain: "true" }] });
    core.measure("tent", { temperature: 21 });
    expect(birth()).toContain("sensor/temp 210.00 !");
    offline();
    expect(birth()).toContain("sensor/temp 210.00 !");
    offline();
    core.reading("tent", "CRC error");
    expect(birth().join()).not.toContain("sensor/temp");
  });
});

describe("mqtt-io: commands", () => {
  it("answers each command with the state, also one that changes nothing", () => {
    const { birth, send } = scene();
    birth();
    expect([send("output/valve/set", "ON"), send("output/valve/set", "ON"), send("output/valve/set", "OFF")]).toEqual([
      ["output/valve ON"],
      ["output/valve ON"],
      ["output/valve OFF"],
    ]);
  });

  it.each([
    ["another case", "output/valve/set", "on"],
    ["a word of pinbus", "output/valve/set", "TOGGLE"],
    ["JSON", "output/valve/set", '{"state":"ON"}'],
    ["the payload of another output", "output/valve/set", "1"],
    ["an empty message", "output/valve/set", ""],
    ["a time that is none", "output/valve/set_on_ms", "soon"],
    ["a time below 0", "output/valve/set_on_ms", "-5"],
    ["no time", "output/valve/set_off_ms", "0"],
    ["more than a day", "output/valve/set_on_ms", "86400001"],
    ["an unknown output", "output/heater/set", "ON"],
  ])("takes the payloads of its output alone: %s", (_, topic, payload) => {
    const { birth, send, core } = scene();
    birth();
    expect(send(topic, payload)).toEqual([]);
    expect(core.moves).toEqual([]);
  });

  it("tells of payloads that nobody understands a few times, without repeating them", () => {
    const { birth, send, logs } = scene();
    birth();
    for (let index = 0; index < 100; index++) send("output/valve/set", "\u001b[2Jboo");
    expect(logs).toEqual(Array(3).fill("mqtt-io: output valve: a payload on `set` is neither its on nor its off; it was ignored"));
  });

  it("ends what timed_set and set_on_ms have switched on; the contract of the output ends it sooner", () => {
    const { birth, send, advance, core } = scene();
    birth();
    send("output/Pump/set", "1");
    send("output/lamp/set_on_ms", "1500.4");
    send("output/valve/set_on_ms", "9000");
    expect(advance(10_000)).toEqual(["output/Pump 0", "output/lamp OFF !", "output/valve OFF"]);
    expect(core.moves).toEqual(["pump on 1000", "lamp on 1000", "valve on 1000", "pump off 1500", "lamp off 2500", "valve off 3000"]);
  });

  it("switches on again after set_off_ms, also what was off", () => {
    const { birth, send, advance } = scene();
    birth();
    expect(send("output/lamp/set_off_ms", "300")).toEqual(["output/lamp OFF !"]);
    expect(advance(299)).toEqual([]);
    expect(advance(1)).toEqual(["output/lamp ON !"]);
  });

  it.each([
    ["somebody else switches it off once more", (core: World) => core.control("lamp", "OFF")],
    ["it was switched on meanwhile, and off again", (core: World) => [core.control("lamp", "ON"), core.control("lamp", "OFF")]],
    ["it was locked", (core: World) => core.lock("lamp", true)],
  ])("leaves it off after set_off_ms when %s", (_, meanwhile) => {
    const { birth, send, advance, core } = scene();
    birth();
    core.control("lamp", "ON");
    send("output/lamp/set_off_ms", "300");
    advance(100);
    meanwhile(core);
    advance(1000);
    expect(core.isOn("lamp")).toBe(false);
  });

  it.each([
    ["for two plugs", ["pump 500", "lamp 300"], ["pump", "lamp"]],
    ["twice for one", ["lamp 500", "lamp 300"], ["lamp", "lamp"]],
    ["and then something else for another one", ["lamp 500", "pump"], ["lamp"]],
  ])("switches on again after set_off_ms %s, when plugs answer later", (_, commands, written) => {
    const config = configOf({
      ...things,
      mqttio: {
        ...usual,
        outputs: [
          { name: "pump", output: "pump" },
          { name: "lamp", output: "lamp" },
        ],
      },
    });
    const { plan, state } = new World(config);
    const world = { config, plan, state };
    const profile = createMqttio();
    for (const command of commands) {
      const [name, payload = "ON"] = command.split(" ");
      const topic = `home/garage/output/${name}/${payload === "ON" ? "set" : "set_off_ms"}`;
      profile.step(world, { type: "heard", message: { topic, payload, retain: false, responseTopic: null, correlationData: null }, at: 0 });
    }
    const cause = { kind: "mqtt", text: "mqtt", detail: "mqtt-io set_off_ms" } as const;
    const timers = new Set<string>();
    for (const output of written)
      for (const effect of profile.written?.(world, { output, active: false, cause, at: 0 }) ?? []) {
        if (effect.type === "startTimer") timers.add(effect.key);
        else if (effect.type === "stopTimer") timers.delete(effect.key);
      }
    expect([...timers]).toEqual([...new Set(written)]);
  });

  it("does not switch on after a set_off_ms that was refused", () => {
    const { birth, send, advance, core } = scene();
    birth();
    core.lock("lamp", true);
    send("output/lamp/set_off_ms", "300");
    core.lock("lamp", false);
    advance(1000);
    expect(core.moves).toEqual([]);
  });

  it("lets an output refuse a retained command, except where it is accepted; a retained time is never accepted", () => {
    const { birth, send, advance, core } = scene();
    birth();
    send("output/valve/set", "ON", true);
    send("output/lamp/set_on_ms", "500", true);
    send("output/lamp/set_off_ms", "500", true);
    advance(1000);
    expect(core.moves).toEqual([]);
    expect(core.answers.map(({ verdict }) => (verdict.ok ? "ok" : verdict.reason))).toEqual(["retained", "retained", "retained"]);
    expect(send("output/lamp/set", "ON", true)).toEqual(["output/lamp ON !"]);
  });
});
