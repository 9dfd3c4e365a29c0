import { describe, expect, it } from "vitest";
import type { Gesture } from "../../../agent/core/model.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";
import { firstSeq } from "./world-reload.ts";

const gestures: Gesture[] = ["press", "release", "click", "hold", "hold_end"];
const rules = Object.fromEntries(gestures.map((gesture) => [gesture.replace("_", "-"), when(`porch ${gesture}`, ["lamp", "toggle"])]));

function button(input = {}): World {
  return new World(configOf({ inputs: { porch: input }, outputs: { lamp: {} }, rules }));
}

/** Which rules fired, with the time since the press: `press 20`. */
function fired(world: World, since: number): string[] {
  const marks: string[] = [];
  for (const move of world.moves) marks.push(move.split(" ")[2] ?? "");
  return world.writes.map(({ request }, index) => `${request.cause.text.slice(5)} ${Number(marks[index]) - since}`);
}

describe("gestures of a button with hold 600 ms and debounce 20 ms", () => {
  it.each([
    [100, ["press 20", "release 120", "click 120"]],
    [312, ["press 20", "release 332", "click 332"]],
    [599, ["press 20", "release 619", "click 619"]],
    [600, ["press 20", "hold 600", "release 620", "hold-end 620"]],
    [601, ["press 20", "hold 600", "release 621", "hold-end 621"]],
    [5000, ["press 20", "hold 600", "release 5020", "hold-end 5020"]],
  ])("held for %i ms is %j", (length, expected) => {
    const world = button();
    const since = world.now;
    world.press("porch", length);
    expect(fired(world, since)).toEqual(expected);
  });

  it("publishes press_end with the length of the press, the time of the release and the next number", () => {
    const world = new World(configOf({ inputs: { porch: {} } }), { offset: Date.UTC(2026, 10, 2) });
    const since = world.now;
    world.press("porch", 312);
    expect(world.events("porch")).toEqual([
      { event_type: "press_end", duration_ms: 312, ts: new Date(Date.UTC(2026, 10, 2) + since + 312).toISOString(), seq: firstSeq },
    ]);
  });

  it("publishes long_press_start at the threshold and long_press_end with the whole length, bound to a rule or not", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    const since = world.now;
    world.press("porch", 900);
    expect(world.events("porch")).toMatchObject([
      { event_type: "long_press_start", duration_ms: 600, ts: new Date(since + 600).toISOString(), seq: firstSeq },
      { event_type: "long_press_end", duration_ms: 900, ts: new Date(since + 900).toISOString(), seq: firstSeq + 1 },
    ]);
    expect(world.published.find(({ payload }) => payload.includes("long_press_start"))?.at).toBe(since + 600);
  });

  it("publishes neither press_start nor anything else unasked", () => {
    const world = button();
    world.press("porch", 100);
    world.press("porch", 700);
    expect(world.events("porch").map(({ event_type }) => event_type)).toEqual(["press_end", "long_press_start", "long_press_end"]);
  });

  it("publishes the settled level as state, retained", () => {
    const world = button();
    world.press("porch", 100);
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["OFF", "ON", "OFF"]);
  });

  it("judges a hold by the kernel's times when the loop was late for everything", () => {
    const world = button();
    const since = world.now;
    world.now += 2000;
    world.edge("porch", true, since);
    world.edge("porch", false, since + 700);
    world.advance(100);
    expect(world.events("porch")).toMatchObject([
      { event_type: "long_press_start", duration_ms: 600, ts: new Date(since + 600).toISOString() },
      { event_type: "long_press_end", duration_ms: 700 },
    ]);
  });

  it("judges a click by the kernel's times when the loop was late for everything", () => {
    const world = button();
    const since = world.now;
    world.now += 2000;
    world.edge("porch", true, since);
    world.edge("porch", false, since + 300);
    world.advance(100);
    expect(world.events("porch")).toMatchObject([{ event_type: "press_end", duration_ms: 300 }]);
  });

  it("recognises a hold once, when the bouncing release is taken back", () => {
    const world = button();
    const since = world.now;
    world.edge("porch", true);
    world.advance(700);
    world.edge("porch", false);
    world.advance(5);
    world.edge("porch", true);
    world.advance(500);
    world.edge("porch", false);
    world.advance(100);
    expect(fired(world, since)).toEqual(["press 20", "hold 600", "release 1225", "hold-end 1225"]);
    expect(world.events("porch").at(-1)?.duration_ms).toBe(1205);
  });

  it("has no press for a level that was there at the start, and no click for its release", () => {
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} }, rules }), { levels: [true] });
    world.advance(1000);
    world.edge("porch", false);
    world.advance(100);
    expect(world.events("porch")).toEqual([]);
    expect(world.writes.map(({ request }) => request.cause.text)).not.toContain("rule click");
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["ON", "OFF"]);
  });

  it("has no click for a press that was interrupted by reading the level anew", () => {
    const world = button();
    world.edge("porch", true);
    world.advance(100);
    world.dispatch({ type: "level-read", input: 0, active: true, at: world.now, why: "chip" });
    world.edge("porch", false);
    world.advance(1000);
    expect(world.events("porch")).toEqual([]);
  });

  it("takes every edge at once with debounce 0ms", () => {
    const world = button({ debounce: 0 });
    const since = world.now;
    world.press("porch", 1);
    world.press("porch", 600);
    expect(fired(world, since).slice(0, 3)).toEqual(["press 0", "release 1", "click 1"]);
    expect(world.events("porch").map(({ event_type }) => event_type)).toEqual(["press_end", "long_press_start", "long_press_end"]);
  });

  it("keeps click and hold apart when hold is shorter than debounce", () => {
    const world = button({ debounce: 200, hold: 50 });
    world.press("porch", 300, 1000);
    expect(world.events("porch").map(({ event_type }) => event_type)).toEqual(["long_press_start", "long_press_end"]);
  });

  it("says long_press_start before the press of a lost line could become a click", () => {
    const world = button();
    world.edge("porch", true);
    world.advance(100);
    world.dispatch({ type: "input-lost", input: 0, problem: "the chip is gone", at: world.now });
    world.advance(5000);
    world.dispatch({ type: "level-read", input: 0, active: false, at: world.now, why: "chip" });
    world.advance(5000);
    expect(world.events("porch")).toEqual([]);
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["OFF", "ON", "UNKNOWN", "OFF"]);
    expect(world.timers.size).toBe(0);
  });
});

describe("the numbers of events", () => {
  it("count per input, and a new block is reserved long before the old one is used up", () => {
    const world = new World(configOf({ inputs: { porch: { debounce: 0 }, bell: { debounce: 0 } } }));
    for (let count = 0; count < 1200; count++) world.press("porch", 10, 10);
    world.press("bell", 10);
    expect(world.events("porch").at(-1)?.seq).toBe(firstSeq + 1199);
    expect(world.events("bell").map(({ seq }) => seq)).toEqual([firstSeq]);
  });
});
