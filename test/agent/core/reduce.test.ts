import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AgentEvent, SwitchWord } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { reduce } from "../../../agent/core/reduce.ts";
import { newState } from "../../../agent/core/state.ts";
import type { Config } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;
/** Longer than every debounce, hold, pulse, max_on and retry of the configuration below. */
const longest = 20 * second;

const outputs = ["lamp", "gate", "fan"] as const;
const config: Config = configOf({
  inputs: { porch: {}, bell: { debounce: 0, hold: 100 } },
  outputs: { lamp: { on_exit: "keep" }, gate: { pulse: 700, on_start: "on", on_exit: "on" }, fan: { max_on: 3 * second } },
  rules: {
    "porch-press": when("porch press", ["lamp", "toggle"], ["gate", "pulse"]),
    "porch-hold": when("porch hold", ["fan", "on", 900], ["lamp", "pulse", 1500]),
    "bell-click": when("bell click", ["fan", "on"], ["gate", "off"]),
    "bell-release": when("bell release", ["lamp", "toggle"], ["lamp", "toggle"]),
  },
});

type Move =
  | { kind: "wait"; ms: number; late: number }
  | { kind: "edge"; input: "porch" | "bell"; ago: number }
  | { kind: "mqtt"; output: (typeof outputs)[number]; word: SwitchWord; forMs: number | null; retain: boolean; repeat: boolean }
  | { kind: "control"; output: (typeof outputs)[number]; forMs: number }
  | { kind: "break" | "mend" | "vanish" | "lose" | "return"; output: (typeof outputs)[number] }
  | { kind: "clock"; jump: number; set: boolean }
  | { kind: "link"; online: boolean };

const output = fc.constantFrom(...outputs);
const wait = fc.record({
  kind: fc.constant("wait" as const),
  ms: fc.oneof(fc.nat(50), fc.nat(2000)),
  late: fc.oneof(fc.constant(0), fc.nat(2000)),
});
const moveArbitrary: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: wait },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("edge" as const),
      input: fc.constantFrom("porch" as const, "bell" as const),
      ago: fc.nat(40),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        kind: fc.constant("mqtt" as const),
        output,
        word: fc.constantFrom<SwitchWord[]>("ON", "OFF", "TOGGLE", "PULSE"),
        forMs: fc.option(fc.integer({ min: 1, max: 4000 })),
        retain: fc.boolean(),
        repeat: fc.boolean(),
      })
      .map((move) => (move.word === "ON" || move.word === "PULSE" ? move : { ...move, forMs: null })),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("control" as const), output, forMs: fc.integer({ min: 1, max: 4000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("break" as const, "mend" as const, "vanish" as const, "lose" as const, "return" as const),
      output,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("clock" as const), jump: fc.integer({ min: -1e9, max: 1e9 }), set: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), online: fc.boolean() }) },
);
const story = fc.array(moveArbitrary, { maxLength: 40, size: "max" });

class Player {
  readonly world: World;
  /** What each command id asked for. */
  readonly asked = new Map<string, { word: SwitchWord; forMs: number | null }>();
  readonly #clocks: boolean;
  constructor(clocks = true) {
    this.#clocks = clocks;
    this.world = new World(config, { offset: Date.UTC(2026, 10, 2) });
  }
  play(moves: readonly Move[]): this {
    for (const move of moves) this.step(move);
    return this;
  }
  step(move: Move): void {
    const { world } = this;
    switch (move.kind) {
      case "wait":
        world.advance(move.ms, () => move.late);
        return;
      case "edge":
        world.edge(move.input, !world.inputs[world.input(move.input)], world.now - move.ago);
        return;
      case "mqtt": {
        const number = this.asked.size - (move.repeat && this.asked.size > 0 ? 1 : 0);
        const id = `c-${number}`;
        const { word, forMs } = this.asked.get(id) ?? move;
        this.asked.set(id, { word, forMs });
        const payload = JSON.stringify({ state: word, id, ...(forMs === null ? {} : { for_ms: forMs }) });
        const { length } = world.writes;
        const verdict = world.mqtt(move.output, payload, { retain: move.retain });
        expect(verdict).toBeDefined();
        if (move.retain) expect(world.writes).toHaveLength(length);
        return;
      }
      case "control":
        expect(world.control(move.output, "PULSE", move.forMs)).toBeDefined();
        return;
      case "break":
      case "mend":
        world.breakOutput(move.output, move.kind === "break");
        return;
      case "vanish":
        world.vanish(move.output);
        return;
      case "lose":
        world.loseOutput(move.output);
        return;
      case "return":
        world.returnOutput(move.output);
        return;
      case "clock":
        if (this.#clocks) world.dispatch({ type: "clock-read", offset: 1.79e12 + move.jump * 1000, set: move.set, at: world.now });
        return;
      case "link":
        world.dispatch({ type: "link-changed", online: move.online, problem: move.online ? null : "refused", at: world.now });
    }
  }
  mend(): this {
    for (const id of outputs) {
      this.world.breakOutput(id, false);
      this.world.returnOutput(id);
    }
    return this;
  }
}

describe("after any story of edges, commands, failures, lost chips and late timers", () => {
  it("every pulse and max_on has ended: what is on was asked for without an end", () => {
    fc.assert(
      fc.property(story, (moves) => {
        const player = new Player().play(moves).mend();
        const { world } = player;
        world.advance(longest);
        for (const [index, id] of outputs.entries()) {
          const state = world.state.outputs[index];
          expect(state?.written).toBe(world.isOn(id));
          if (!world.isOn(id)) continue;
          expect(id, "max_on").not.toBe("fan");
          const { kind, text, detail } = state?.cause ?? { kind: "none", text: "", detail: null };
          const asked = player.asked.get(detail?.slice("id ".length) ?? "");
          const endless =
            (kind === "mqtt" && asked !== undefined && asked.word !== "PULSE" && asked.word !== "OFF" && asked.forMs === null) ||
            (kind === "rule" && id === "lamp" && (text === "rule porch-press" || text === "rule bell-release")) ||
            ((kind === "start" || kind === "chip") && id === "gate");
          expect(endless, `${id} is on by ${kind} ${text} ${JSON.stringify(asked)}`).toBe(true);
        }
        expect([...world.timers.keys()].filter((key) => !key.startsWith("hold:"))).toEqual([]);
        // The published end agrees: nothing is on with an end that has passed.
        for (const id of outputs) expect(world.attr(id).until).toBeNull();
      }),
      { numRuns: runs(200) },
    );
  });

  it("the same commands and times make the same moves, wherever the wall clock jumps", () => {
    fc.assert(
      fc.property(story, (moves) => {
        const jumping = new Player(true).play(moves).world;
        const steady = new Player(false).play(moves).world;
        jumping.advance(longest);
        steady.advance(longest);
        expect(jumping.moves).toEqual(steady.moves);
      }),
      { numRuns: runs(100) },
    );
  });

  it("max_on is kept from the moment of going on", () => {
    fc.assert(
      fc.property(story, (moves) => {
        const player = new Player().play(moves.filter(({ kind }) => kind !== "break" && kind !== "lose" && kind !== "vanish"));
        const { world } = player;
        world.advance(longest);
        const late = Math.max(0, ...moves.map((move) => (move.kind === "wait" ? move.late : 0)));
        let since: number | undefined;
        for (const move of world.moves) {
          const [id, word, at] = move.split(" ");
          if (id !== "fan") continue;
          if (word === "on") since = Number(at);
          else expect(Number(at) - (since ?? 0)).toBeLessThanOrEqual(3 * second + late);
        }
      }),
      { numRuns: runs(100) },
    );
  });

  it("a stop leaves every output in its exit state, and nothing moves it afterwards", () => {
    fc.assert(
      fc.property(story, story, (before, after) => {
        const player = new Player().play(before.filter(({ kind }) => kind !== "break")).mend();
        const { world } = player;
        // `keep` keeps a state, not a movement: nobody would end a pulse once the agent is gone.
        const kept = world.isOn("lamp") && world.outputState("lamp").pulseEnds === null;
        world.dispatch({ type: "stop-requested", at: world.now });
        const expected = [kept, true, false];
        expect(outputs.map((id) => world.isOn(id))).toEqual(expected);
        const { length } = world.moves;
        for (const move of after) if (move.kind !== "lose" && move.kind !== "vanish" && move.kind !== "return") player.step(move);
        world.advance(longest);
        expect(world.moves.slice(length)).toEqual([]);
        expect(outputs.map((id) => world.isOn(id))).toEqual(expected);
      }),
      { numRuns: runs(100) },
    );
  });

  it("each settled press is exactly one click or one hold, by its length", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ on: fc.integer({ min: 20, max: 1500 }), off: fc.integer({ min: 20, max: 1500 }) }), { maxLength: 15 }),
        fc.array(fc.nat(300), { minLength: 1 }),
        (presses, lateness) => {
          const world = new World(config);
          let index = 0;
          const late = () => lateness[index++ % lateness.length] ?? 0;
          let at = world.now;
          for (const { on, off } of presses) {
            world.advance(Math.max(0, at - world.now), late);
            world.edge("porch", true, at);
            at += on;
            // A timer may be late, but an edge that was there before is taken first.
            advanceBefore(world, at, late);
            world.edge("porch", false, at);
            at += off;
            advanceBefore(world, at, late);
          }
          world.advance(longest);
          const expected = presses.flatMap(({ on }) =>
            on < 600
              ? [["press_end", on]]
              : [
                  ["long_press_start", 600],
                  ["long_press_end", on],
                ],
          );
          expect(world.events("porch").map(({ event_type, duration_ms }) => [event_type, duration_ms])).toEqual(expected);
        },
      ),
    );
  });
});

/** Lets timers come up late, but none after `at`: the edge at `at` is in the kernel's queue by then and is taken first. */
function advanceBefore(world: World, at: number, late: () => number): void {
  for (;;) {
    const next = Math.min(...world.timers.values());
    const due = next + late();
    if (due >= at || next === Number.POSITIVE_INFINITY) break;
    world.advance(Math.max(0, next - world.now), () => due - next);
  }
  world.now = Math.max(world.now, at);
}

describe("events that come too late or name nothing", () => {
  it.each<AgentEvent>([
    { type: "timer-due", key: "pulse:lamp", at: 2000 },
    { type: "timer-due", key: "max-on:fan", at: 2000 },
    { type: "timer-due", key: "retry:lamp", at: 2000 },
    { type: "timer-due", key: "settle:porch", at: 2000 },
    { type: "timer-due", key: "hold:porch", at: 2000 },
    { type: "timer-due", key: "pulse:nobody", at: 2000 },
  ])("%o moves and publishes nothing", (event) => {
    const world = new World(config);
    world.control("lamp", "ON");
    const { length } = world.published;
    const writes = world.writes.length;
    world.now = 2000;
    world.dispatch(event);
    expect(world.published).toHaveLength(length);
    expect(world.writes).toHaveLength(writes);
  });
});

describe("what is to be done", () => {
  const plan = planOf(config);
  const edge = { type: "edge", input: 0, edge: "rising", at: 1000 } as const;
  const nothing = { type: "timer-due", key: "pulse:nobody", at: 1000 } as const;

  it("stays as it was told while the next events are decided", () => {
    const state = newState(plan, () => 1);
    const told = reduce(plan, state, edge);
    const before = structuredClone(told);
    reduce(plan, state, { ...edge, at: 2000 });
    expect(told).toEqual(before);
    expect(before).not.toEqual([]);
  });

  it("of an event that threw is not done with the next one", () => {
    const state = newState(plan, () => 1);
    const request = { cause: undefined, pulse: null, answer: null };
    const broken = { type: "output-failed", output: 0, active: true, at: 1000, problem: "broken", request } as unknown as AgentEvent;
    expect(() => reduce(plan, state, broken)).toThrow(TypeError);
    expect(reduce(plan, state, nothing)).toEqual([]);
  });
});
