import { describe, expect, it } from "vitest";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const pins = { inputs: { door: { kind: "switch" as const }, key: {} }, outputs: { lamp: {}, fan: {}, horn: {} } };
const world = (rules: Record<string, ReturnType<typeof rule>>, options = {}) => new World(configOf({ ...pins, rules }), options);
const on = (output: string) => ({ output, set: "on" as const });

describe("a rule on a level", () => {
  it("fires when the level settles, not at the level that is found at the start", () => {
    const test = world({ a: rule([{ input: "door", is: "on" }], [on("lamp")]) }, { levels: [true] });
    test.advance(1000);
    expect(test.isOn("lamp")).toBe(false);
    test.edge("door", false);
    test.advance(100);
    test.edge("door", true);
    test.advance(100);
    expect(test.moves).toEqual(["lamp on 2120"]);
    expect(test.outputState("lamp").cause).toMatchObject({ kind: "rule", text: "rule a", detail: "door is on" });
  });

  it("with `for` fires once it has held for so long, the time since the start included", () => {
    const rules = { a: rule([{ input: "door", is: "on", for: 10_000 }], [{ output: "horn", set: "pulse" }]) };
    const open = world(rules, { levels: [true] });
    open.advance(30_000);
    expect(open.moves).toEqual(["horn on 11000", "horn off 11500"]);
    const test = world(rules);
    test.edge("door", true);
    test.advance(9000);
    test.edge("door", false);
    test.advance(60_000);
    expect(test.moves).toEqual([]);
  });

  it("of an output fires by what was written, whoever wanted it, and the chain says so", () => {
    const test = world({
      first: rule([{ input: "key", gesture: "press" }], [on("lamp")]),
      second: rule([{ output: "lamp", is: "on" }], [on("fan")]),
      third: rule([{ rule: "second" }], [on("horn")]),
    });
    test.press("key", 100);
    expect(test.moves).toEqual(["lamp on 1020", "fan on 1020", "horn on 1020"]);
    expect(test.outputState("horn").cause).toMatchObject({
      text: "rule third",
      detail: "second fired",
      chain: [
        { kind: "input", text: "key press" },
        { kind: "rule", text: "rule first" },
        { kind: "output", text: "lamp is on" },
        { kind: "rule", text: "rule second" },
      ],
    });
    expect(test.attr("horn").text).toBe(
      "ON because rule second fired and rule third says on; before that: key press, rule first, lamp is on, rule second",
    );
    test.breakOutput("lamp", true);
    test.mqtt("lamp", "OFF");
    test.breakOutput("lamp", false);
    test.mqtt("lamp", "ON");
    expect(test.state.rules[1]?.fired).toBe(1);
  });

  it("of an output that stays on for too long switches it off", () => {
    const test = world({ stairs: rule([{ output: "lamp", is: "on", for: 60_000 }], [{ output: "lamp", set: "off" }]) });
    test.mqtt("lamp", "ON");
    test.advance(59_999);
    expect(test.isOn("lamp")).toBe(true);
    test.advance(1);
    expect(test.isOn("lamp")).toBe(false);
  });

  it("of the broker fires when the link is lost or comes up, and with `for` also when it never came", () => {
    const test = world({
      lost: rule([{ broker: "lost" }], [on("lamp")]),
      back: rule([{ broker: "connected" }], [{ output: "lamp", set: "off" }]),
      long: rule([{ broker: "lost", for: 5000 }], [on("horn")]),
    });
    test.dispatch({ type: "started", held: false, at: test.now });
    test.link(false);
    test.advance(5000);
    expect(test.moves).toEqual(["horn on 6000"]);
    test.link(true);
    test.link(false);
    test.link(true);
    expect(test.moves).toEqual(["horn on 6000", "lamp on 6000", "lamp off 6000"]);
  });
});

describe("a rule on another device", () => {
  const peers = { plug: { topic: "tele/plug/LWT", online: "Online", offline: "Offline" } };
  const gone = rule([{ peer: "plug", is: "offline" }], [on("horn")]);
  const long = rule([{ peer: "plug", is: "offline", for: 5000 }], [on("fan")], { and: [{ peer: "plug", is: "offline" }] });
  const said = (test: World, online: boolean) => test.dispatch({ type: "peer-changed", peer: 0, online, at: test.now });

  it("fires when it goes, not by what it says first; with `for` the first counts, too", () => {
    const test = new World(configOf({ ...pins, peers, rules: { gone, long } }));
    said(test, false);
    test.advance(6000);
    expect(test.moves).toEqual(["fan on 6000"]);
    said(test, true);
    said(test, false);
    said(test, false);
    expect(test.moves).toEqual(["fan on 6000", "horn on 7000"]);
    expect(test.state.rules[0]?.fired).toBe(1);
  });

  it("takes a device of which nothing is known for neither online nor offline", () => {
    const press = [{ input: "key", gesture: "press" as const }];
    const rules = {
      a: rule(press, [on("lamp")], { and: [{ peer: "plug", is: "online" }] }),
      b: rule(press, [on("fan")], { unless: [{ peer: "plug", is: "online" }] }),
    };
    const test = new World(configOf({ ...pins, peers, rules }));
    test.press("key", 100);
    expect(test.moves).toEqual([]);
    said(test, true);
    test.press("key", 100);
    expect(test.moves).toEqual(["lamp on 1220"]);
  });
});

describe("conditions", () => {
  const guarded = (more: Parameters<typeof rule>[2]) => ({ a: rule([{ input: "key", gesture: "press" }], [on("lamp")], more) });
  const fires = (more: Parameters<typeof rule>[2], options: object = {}) => {
    const test = world(guarded(more), options);
    test.press("key", 100);
    return test.isOn("lamp");
  };

  it("must all be met, and none of the exceptions", () => {
    expect(fires({ and: [{ input: "door", is: "off" }] })).toBe(true);
    expect(fires({ and: [{ input: "door", is: "on" }] })).toBe(false);
    expect(
      fires({
        and: [
          { input: "door", is: "off" },
          { output: "fan", is: "on" },
        ],
      }),
    ).toBe(false);
    expect(fires({ unless: [{ input: "door", is: "off" }] })).toBe(false);
    expect(fires({ unless: [{ broker: "connected" }, { rule: "a", is: "off" }] })).toBe(true);
  });

  it("of an unknown level let nothing happen, on either side", () => {
    for (const more of [{ and: [{ input: "door", is: "off" as const }] }, { unless: [{ input: "door", is: "on" as const }] }]) {
      const test = world(guarded(more));
      test.dispatch({ type: "input-lost", input: test.input("door"), problem: "gone", at: test.now });
      test.press("key", 100);
      expect(test.isOn("lamp")).toBe(false);
    }
  });

  it("know the time of day on the clock on the wall, over midnight and by the day on which the night began", () => {
    // The world starts at 1000 ms; 2026-11-21 was a Saturday.
    const at = (iso: string, zone = 0) => ({ offset: Date.parse(iso) - 1000 - zone });
    const night = { between: [22 * 60, 6 * 60] };
    expect(fires({ and: [night] }, at("2026-11-21T22:00:00Z"))).toBe(true);
    expect(fires({ and: [night] }, at("2026-11-21T05:59:00Z"))).toBe(true);
    expect(fires({ and: [night] }, at("2026-11-21T06:00:00Z"))).toBe(false);
    expect(fires({ unless: [night] }, at("2026-11-21T12:00:00Z"))).toBe(true);
    expect(fires({ and: [{ ...night, days: ["sat"] }] }, at("2026-11-22T05:00:00Z"))).toBe(true);
    expect(fires({ and: [{ ...night, days: ["sun"] }] }, at("2026-11-22T05:00:00Z"))).toBe(false);
    expect(fires({ and: [{ days: ["sun"] }] }, at("2026-11-22T05:00:00Z"))).toBe(true);
    expect(fires({ and: [night] }, { ...at("2026-11-21T23:00:00Z"), clockSet: false })).toBe(false);
    expect(fires({ unless: [night] }, { ...at("2026-11-21T12:00:00Z"), clockSet: false })).toBe(false);
  });

  it("count in local time", () => {
    const test = world(guarded({ and: [{ between: [7 * 60, 8 * 60] }] }));
    const offset = Date.parse("2026-11-21T06:30:00Z") - test.now;
    test.dispatch({ type: "clock-read", offset, set: true, at: test.now, zone: 3_600_000 });
    test.press("key", 100);
    expect(test.isOn("lamp")).toBe(true);
  });
});

describe("an action", () => {
  it("publishes, for the outbox to carry, after everything that switches", () => {
    const test = world({
      a: rule([{ input: "key", gesture: "press" }], [{ publish: "cmnd/mister/POWER", payload: "ON", qos: 0, retain: "true" }, on("lamp")]),
    });
    test.press("key", 100);
    expect(test.published.find(({ topic }) => topic === "cmnd/mister/POWER")).toMatchObject({
      kind: "event",
      payload: "ON",
      qos: 0,
      retain: true,
    });
  });

  it("with `after` waits, once, and is dropped when the rule is disabled meanwhile", () => {
    const rules = { a: rule([{ input: "key", gesture: "press" }], [on("lamp"), { output: "lamp", set: "off", after: 5000 }]) };
    const test = world(rules);
    test.press("key", 100);
    test.advance(2000);
    test.press("key", 100);
    test.advance(20_000);
    expect(test.moves).toEqual(["lamp on 1020", "lamp off 8220"]);
    test.press("key", 100);
    test.rule("a", "OFF");
    test.advance(20_000);
    expect(test.isOn("lamp")).toBe(true);
  });

  it("counts from the moment in which its rule is enabled, when what it waits for is so already", () => {
    const test = world({
      arm: rule([{ input: "door", is: "on" }], [{ enable: "stairs" }]),
      stairs: rule([{ output: "lamp", is: "on", for: 3000 }], [{ output: "lamp", set: "off" }], { on_start: "disabled" }),
    });
    test.mqtt("lamp", "ON");
    test.advance(10_000);
    test.edge("door", true);
    test.advance(2000);
    expect(test.isOn("lamp")).toBe(true);
    test.advance(2000);
    expect(test.isOn("lamp")).toBe(false);
  });

  it("enables and disables another rule", () => {
    const test = world({
      arm: rule([{ input: "door", is: "on" }], [{ enable: "alarm" }]),
      disarm: rule([{ input: "door", is: "off" }], [{ disable: "alarm" }]),
      alarm: rule([{ input: "key", gesture: "press" }], [on("horn")], { on_start: "disabled" }),
    });
    test.press("key", 100);
    expect(test.isOn("horn")).toBe(false);
    test.edge("door", true);
    test.advance(100);
    expect(test.payloads("pinbus/garage/rule/alarm/state")).toEqual(["ON"]);
    test.press("key", 100);
    expect(test.isOn("horn")).toBe(true);
  });
});

describe("what makes rules run away", () => {
  it("rests for a minute, says so, and leaves everything else alone", () => {
    // The check refuses such a configuration; the core survives it.
    const test = world({
      a: rule([{ output: "lamp", is: "on" }], [{ output: "lamp", set: "off" }]),
      b: rule([{ output: "lamp", is: "off" }], [on("lamp")]),
      good: rule([{ input: "key", gesture: "press" }], [{ output: "fan", set: "toggle" }]),
    });
    test.mqtt("lamp", "ON");
    expect(test.moves.length).toBeLessThan(110);
    expect(test.logs.filter(({ level }) => level === "error").map(({ message }) => message)).toEqual([
      "rule a rests for 60 s: it fired too often; everything else works on",
    ]);
    test.press("key", 100);
    expect(test.isOn("fan")).toBe(true);
    expect(test.rule("a", '{"state":"TRIGGER","id":"x"}')).toMatchObject({ ok: false, reason: "suspended" });
    test.advance(60_000);
    expect(test.logs.at(-1)?.message).toBe("rule a works again");
    expect(test.rule("a", '{"state":"TRIGGER","id":"y"}')).toMatchObject({ ok: true });
  });

  it("lets two rules that start each other end, too", () => {
    const test = world({
      a: rule([{ rule: "b" }, { input: "key", gesture: "press" }], [on("lamp")]),
      b: rule([{ rule: "a" }], [on("fan")]),
    });
    test.press("key", 100);
    expect(test.state.rules.some(({ guard }) => guard.restsUntil !== null)).toBe(true);
  });

  it("does not count people as it counts itself", () => {
    const test = world({ a: rule([{ input: "key", gesture: "press" }], [{ output: "lamp", set: "toggle" }]) });
    for (let press = 0; press < 200; press++) test.press("key", 25, 25);
    expect(test.state.rules[0]).toMatchObject({ fired: 200, guard: { restsUntil: null } });
  });

  it("leaves out what would run at the start, when the agent crashes again and again", () => {
    const rules = { a: rule([{ start: "true" }], [on("lamp")]) };
    const test = world(rules);
    test.dispatch({ type: "started", held: false, at: test.now });
    expect(test.isOn("lamp")).toBe(true);
    const held = world(rules);
    held.dispatch({ type: "started", held: true, at: held.now });
    expect(held.isOn("lamp")).toBe(false);
    expect(held.state.startHeld).toBe(true);
  });
});

describe("commands to a rule", () => {
  const rules = { a: rule([{ input: "key", gesture: "press" }], [on("lamp")]) };

  it("disable it, also over a restart, and enable it", () => {
    const test = world(rules);
    expect(test.rule("a", '{"state":"off","id":"1"}')).toEqual({ id: "1", ok: true, state: "OFF" });
    test.press("key", 100);
    expect(test.isOn("lamp")).toBe(false);
    expect(test.payloads("pinbus/garage/rule/a/state")).toEqual(["OFF"]);
    expect(world(rules, { rules: Object.fromEntries(test.rulesOnDisk) }).state.rules[0]?.enabled).toBe(false);
    const always = { a: rule([{ input: "key", gesture: "press" }], [on("lamp")], { on_start: "enabled" }) };
    expect(world(always, { rules: { a: false } }).state.rules[0]?.enabled).toBe(true);
    test.rule("a", "ON");
    test.press("key", 100);
    expect(test.isOn("lamp")).toBe(true);
  });

  it("do the same from this machine, unless the agent is stopping", () => {
    const test = world(rules);
    const say = (enabled: boolean) => test.dispatch({ type: "rule-control-received", rule: 0, enabled, from: "cli", at: test.now });
    say(false);
    expect([test.rulesOnDisk.get("a"), test.logs.at(-1)?.message]).toEqual([false, "rule a disabled: cli"]);
    say(true);
    expect(test.payloads("pinbus/garage/rule/a/state")).toEqual(["OFF", "ON"]);
    test.dispatch({ type: "stop-requested", at: test.now });
    say(false);
    expect([test.rulesOnDisk.get("a"), test.state.commands, test.state.refused]).toEqual([true, 3, 1]);
  });

  it("start it as its triggers do, conditions included, and it is told with a number", () => {
    const test = world({ a: rule([{ input: "key", gesture: "press" }], [on("lamp")], { unless: [{ input: "door", is: "on" }] }) });
    expect(test.rule("a", "TRIGGER")).toBeUndefined();
    expect(test.isOn("lamp")).toBe(true);
    test.edge("door", true);
    test.advance(100);
    expect(test.rule("a", "TRIGGER")).toMatchObject({ ok: false, reason: "conditions" });
    expect(test.rule("a", "TRIGGER")).toMatchObject({ ok: false });
    expect(test.fired("a")).toMatchObject([{ cause: "a command over mqtt", seq: 41 }]);
  });

  it("are refused when they are retained, stale, malformed or too long, and answered once for each id", () => {
    const test = world(rules, { offset: 1e12 });
    expect(test.rule("a", "OFF", { retain: true })).toMatchObject({ reason: "retained" });
    expect(test.rule("a", '{"state":"OFF","ts":1}')).toMatchObject({ reason: "stale" });
    for (const payload of [
      "maybe",
      "{",
      "[]",
      '{"state":"PULSE"}',
      '{"state":"ON","for_ms":1}',
      "x".repeat(5000),
      '{"state":"ON","id":"\\u001b"}',
    ]) {
      expect(test.rule("a", payload)).toMatchObject({ ok: false, reason: "malformed" });
    }
    expect(test.rule("a", "")).toBeUndefined();
    expect(test.state.rules[0]?.enabled).toBe(true);
    expect(test.rule("a", '{"state":"OFF","id":"1"}')).toMatchObject({ ok: true, state: "OFF" });
    test.rule("a", "ON");
    expect(test.rule("a", '{"state":"OFF","id":"1"}')).toMatchObject({ ok: true, state: "OFF" });
    expect(test.state.rules[0]?.enabled).toBe(true);
  });
});

describe("a reload", () => {
  it("lets go of lines in their exit states, whatever rules make of that", () => {
    const outputs = { lamp: {}, fan: {} };
    const test = new World(configOf({ outputs, rules: { r: rule([{ output: "lamp", is: "off" }], [{ output: "fan", set: "on" }]) } }));
    test.control("lamp", "ON");
    test.control("fan", "ON");
    test.reload(configOf({ outputs: { horn: {} } }));
    expect(test.wires.slice(-2).map(({ id, active }) => `${id} ${active}`)).toEqual(["lamp false", "fan false"]);
  });

  it("keeps an action that waits, when the rule still says it", () => {
    const outputs = { lamp: {}, fan: {} };
    const actions = [
      { output: "lamp", set: "on" },
      { output: "lamp", set: "off", after: 3000 },
    ] as const;
    const inputs = { key: {} };
    const test = new World(configOf({ inputs, outputs, rules: { r: rule([{ input: "key", gesture: "press" }], [...actions]) } }));
    test.press("key", 100);
    expect(test.isOn("lamp")).toBe(true);
    const more = rule([{ input: "key", gesture: "press" }], [...actions, { output: "fan", set: "on" }]);
    test.reload(configOf({ inputs, outputs, rules: { r: more } }));
    test.advance(5000);
    expect(test.isOn("lamp")).toBe(false);
  });

  it("keeps what an unchanged rule waits for, and whether any is enabled", () => {
    const before = {
      a: rule([{ input: "door", is: "on", for: 10_000 }], [on("lamp")]),
      b: rule([{ input: "key", gesture: "press" }], [{ output: "fan", set: "on", after: 10_000 }]),
      c: rule([{ input: "key", gesture: "hold" }], [on("horn")]),
    };
    const test = world(before);
    test.edge("door", true);
    test.press("key", 100);
    test.rule("c", "OFF");
    test.reload(configOf({ ...pins, rules: { c: rule([{ input: "key", gesture: "click" }], [on("horn")]), b: before.b, a: before.a } }));
    test.advance(5000);
    test.press("key", 100);
    test.advance(20_000);
    expect(test.isOn("horn")).toBe(false);
    expect(test.moves).toEqual(["lamp on 11020", "fan on 16220"]);
  });

  it("forgets what a changed or removed rule waits for, and clears the topics of a removed one", () => {
    const test = world({ a: rule([{ input: "door", is: "on", for: 10_000 }], [on("lamp")]) });
    test.edge("door", true);
    test.advance(5000);
    test.reload(configOf({ ...pins, rules: { b: rule([{ input: "door", is: "on", for: 8000 }], [on("fan")]) } }));
    test.advance(20_000);
    expect(test.moves).toEqual(["fan on 14000"]);
    expect(test.payloads("pinbus/garage/rule/a/state")).toEqual([""]);
    expect(test.payloads("pinbus/garage/rule/b/state")).toEqual(["ON"]);
  });
});
