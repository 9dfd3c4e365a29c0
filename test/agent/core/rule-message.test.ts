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
