import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latenciesOf } from "../../../agent/core/gesture-latency.ts";
import type { InputConfig } from "../../../config/schema.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const knobOf = (input: Partial<InputConfig> = {}) =>
  new World(
    configOf({
      inputs: { knob: { kind: "encoder", debounce: 0, report: 200, line_b: { kind: "gpio", gpio: 3 }, ...input } },
      outputs: { up: {}, down: {} },
      rules: { more: when("knob right", ["up", "toggle"]), less: when("knob left", ["down", "toggle"]) },
    }),
  );

/** Levels of both lines for each quarter of a turn to the right. */
const quarters = [
  [false, false],
  [true, false],
  [true, true],
  [false, true],
] as const;

/** Turns by steps; `bounces` gives for each how often the line that moves goes back and forth first, and how late an edge is told. */
class Hand {
  at = 0;
  readonly world: World;
  constructor(world: World) {
    this.world = world;
  }
  step(direction: 1 | -1, bounces = 0, late = 0, gap = 5): void {
    const before = quarters[((this.at % 4) + 4) % 4] ?? quarters[0];
    this.at += direction;
    const after = quarters[((this.at % 4) + 4) % 4] ?? quarters[0];
    const b = before[0] === after[0];
    const [old, level] = b ? [before[1], after[1]] : [before[0], after[0]];
    for (let i = 0; i <= bounces; i++) {
      this.#edge(b, level, late);
      if (i < bounces) this.#edge(b, old, late);
    }
    this.world.advance(gap);
  }
  #edge(b: boolean, level: boolean, late: number): void {
    const { world } = this;
    const at = world.now;
    world.advance(0.1);
    if (late > 0) world.advance(late);
    if (b) world.edgeB("knob", level, at);
    else world.edge("knob", level, at);
  }
  turn(steps: number): void {
    for (let i = 0; i < Math.abs(steps); i++) this.step(steps > 0 ? 1 : -1);
  }
}

const types = (world: World) => world.events("knob").map(({ event_type }) => event_type);

describe("an encoder", () => {
  it("says each detent, with the position that it has reached, and rules can use it", () => {
    const world = knobOf();
    const hand = new Hand(world);
    hand.turn(8);
    hand.turn(-4);
    world.advance(1000);
    expect(types(world)).toEqual(["rotate_right", "rotate_right", "rotate_left"]);
    expect(world.payloads("pinbus/garage/in/knob/event").map((payload) => JSON.parse(payload).position)).toEqual([1, 2, 1]);
    expect(world.counted("knob")).toEqual({ position: 1, lost: 0 });
    expect(world.moves.map((move) => move.split(" ").slice(0, 2).join(" "))).toEqual(["up on", "up off", "down on"]);
  });

  it("does not say a detent twice while a contact bounces on it", () => {
    const world = knobOf();
    const hand = new Hand(world);
    hand.turn(4);
    for (let i = 0; i < 20; i++) hand.turn(i % 2 === 0 ? -1 : 1);
    expect(types(world)).toEqual(["rotate_right"]);
  });

  it("returns to 0 after 1,000 steps each way, however one line at a time bounces and in whatever order the edges are told", () => {
    const steps = fc.array(fc.record({ bounces: fc.integer({ min: 0, max: 3 }), late: fc.constantFrom(0, 0, 0.5, 1.5) }), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 2, 4), (pattern, stepsPerDetent) => {
        const world = knobOf({ steps_per_detent: stepsPerDetent });
        const hand = new Hand(world);
        for (let i = 0; i < 2000; i++) {
          const { bounces, late } = pattern[i % 20] ?? { bounces: 0, late: 0 };
          hand.step(i < 1000 ? 1 : -1, bounces, late, 3);
        }
        world.advance(1000);
        expect(world.counted("knob")).toEqual({ position: 0, lost: 0 });
        expect(world.state.inputs[0]?.encoder?.offset).toBe(0);
        const told = types(world);
        const [right, left] = ["rotate_right", "rotate_left"].map((type) => told.filter((one) => one === type).length);
        expect(right).toBe(left);
        // Where each step is a detent, a bounce is one as well, there and back.
        if (stepsPerDetent > 1) expect(right).toBe(1000 / stepsPerDetent);
      }),
      { numRuns: 3 },
    );
  });

  it("puts edges of its two lines into the order of their kernel times", () => {
    const world = knobOf({ steps_per_detent: 2 });
    const { now } = world;
    // a rises at 1.0, b at 1.5, told the other way round.
    world.advance(2);
    world.edgeB("knob", true, now + 1.5);
    world.edge("knob", true, now + 1);
    world.advance(10);
    expect(types(world)).toEqual(["rotate_right"]);
  });

  it("counts an edge to a level that the line has already as one that did not settle, and stays where it is", () => {
    const world = knobOf({ steps_per_detent: 1 });
    world.edge("knob", true);
    world.advance(5);
    world.edge("knob", true);
    world.advance(5);
    expect(types(world)).toEqual(["rotate_right"]);
    expect(world.state.inputs[0]?.debounce.glitches).toBe(1);
  });

  it("reads both lines after a loss, and says that it does not know what was between", () => {
    const world = knobOf({ steps_per_detent: 1 });
    world.seconds.set("knob", true);
    world.dispatch({ type: "edges-lost", input: 0, count: 3, at: world.now });
    world.advance(1000);
    expect(world.counted("knob")).toEqual({ position: -1, lost: 3 });
    new Hand(world);
    world.edgeB("knob", false);
    world.advance(1000);
    expect(world.counted("knob")).toMatchObject({ position: 0 });
  });

  it("is set like a counter, to the left of 0 as well, and to whole detents only", () => {
    const world = knobOf();
    world.setCounter("knob", "-3");
    expect(world.counted("knob")).toMatchObject({ position: -3 });
    world.setCounter("knob", '{"reset":true}');
    expect(world.counted("knob")).toMatchObject({ position: 0 });
    world.setCounter("knob", "1.5");
    expect(world.counterAnswers.at(-1)?.verdict).toMatchObject({ ok: false, reason: "malformed" });
  });

  it("acts as soon as the table of latencies says", () => {
    const world = knobOf({ steps_per_detent: 1 });
    const [inputPlan] = world.plan.inputs;
    const table = inputPlan ? latenciesOf(inputPlan) : [];
    expect(table.map(({ gesture }) => gesture)).toEqual(["right", "left"]);
    const at = world.now;
    world.edge("knob", true);
    world.advance(100);
    expect(world.moves).toEqual([`up on ${at + (table[0]?.ms ?? 0)}`]);
  });
});
