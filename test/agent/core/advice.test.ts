import { describe, expect, it } from "vitest";
import { adviceOf } from "../../../agent/core/advice.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

function bounced(input: Partial<InputConfig>, times: number[], double = false): { bounce: number | undefined; advice: string | null } {
  const rules = double ? { r: when("porch double", ["lamp", "on"]) } : {};
  const world = new World(configOf({ inputs: { porch: input }, outputs: { lamp: {} }, rules }));
  const since = world.now;
  let level = false;
  for (const time of times) {
    world.advance(since + time - world.now);
    level = !level;
    world.edge("porch", level);
  }
  world.advance(30_000);
  const [plan] = world.plan.inputs;
  const bounce = world.state.inputs[0]?.debounce.bounce;
  return { bounce, advice: plan && bounce !== undefined ? adviceOf(plan, bounce) : null };
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

  it("is never a time in which somebody holds or clicks", () => {
    const long = [0, 90, 180, 270];
    expect(bounced({ debounce: 100 }, long).advice).toBe("bounces 270 ms, set debounce 340ms");
    expect(bounced({ debounce: 100 }, long, true).advice).toBe("bounces 270 ms, look at the contact and its wiring");
    expect(bounced({ debounce: 100, hold: 340 }, long).advice).toBe("bounces 270 ms, look at the contact and its wiring");
    expect(bounced({ debounce: 100, hold: 300, kind: "switch" }, long).advice).toBe("bounces 270 ms, set debounce 340ms");
  });
});
