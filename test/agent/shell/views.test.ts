import { describe, expect, it } from "vitest";
import { pinsView } from "../../../agent/shell/views.ts";
import { configOf } from "../core/fixture.ts";
import { World } from "../core/world.ts";

describe("the view of an input", () => {
  it("shows the longest bounce to a tenth of a millisecond, and what to do about it", () => {
    const config = configOf({ inputs: { porch: {}, bell: {} } });
    const world = new World(config);
    for (let burst = 0; burst < 3; burst += 1) {
      const since = world.now;
      for (const [input, length] of [
        ["porch", 18.04],
        ["bell", 3],
      ] as const) {
        world.edge(input, true, since);
        world.edge(input, false, since + 1);
        world.edge(input, true, since + length);
      }
      world.advance(1000);
    }
    const { plan, state, now } = world;
    const { pins } = pinsView({ plan, config, state, driver: "sim", address: () => undefined, header: () => null, now });
    expect(pins).toMatchObject([
      { id: "porch", bounce_ms: 18, advice: "bounces 18 ms, set debounce 30ms" },
      { id: "bell", bounce_ms: 3, advice: null },
    ]);
  });
});
