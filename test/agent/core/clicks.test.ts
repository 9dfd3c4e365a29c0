import { describe, expect, it } from "vitest";
import type { Gesture } from "../../../agent/core/model.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

/** A button with a rule for each of these gestures. */
function button(bound: Gesture[], input: Partial<InputConfig> = {}): World {
  const rules = Object.fromEntries(bound.map((gesture, index) => [`r${index}`, when(`porch ${gesture}`, ["lamp", "toggle"])]));
  return new World(configOf({ inputs: { porch: input }, outputs: { lamp: {} }, rules }));
}

/** The rules that acted, with the time since `since`: `double 320`. */
function acted(world: World, since: number): string[] {
  return world.writes.map(({ request }, index) => `${request.cause.detail?.slice(6)} ${Number(world.moves[index]?.split(" ")[2]) - since}`);
}

/** What the bus saw: `multi_press_end 2 320`. */
function seen(world: World, since: number): string[] {
  return world.published
    .filter(({ kind, topic }) => kind === "event" && topic.includes("/in/"))
    .map(({ payload, at }) => {
      const { event_type, multi_press_count: count } = JSON.parse(payload);
      return `${event_type}${count === undefined ? "" : ` ${count}`} ${at - since}`;
    });
}

describe("several clicks", () => {
  it("make nobody wait who has none bound", () => {
    const world = button(["click"]);
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 100, 1000);
    expect(acted(world, since)).toEqual(["click 120", "click 320"]);
    expect(seen(world, since)).toEqual(["press_end 120", "press_end 320"]);
  });

  it("are known at the release of the highest number bound, and a double never sends press_end", () => {
    const world = button(["click", "double"]);
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 100, 2000);
    expect(acted(world, since)).toEqual(["double 320"]);
    expect(seen(world, since)).toEqual(["multi_press_ongoing 2 320", "multi_press_end 2 320"]);
  });

  it("carry their number, their whole length and the time of the last release", () => {
    const world = button(["triple"]);
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 120, 2000);
    expect(world.events("porch").at(-1)).toMatchObject({
      event_type: "multi_press_end",
      multi_press_count: 2,
      duration_ms: 320,
      ts: new Date(since + 320).toISOString(),
    });
    expect(seen(world, since)).toEqual(["multi_press_ongoing 2 340", "multi_press_end 2 620"]);
    expect(acted(world, since)).toEqual([]);
  });

  it("leave a single click one click, after the window", () => {
    const world = button(["click", "double"]);
    const since = world.now;
    world.press("porch", 100, 2000);
    expect(acted(world, since)).toEqual(["click 400"]);
    expect(world.events("porch")).toMatchObject([{ event_type: "press_end", duration_ms: 100, ts: new Date(since + 100).toISOString() }]);
    expect(world.events("porch")[0]).not.toHaveProperty("multi_press_count");
  });

  it.each([
    [299, ["double 519"]],
    [300, ["click 400", "click 800"]],
  ])("%i ms apart, with a window of 300 ms, are %j", (pause, expected) => {
    const world = button(["click", "double"]);
    const since = world.now;
    world.press("porch", 100, pause);
    world.press("porch", 100, 2000);
    expect(acted(world, since)).toEqual(expected);
  });

  it("start anew after the highest number bound", () => {
    const world = button(["click", "double"]);
    const since = world.now;
    for (let press = 0; press < 3; press++) world.press("porch", 50, 50);
    world.advance(2000);
    expect(acted(world, since)).toEqual(["double 170", "click 550"]);
  });

  it("are counted up to five for the bus when events lists multi_press", () => {
    const world = button([], { events: ["multi_press"] });
    const since = world.now;
    for (let press = 0; press < 5; press++) world.press("porch", 50, 50);
    world.advance(2000);
    expect(seen(world, since)).toEqual([
      "multi_press_ongoing 2 170",
      "multi_press_ongoing 3 270",
      "multi_press_ongoing 4 370",
      "multi_press_ongoing 5 470",
      "multi_press_end 5 470",
    ]);
  });

  it("before a hold are told when the hold is sure, before it", () => {
    const world = button(["click", "double", "triple", "hold"]);
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 100, 100);
    world.press("porch", 700, 2000);
    expect(acted(world, since)).toEqual(["double 1000", "hold 1000"]);
    expect(seen(world, since)).toEqual([
      "multi_press_ongoing 2 320",
      "multi_press_end 2 1000",
      "long_press_start 1000",
      "long_press_end 1120",
    ]);
  });

  it("that were complete are told when the line is lost, and only then", () => {
    const world = button(["click", "double"]);
    const since = world.now;
    world.press("porch", 100, 100);
    world.dispatch({ type: "input-lost", input: 0, problem: "the chip is gone", at: world.now });
    world.advance(2000);
    world.dispatch({ type: "level-read", input: 0, active: false, at: world.now, why: "chip" });
    world.advance(2000);
    expect(acted(world, since)).toEqual(["click 200"]);
    expect(seen(world, since)).toEqual(["press_end 200"]);
    expect(world.timers.size).toBe(0);
  });

  it("lose none of 200 fast presses", () => {
    const single = button(["click"], { debounce: 5 });
    const counted = button([], { debounce: 5, events: ["multi_press"] });
    for (const world of [single, counted]) {
      for (let press = 0; press < 200; press++) world.press("porch", 10, 10);
      world.advance(2000);
    }
    expect(single.state.rules[0]?.fired).toBe(200);
    expect(single.events("porch")).toHaveLength(200);
    const ends = counted.events("porch").filter(({ event_type }) => event_type === "multi_press_end");
    expect(ends).toEqual(Array(40).fill(expect.objectContaining({ multi_press_count: 5 })));
  });
});

describe("repeat", () => {
  it("comes while the button is held, after the hold, and only for rules", () => {
    const world = button(["hold", "repeat"]);
    const since = world.now;
    world.press("porch", 1050, 1000);
    expect(acted(world, since)).toEqual(["hold 600", "repeat 800", "repeat 1000"]);
    expect(seen(world, since)).toEqual(["long_press_start 600", "long_press_end 1070"]);
    expect(world.timers.size).toBe(0);
  });

  it("starts no timer when no rule wants it", () => {
    const world = button(["hold"]);
    world.edge("porch", true);
    world.advance(700);
    expect(world.timers.size).toBe(0);
  });

  it("does not come for a time at which the button was up already, however late that is known", () => {
    const world = button(["repeat"], { debounce: 300 });
    world.edge("porch", true);
    world.advance(700);
    world.edge("porch", false);
    world.advance(2000);
    expect(world.writes).toEqual([]);
    expect(world.events("porch").map(({ event_type }) => event_type)).toEqual(["long_press_start", "long_press_end"]);
  });
});

describe("a decision", () => {
  it("that a bounce holds up falls at the edge that ends the doubt", () => {
    const held = button(["hold"]);
    const clicked = button(["click", "double"]);
    const since = held.now;
    held.edge("porch", true);
    held.advance(595);
    held.edge("porch", false);
    held.advance(10);
    held.edge("porch", true);
    held.advance(1000);
    expect(acted(held, since)).toEqual(["hold 605"]);
    clicked.press("porch", 100, 295);
    clicked.edge("porch", true);
    clicked.advance(10);
    clicked.edge("porch", false);
    clicked.advance(1000);
    expect(acted(clicked, since)).toEqual(["click 405"]);
  });

  it("does not wait for a bounce that leaves no doubt", () => {
    const world = button(["hold"]);
    const since = world.now;
    world.edge("porch", true);
    world.advance(590);
    world.edge("porch", false);
    world.advance(5);
    world.edge("porch", true);
    world.advance(1000);
    expect(acted(world, since)).toEqual(["hold 600"]);
  });

  it("falls at the edge when that came before the timer, at the very moment of both too", () => {
    for (const length of [600, 610]) {
      const world = button(["hold"]);
      const since = world.now;
      world.edge("porch", true);
      world.advance(100);
      world.now = since + length;
      world.edge("porch", false);
      world.advance(1000);
      expect(acted(world, since)).toEqual([`hold ${length}`]);
    }
  });

  it("that an edge brought leaves no timer that could disturb the next one", () => {
    const world = button(["click", "double", "hold"]);
    const since = world.now;
    world.press("porch", 100, 0);
    // The loop stalls over the end of the window, and finds the next press first.
    world.now = since + 400;
    world.edge("porch", true);
    expect([...world.timers.keys()]).toEqual(["settle:porch"]);
    world.advance(30);
    // A timer of before comes up all the same, while the contact bounces.
    world.edge("porch", false);
    world.dispatch({ type: "timer-due", key: "window:porch", at: since + 400 });
    world.edge("porch", true);
    world.advance(2000);
    expect(acted(world, since)).toEqual(["click 400", "hold 1000"]);
  });

  it("leaves no timer behind, and none that nobody needs", () => {
    const world = button(["double"]);
    world.press("porch", 100, 100);
    expect([...world.timers.keys()]).toEqual(["window:porch"]);
    world.edge("porch", true);
    world.advance(50);
    expect([...world.timers.keys()]).toEqual(["hold:porch"]);
    world.edge("porch", false);
    world.advance(50);
    expect([...world.timers.keys()]).toEqual([]);
  });
});

describe("kinds of inputs", () => {
  it("a doorbell rings once at each press, and knows no clicks and no holds", () => {
    const world = button(["press", "release"], { kind: "doorbell" });
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 2000, 2000);
    expect(seen(world, since)).toEqual(["ring 20", "ring 220"]);
    expect(acted(world, since)).toEqual(["press 20", "release 120", "press 220", "release 2220"]);
  });

  it("a switch publishes its level and no event, and still switches here", () => {
    const world = button(["press", "release"], { kind: "switch" });
    const since = world.now;
    world.press("porch", 100, 100);
    world.press("porch", 2000, 2000);
    expect(seen(world, since)).toEqual([]);
    expect(acted(world, since)).toEqual(["press 20", "release 120", "press 220", "release 2220"]);
    expect(world.payloads("pinbus/garage/in/porch/state")).toEqual(["OFF", "ON", "OFF", "ON", "OFF"]);
  });

  it("a button says press_start only where events lists it", () => {
    const world = button([], { events: ["press_start"] });
    const since = world.now;
    world.press("porch", 100, 100);
    expect(seen(world, since)).toEqual(["press_start 20", "press_end 120"]);
  });
});

describe("a loop that was late for everything", () => {
  it("still finds a double, a click and a hold by the times of their edges", () => {
    const world = button(["click", "double", "hold"]);
    let at = world.now;
    world.now += 60_000;
    for (const [down, up] of [
      [100, 100],
      [100, 1000],
      [100, 1000],
      [700, 1000],
    ] as const) {
      world.edge("porch", true, at);
      at += down;
      world.edge("porch", false, at);
      at += up;
    }
    world.advance(1000);
    expect(world.writes.map(({ request }) => request.cause.detail)).toEqual(["porch double", "porch click", "porch hold"]);
  });
});
