import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guardWindow, outsideFirings, ownFirings } from "../../../agent/core/rule-guard.ts";
import type { ConditionConfig, RuleConfig, TriggerConfig } from "../../../config/schema.ts";
import { type ActionParts, configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const runs = Number(process.env.PINBUS_RUNS ?? 150);
const ids = ["a", "b", "c", "d"];
const id = fc.constantFrom(...ids);
const input = fc.constantFrom("door", "key");
const output = fc.constantFrom("lamp", "fan");
const is = fc.constantFrom("on" as const, "off" as const);
const wait = fc.option(fc.integer({ min: 10, max: 3000 }));

const trigger: fc.Arbitrary<Partial<TriggerConfig>> = fc.oneof(
  fc.record({ input, is, for: wait }),
  fc.record({ input: fc.constant("key"), gesture: fc.constantFrom("press" as const, "click" as const, "hold" as const) }),
  fc.record({ output, is, for: wait }),
  fc.record({ broker: fc.constantFrom("connected" as const, "lost" as const), for: wait }),
  fc.record({ rule: id }),
  fc.constant({ start: "true" as const }),
  fc.record({ topic: fc.constant("x"), payload: fc.constantFrom(null, "go") }),
);
const condition: fc.Arbitrary<Partial<ConditionConfig>> = fc.oneof(
  fc.record({ input, is }),
  fc.record({ output, is }),
  fc.record({ rule: id, is }),
  fc.record({ broker: fc.constantFrom("connected" as const, "lost" as const) }),
);
const action: fc.Arbitrary<ActionParts> = fc.oneof(
  fc.record({ output, set: fc.constantFrom("on" as const, "off" as const, "toggle" as const, "pulse" as const), after: wait }),
  fc.record({
    output,
    pattern: fc.array(fc.integer({ min: 10, max: 500 }), { minLength: 1, maxLength: 4 }),
    repeat: fc.integer({ min: 1, max: 4 }),
    until: fc.constantFrom<Exclude<ActionParts["until"], undefined>[]>([], [{ topic: "x", payload: "go" }], [{ topic: "x" }]),
  }),
  fc.record({ publish: fc.constant("x"), after: wait }),
  fc.record({ enable: id }),
  fc.record({ disable: id }),
);
/** Any rules at all, rings included: the check would refuse many of them, the core must survive them. */
const anyRules = fc
  .array(
    fc.record({
      when: fc.array(trigger, { minLength: 1, maxLength: 3 }),
      and: fc.array(condition, { maxLength: 1 }),
      unless: fc.array(condition, { maxLength: 1 }),
      actions: fc.array(action, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: ids.length, maxLength: ids.length },
  )
  .map((rules) => Object.fromEntries(rules.map(({ when, actions, ...more }, index) => [ids[index] ?? "", rule(when, actions, more)])));
const step = fc.record({
  ms: fc.integer({ min: 0, max: 800 }),
  what: fc.constantFrom("door", "key", "ON", "OFF", "link", "trigger", "disable", "enable", "lose", "say", "reload"),
});

function play(rules: Record<string, RuleConfig>, steps: { ms: number; what: string }[]): World {
  const quiet = { good: rule([{ input: "bell", gesture: "press" }], [{ output: "light", set: "toggle" }]) };
  const config = configOf({
    inputs: { door: { kind: "switch" }, key: {}, bell: {} },
    outputs: { lamp: { min_off: 30 }, fan: { max_on: 4000 }, light: {} },
    rules: { ...rules, ...quiet },
  });
  const world = new World(config, { offset: 1e12 });
  world.dispatch({ type: "started", held: false, at: world.now });
  const levels: Record<string, boolean> = { door: false, key: false };
  for (const { ms, what } of steps) {
    world.advance(ms);
    if (what === "door" || what === "key") {
      levels[what] = !levels[what];
      world.edge(what, levels[what]);
    } else if (what === "ON" || what === "OFF") world.mqtt("lamp", what);
    else if (what === "link") world.link(!world.state.link.online);
    else if (what === "say") world.message("x", ms % 2 === 0 ? "go" : "stay");
    else if (what === "trigger") world.rule("a", "TRIGGER");
    else if (what === "disable") world.rule("b", "OFF");
    else if (what === "enable") world.rule("b", "ON");
    else if (what === "lose") {
      world.loseOutput("fan");
      world.returnOutput("fan");
    } else world.reload({ ...config, sys_interval: ms });
  }
  return world;
}

describe("any rules under any events", () => {
  it("fire no more often than the guard lets them, and leave a rule alone that has nothing to do with them", () => {
    fc.assert(
      fc.property(anyRules, fc.array(step, { maxLength: 25 }), (rules, steps) => {
        const world = play(rules, steps);
        for (const id of ids) {
          const times = world.fired(id).map(({ ts }) => Date.parse(ts));
          // A window begins with its first firing: two of them may touch.
          for (const [index, at] of times.entries()) {
            const within = times.slice(index).filter((other) => other - at < guardWindow).length;
            expect(within).toBeLessThanOrEqual(2 * outsideFirings);
          }
        }
        const before = world.isOn("light");
        world.press("bell", 100);
        expect(world.isOn("light")).toBe(!before);
      }),
      { numRuns: runs },
    );
  });

  it("do the same when the same happens again, to the byte", () => {
    fc.assert(
      fc.property(anyRules, fc.array(step, { maxLength: 25 }), (rules, steps) => {
        const [first, second] = [play(rules, steps), play(rules, steps)];
        expect(second.moves).toEqual(first.moves);
        expect(second.published).toEqual(first.published);
        expect(second.logs).toEqual(first.logs);
      }),
      { numRuns: runs },
    );
  });

  it("rest once they have used up what they may, counted by hand", () => {
    const world = play(
      {
        a: rule([{ rule: "b" }], [{ publish: "x" }]),
        b: rule([{ output: "lamp", is: "on" }], [{ publish: "y" }]),
        c: rule([{ start: "true" }], [{ publish: "z" }]),
        d: rule([{ start: "true" }], [{ publish: "z" }]),
      },
      [],
    );
    for (let flip = 0; flip < 60; flip++) {
      world.advance(40);
      world.mqtt("lamp", "ON");
      world.mqtt("lamp", "OFF");
    }
    expect([world.fired("a").length, world.fired("b").length]).toEqual([ownFirings, ownFirings]);
  });
});
