import { describe, expect, it } from "vitest";
import { factsOf } from "../../../agent/core/cause.ts";
import { healthOf } from "../../../agent/core/health.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

const press = { input: "porch", gesture: "press" } as const;

function world(): World {
  return new World(configOf({ outputs: { lamp: {} } }));
}

describe("the facts of a cause", () => {
  it("never grows, however often one pulse follows another", () => {
    const one = world();
    for (let count = 0; count < 50; count++) {
      one.control("lamp", "PULSE", 100);
      one.advance(200);
    }
    expect(factsOf(one.outputState("lamp").cause).chain).toEqual([
      { kind: "cli", text: "cli" },
      { kind: "contract", text: "pulse ended" },
    ]);
  });

  it("tells of a long story its end", () => {
    const links = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const rules = Object.fromEntries(links.map((id, index) => [id, rule([index === 0 ? press : { rule: `r${index - 1}` }], [])]));
    const last = rule([{ rule: "r11" }], [{ output: "lamp", set: "on" }]);
    const one = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} }, rules: { ...rules, last } }));
    one.press("porch", 50);
    expect(factsOf(one.outputState("lamp").cause).chain.map(({ text }) => text)).toEqual([
      "r8 fired",
      "rule r9",
      "r9 fired",
      "rule r10",
      "r10 fired",
      "rule r11",
      "r11 fired",
      "rule last",
    ]);
  });

  it("a flood of refused commands does not hide why the output moved", () => {
    const one = world();
    one.control("lamp", "ON");
    for (let count = 0; count < 1000; count++) one.mqtt("lamp", "BLINK");
    expect(
      one
        .outputState("lamp")
        .history.map(({ state }) => state)
        .filter((state) => state !== "REFUSED"),
    ).toEqual(["OFF", "ON"]);
    expect(one.outputState("lamp").history).toHaveLength(18);
  });

  it("is degraded while changes are not kept on disk", () => {
    const one = world();
    one.link(true);
    one.dispatch({ type: "file-changed", file: "history", problem: "history.jsonl could not be written", at: one.now });
    expect(healthOf(one.plan, one.state)).toEqual({ health: "degraded", problems: ["history.jsonl could not be written"] });
    one.dispatch({ type: "file-changed", file: "history", problem: null, at: one.now });
    expect(healthOf(one.plan, one.state).health).toBe("ok");
  });
});
