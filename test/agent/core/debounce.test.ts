import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const stateTopic = "pinbus/garage/in/porch/state";

interface Train {
  debounce: number;
  start: boolean;
  /** Milliseconds before each edge; `same` = the kernel merged an edge away, so the level repeats. */
  gaps: { gap: number; same: boolean }[];
}
const trains: fc.Arbitrary<Train> = fc.record({
  debounce: fc.constantFrom(0, 1, 20, 100),
  start: fc.boolean(),
  gaps: fc.array(fc.record({ gap: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 900 })), same: fc.boolean() }), {
    maxLength: 40,
  }),
});

/** The edges of a train with their levels, from `at`. */
function edgesOf({ start, gaps }: Train, at: number): { level: boolean; at: number }[] {
  let level = start;
  let time = at;
  return gaps.map(({ gap, same }) => {
    time += gap;
    if (!same) level = !level;
    return { level, at: time };
  });
}

function lateness(values: number[]): () => number {
  let index = 0;
  return () => values[index++ % Math.max(1, values.length)] ?? 0;
}

describe("settle debounce", () => {
  it("ends on the line's level after any edges and enough quiet, however late timers and edges come", () => {
    fc.assert(
      fc.property(trains, fc.array(fc.nat(700)), fc.array(fc.nat(50)), (train, timerLate, edgeLate) => {
        const world = new World(configOf({ inputs: { porch: { debounce: train.debounce } } }), { levels: [train.start] });
        const late = lateness(timerLate);
        const wait = lateness(edgeLate);
        for (const { level, at } of edgesOf(train, world.now)) {
          world.advance(Math.max(0, at + wait() - world.now), late);
          world.edge("porch", level, at);
        }
        world.advance(2000, late);
        expect(world.payloads(stateTopic).at(-1)).toBe(world.inputs[0] ? "ON" : "OFF");
        expect([...world.timers.keys()].filter((key) => key.startsWith("settle:"))).toEqual([]);
        const states = world.payloads(stateTopic);
        for (const [index, state] of states.entries()) if (index > 0) expect(state).not.toBe(states[index - 1]);
      }),
      { numRuns: runs(100) },
    );
  });

  it("settles exactly the levels that held for the period, whatever the lateness of its timer", () => {
    fc.assert(
      fc.property(trains, fc.array(fc.nat(15)), (train, timerLate) => {
        const world = new World(configOf({ inputs: { porch: { debounce: train.debounce } } }), { levels: [train.start] });
        const late = lateness(timerLate);
        const edges = edgesOf(train, world.now);
        const held = edges.filter(({ at }, index) => (edges[index + 1]?.at ?? Number.POSITIVE_INFINITY) - at >= train.debounce);
        const expected = [train.start, ...held.map(({ level }) => level)].filter(
          (level, index, all) => index === 0 || level !== all[index - 1],
        );
        // A level that repeats starts its period again; what is settled already stays.
        for (const { level, at } of edges) {
          // A timer may be late, but an edge that happened before it came up is handed over first.
          while (true) {
            const next = [...world.timers.values()].sort((a, b) => a - b)[0];
            if (next === undefined) break;
            const due = next + late();
            if (due >= at) break;
            world.advance(due - world.now, () => Math.max(0, due - next));
          }
          world.now = Math.max(world.now, at);
          world.edge("porch", level, at);
        }
        world.advance(2000);
        expect(world.payloads(stateTopic)).toEqual(expected.map((level) => (level ? "ON" : "OFF")));
      }),
      { numRuns: runs(100) },
    );
  });

  it("lets a press bounce and settles once, debounce after the last bounce", () => {
    const world = new World(configOf({ inputs: { porch: {} }, outputs: { lamp: {} }, rules: { r: when("porch press", ["lamp", "on"]) } }));
    const since = world.now;
    for (const level of [true, false, true, false, true]) {
      world.edge("porch", level);
      world.advance(3);
    }
    world.advance(100);
    expect(world.moves).toEqual([`lamp on ${since + 12 + 20}`]);
    expect(world.payloads(stateTopic)).toEqual(["OFF", "ON"]);
  });

  it("counts a burst that ends where it began as a glitch, and shows nothing of it", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    world.edge("porch", true);
    world.advance(5);
    world.edge("porch", false);
    world.advance(100);
    expect(world.payloads(stateTopic)).toEqual(["OFF"]);
    expect(world.state.inputs[0]?.debounce.glitches).toBe(1);
  });

  it("reads the level after a burst, since edges may merge before they are numbered", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    for (const level of [true, false, true]) world.edge("porch", level);
    // The last edge of the release never became an event.
    world.inputs[0] = false;
    world.advance(100);
    expect(world.payloads(stateTopic)).toEqual(["OFF", "ON", "OFF"]);
  });

  it("takes no level from a line that is lost", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    world.dispatch({ type: "input-lost", input: 0, problem: "the chip is gone", at: world.now });
    world.dispatch({ type: "level-read", input: 0, active: true, at: world.now, why: "gap" });
    world.advance(100);
    expect(world.payloads(stateTopic)).toEqual(["OFF", "UNKNOWN"]);
  });

  it.each([
    ["line", {}],
    ["key", { line: null, evdev: "Pedal", key: "KEY_F1" }],
  ])("says that a %s is lost, and that it came back", (source, porch) => {
    const world = new World(configOf({ inputs: { porch } }));
    for (let count = 0; count < 2; count++) world.dispatch({ type: "input-lost", input: 0, problem: "the chip is gone", at: world.now });
    world.dispatch({ type: "level-read", input: 0, active: false, at: world.now, why: "chip" });
    const said = world.logs.filter(({ fields }) => fields.input === "porch").map(({ message, fields }) => `${fields.event}: ${message}`);
    expect(said).toEqual(["line-lost: input porch: the chip is gone", `line-returned: input porch: its ${source} came back`]);
  });

  it("reads the level after lost edges, and settles it", () => {
    const world = new World(configOf({ inputs: { porch: {} } }));
    world.inputs[0] = true;
    world.dispatch({ type: "edges-lost", input: 0, count: 7, at: world.now });
    world.advance(100);
    expect(world.payloads(stateTopic)).toEqual(["OFF", "ON"]);
    expect(world.state.inputs[0]?.lost).toBe(7);
  });
});
