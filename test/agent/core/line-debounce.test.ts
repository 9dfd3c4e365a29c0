import { describe, expect, it } from "vitest";
import { adviceOf } from "../../../agent/core/advice.ts";
import { latenciesOf } from "../../../agent/core/gesture-latency.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

/** The line holds each level back for so long, and tells the end of that time. */
const held = 30;

describe("an input whose line debounces", () => {
  const config = configOf({
    inputs: { porch: { debounce: { kernel: held } } },
    outputs: { down: {}, click: {}, hold: {} },
    rules: {
      down: when("porch press", ["down", "on"]),
      click: when("porch click", ["click", "on"]),
      hold: when("porch hold", ["hold", "on"]),
    },
  });

  it("acts as soon as the table of latencies says, counted from the contact", () => {
    const plan = new World(config).plan.inputs[0];
    const table = new Map((plan ? latenciesOf(plan) : []).map(({ gesture, ms }) => [gesture, ms]));
    const contact = (world: World, level: boolean) => {
      world.advance(held);
      world.edge("porch", level);
      return world.now - held;
    };
    const click = new World(config);
    const closes = contact(click, true);
    click.advance(100);
    const opens = contact(click, false);
    click.advance(2000);
    expect(click.moves).toEqual([`down on ${closes + (table.get("press") ?? 0)}`, `click on ${opens + (table.get("click") ?? 0)}`]);
    const hold = new World(config);
    const held2 = contact(hold, true);
    hold.advance(2000);
    expect(hold.moves.at(-1)).toBe(`hold on ${held2 + (table.get("hold") ?? 0)}`);
  });

  it("gets no advice about bounces that nobody sees", () => {
    const plan = new World(config).plan.inputs[0];
    expect(plan && adviceOf(plan, { bounce: 500, tight: 9 })).toBeNull();
  });
});
