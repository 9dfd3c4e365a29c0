import { describe, expect, it } from "vitest";
import { adviceOf } from "../../../agent/core/advice.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

/** The same burst some times over, ten seconds apart. */
function bounced(
  input: Partial<InputConfig>,
  times: number[],
  { double = false, bursts = 3 } = {},
): { bounce: number | undefined; advice: string | null } {
  const rules = double ? { r: when("porch double", ["lamp", "on"]) } : {};
  const world = new World(configOf({ inputs: { porch: input }, outputs: { lamp: {} }, rules }));
  let level = false;
  for (let burst = 0; burst < bursts; burst += 1) {
    const since = world.now;
    for (const time of times) {
      world.advance(since + time - world.now);
      level = !level;
      world.edge("porch", level);
    }
    world.advance(10_000);
  }
  const [plan] = world.plan.inputs;
  const debounce = world.state.inputs[0]?.debounce;
  return { bounce: debounce?.bounce, advice: plan && debounce ? adviceOf(plan, debounce) : null };
}

describe("the longest bounce of an input", () => {
  it("is the time from the first to the last edge of a burst, of the longest one", () => {
    expect(bounced({}, [0, 3, 5]).bounce).toBe(5);
    expect(bounced({}, [0, 12, 30, 35, 40, 200, 202, 204]).bounce).toBe(40);
  });

  it("counts a burst that ends on the level it began with", () => {
    expect(bounced({}, [0, 9]).bounce).toBe(9);
  });

  it("is nothing for clean edges", () => {
    expect(bounced({}, [0, 100, 200])).toEqual({ bounce: 0, advice: null });
  });
});

describe("the advice", () => {
  it("is a debounce a quarter longer than the bounce, in whole tens", () => {
    expect(bounced({}, [0, 12, 30, 35, 40]).advice).toBe("bounces 40 ms, set debounce 50ms");
    expect(bounced({ debounce: 50 }, [0, 12, 30, 35, 40]).advice).toBeNull();
    expect(bounced({}, [0, 17]).advice).toBe("bounces 17 ms, set debounce 30ms");
    expect(bounced({}, [0, 16]).advice).toBeNull();
  });

  it("is given when it was seen several times: once may have been a hand or a spark", () => {
    expect(bounced({}, [0, 12, 30, 35, 40], { bursts: 2 }).advice).toBeNull();
    expect(bounced({}, [0, 12, 30, 35, 40], { bursts: 3 }).advice).not.toBeNull();
    // Two that are long among many that are not.
    expect(bounced({}, [0, 3, 200, 203, 400, 403, 600, 640], { bursts: 2 }).advice).toBeNull();
  });

  it("is never a time in which somebody holds or clicks", () => {
    const long = [0, 90, 180, 270];
    expect(bounced({ debounce: 100 }, long).advice).toBe("bounces 270 ms, set debounce 340ms");
    expect(bounced({ debounce: 100 }, long, { double: true }).advice).toBe("bounces 270 ms, look at the contact and its wiring");
    expect(bounced({ debounce: 100, hold: 340 }, long).advice).toBe("bounces 270 ms, look at the contact and its wiring");
    expect(bounced({ debounce: 100, hold: 300, kind: "switch" }, long).advice).toBe("bounces 270 ms, set debounce 340ms");
  });
});
