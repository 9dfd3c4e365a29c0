import { describe, expect, it } from "vitest";
import { sentenceOf } from "../../../agent/core/reason.ts";
import { ownFirings } from "../../../agent/core/rule-guard.ts";
import { type ActionParts, configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const request = "owlcms/fop/decisionRequest/A";
const reset = "owlcms/fop/resetDecisions/A";
const flash: ActionParts = { output: "light", flash: { total: 20_000, on: 200, off: 100 } };
const box = (until: ActionParts["until"] & object, more: Parameters<typeof rule>[2] = {}) =>
  new World(
    configOf({
      inputs: { good: {}, door: { kind: "switch" } },
      outputs: { light: {} },
      rules: {
        remind: rule([{ topic: request, payload: "1" }], [{ ...flash, until }], more),
        press: rule([{ input: "good", gesture: "hold" }], [{ ...flash, until: [{ topic: "never" }] }]),
      },
    }),
  );
const plays = (world: World) => world.state.patterns[0] !== null;

describe("a rule on a message", () => {
  it("fires at this message letter for letter, and tells what it was", () => {
    const world = box([]);
    for (const other of ["2", "1 ", "", "11"]) world.message(request, other);
    expect(world.fired("remind")).toEqual([]);
    world.message(request, "1");
    expect(world.fired("remind")).toMatchObject([{ cause: `"1" came on ${request}` }]);
    expect(world.isOn("light")).toBe(true);
    const [change] = world.outputState("light").history.slice(-1);
    expect(change && sentenceOf(change)).toMatch(`ON because "1" came on ${request} and rule remind plays its pattern`);
  });

  it("fires at any message of its topic when it names none, the empty one included", () => {
    const world = new World(
      configOf({ outputs: { horn: {} }, rules: { down: rule([{ topic: "down" }], [{ output: "horn", set: "toggle" }]) } }),
    );
    for (const payload of ["", "x", "\u0000"]) world.message("down", payload);
    world.message("other", "x");
    expect(world.fired("down").map(({ cause }) => cause)).toEqual(Array(3).fill("a message came on down"));
  });

  it("heeds its conditions, and rests when somebody floods its topic", () => {
    const world = box([], { unless: [{ input: "door", is: "on" }] });
    world.edge("door", true);
    world.advance(100);
    world.message(request, "1");
    expect(world.fired("remind")).toEqual([]);
    world.edge("door", false);
    world.advance(100);
    for (let message = 0; message < 200; message++) world.message(request, "1");
    expect(world.fired("remind")).toHaveLength(ownFirings);
  });
});

describe("a message that ends a pattern", () => {
  it("ends the pattern of its own rule, and says why", () => {
    const world = box([{ input: "good", gesture: "press" }, { topic: reset }]);
    world.message(request, "1");
    world.advance(50);
    expect(plays(world)).toBe(true);
    world.message(reset, "reset");
    expect([plays(world), world.isOn("light")]).toEqual([false, false]);
    expect(world.logs.map(({ message }) => message)).toContain(`the pattern of rule remind on light ended: a message came on ${reset}`);
    const [change] = world.outputState("light").history.slice(-1);
    expect(change && sentenceOf(change)).toBe(`OFF because a message came on ${reset} and rule remind says off`);
  });

  it("leaves the pattern of another rule on the same output alone", () => {
    const world = box([{ topic: reset }]);
    world.edge("good", true);
    world.advance(700);
    expect(plays(world)).toBe(true);
    world.message(reset, "reset");
    expect(plays(world)).toBe(true);
    world.message("never", "");
    expect(plays(world)).toBe(false);
  });

  it("counts as the new configuration says after a reload: another end is another rule, whose pattern is over", () => {
    const world = box([{ topic: reset }]);
    world.message(request, "1");
    world.reload({ ...world.config, sys_interval: 1 });
    expect(plays(world)).toBe(true);
    world.reload(box([{ topic: "elsewhere" }]).config);
    expect(plays(world)).toBe(false);
    world.message(request, "1");
    world.message(reset, "reset");
    expect(plays(world)).toBe(true);
    world.message("elsewhere", "");
    expect(plays(world)).toBe(false);
  });
});

/** A lamp that is toggled at each firing of the rule `heard`. */
const listening = (trigger: Parameters<typeof rule>[0][number], more: Parameters<typeof rule>[2] = {}) =>
  new World(
    configOf({ outputs: { lamp: {} }, rules: { heard: rule([{ topic: "t", ...trigger }], [{ output: "lamp", set: "toggle" }], more) } }),
  );

describe("a message by its words", () => {
  it.each([
    [{ first_word: "1" }, ["1 good", "1", "11 good", " 1 good", "2 1", ""], 2],
    [{ changed_since: ["reset"] }, ["1 good", "1 good", "2 bad", "1 good", "1 bad", "2 bad"], 3],
    [{ changed_since: ["reset"], first_word: "1" }, ["1 good", "2 good", "1 good", "2 bad", "1 bad"], 2],
    [{ changed_since: ["reset"], payload: "1 good" }, ["1 good", "1 bad", "1 good"], 1],
    [{ changed_since: ["reset"], agree: 2 }, ["1 good", "1 good", "2 bad", "3 good", "2 good"], 1],
    [{ changed_since: ["reset"], agree: 2 }, ["1 good", "2 bad", "1 bad"], 1],
    [{ changed_since: ["reset"], agree: 3 }, ["1 good", "2 good", "1 good"], 0],
  ])("starts a rule with %j by %j so often: %i", (trigger, payloads, times) => {
    const world = listening(trigger);
    for (const payload of payloads) world.message("t", payload);
    expect(world.fired("heard")).toHaveLength(times);
  });

  it.each([{ changed_since: ["reset", "new"] }, { changed_since: ["reset", "new"], agree: 2 }])("begins anew with %j", (trigger) => {
    const world = listening(trigger);
    const attempt = () => {
      const before = world.fired("heard").length;
      for (const payload of ["1 good", "2 good"]) world.message("t", payload);
      return world.fired("heard").length - before;
    };
    const first = attempt();
    expect(attempt()).toBe(0);
    for (const topic of ["reset", "new"]) {
      world.message(topic, "anything");
      expect(attempt()).toBe(first);
    }
  });

  it("remembers a few first words only, whatever somebody sends", () => {
    const world = listening({ changed_since: ["reset"], agree: 16 });
    for (let word = 0; word < 1000; word++) world.message("t", `${word} ${"x".repeat(4000)}`);
    expect(JSON.stringify([...(world.state.rules[0]?.heard.values() ?? [])].map(({ said }) => [...said])).length).toBeLessThan(2000);
  });

  it("says so in words", () => {
    const world = listening({ changed_since: ["reset"], agree: 2 });
    expect(world.plan.rules[0]?.text).toBe("a message came on t, 2 alike since reset -> lamp toggle");
    expect(listening({ changed_since: ["reset"], first_word: "1" }).plan.rules[0]?.text).toBe(
      'a message "1 …" came on t, other than before since reset -> lamp toggle',
    );
  });
});

describe("an action that waits", () => {
  const waiting = () =>
    new World(
      configOf({
        inputs: { good: {} },
        outputs: { light: {} },
        rules: {
          unheard: rule(
            [{ input: "good", gesture: "press" }],
            [{ output: "light", set: "on", after: 1000, unless: [{ topic: "echo", payload: "1 good" }] }],
          ),
        },
      }),
    );

  it.each([
    ["nothing is said", [], true],
    ["something else is said", ["1 bad"], true],
    ["what drops it is said", ["1 good"], false],
  ])("is done after its time when %s: %j %s", (_, payloads, done) => {
    const world = waiting();
    world.edge("good", true);
    world.advance(999);
    for (const payload of payloads) world.message("echo", payload);
    expect(world.isOn("light")).toBe(false);
    world.advance(100);
    expect(world.isOn("light")).toBe(done);
  });

  it("is not dropped by what was said before", () => {
    const world = waiting();
    world.message("echo", "1 good");
    world.edge("good", true);
    world.advance(1100);
    expect(world.isOn("light")).toBe(true);
    expect(world.plan.rules[0]?.text).toBe('good press -> light on after 1s unless "1 good" came on echo');
  });
});

describe("a rule that heeds when another one has fired", () => {
  it("is kept from firing for that long, and no longer", () => {
    const world = new World(
      configOf({
        outputs: { lamp: {}, horn: {} },
        rules: {
          own: rule([{ topic: "own" }], [{ output: "lamp", set: "toggle" }]),
          other: rule([{ topic: "other" }], [{ output: "horn", set: "toggle" }], { unless: [{ rule: "own", fired_within: 5000 }] }),
        },
      }),
    );
    world.message("other", "");
    expect(world.fired("other")).toHaveLength(1);
    world.message("own", "");
    world.advance(5000);
    world.message("other", "");
    expect(world.fired("other")).toHaveLength(1);
    world.advance(1);
    world.message("other", "");
    expect(world.fired("other")).toHaveLength(2);
    expect(world.plan.rules[1]?.text).toBe("a message came on other unless own fired within 5s -> horn toggle");
  });
});
