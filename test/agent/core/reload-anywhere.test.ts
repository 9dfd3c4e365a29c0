import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineChanges } from "../../../agent/core/reload.ts";
import type { Config } from "../../../config/schema.ts";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const line = (gpio: number) => ({ kind: "gpio" as const, gpio });

/** What no reload touches: outputs, two of them interlocked, inputs, the rules between them, and a sensor. */
const untouched = {
  outputs: {
    lamp: { line: line(20), max_on: 2900, on_exit: "on" as const, identify: "on" as const },
    gate: { line: line(21), pulse: 300, active: "low" as const },
    up: { line: line(22), interlock: "blind", min_on: 80, on_start: "on" as const, identify: "on" as const },
    down: { line: line(23), interlock: "blind", on_broker_lost: { do: "off" as const, after: 250 } },
    pump: {
      line: line(24),
      min_off: 300,
      identify: "on" as const,
      on_start: "last" as const,
      on_broker_lost: { do: "on" as const, after: 350 },
    },
  },
  inputs: {
    porch: { line: line(2), hold: 400 },
    bell: { line: line(3), debounce: 0 },
    knob: { line: line(4), debounce: 5, hold: 150, window: 200, repeat: 70 },
  },
  rules: {
    toggles: when("porch press", ["lamp", "toggle"]),
    pulses: when("bell press", ["gate", "pulse"]),
    holds: when("porch hold", ["gate", "on", 200]),
    raises: when("knob click", ["up", "toggle"]),
    lowers: when("knob double", ["down", "toggle"]),
    pumps: when("knob repeat", ["pump", "toggle"]),
  },
  sensors: { attic: { every: 300, stale_after: 500 } },
  interlocks: { blind: { dead_time: 120, mode: "switch" as const } },
};

interface Other {
  id: string;
  gpio: number;
  active: "high" | "low";
  on_start: "on" | "off";
  max_on: number | null;
  lost: number | null;
  debounce: number;
  rule: boolean;
}

/**
 * A configuration with `others` around and between what stays, in an order of its own. By its number at the start a sensor gets its place in the second,
 * so there it is the first.
 */
function configWith(others: readonly Other[], first: boolean, atStart = false): Config {
  const own = Object.fromEntries(
    others.map(({ id, gpio, active, on_start, max_on, lost }) => {
      // A changed membership is refused, so it goes by the id.
      const interlock = id < "c" ? "others" : null;
      const on_broker_lost = lost === null ? null : { do: "off" as const, after: lost };
      return [
        `o-${id}`,
        { line: line(gpio), active, on_start: interlock ? ("off" as const) : on_start, max_on, min_on: 10, interlock, on_broker_lost },
      ];
    }),
  );
  const keys = Object.fromEntries(
    others.map(({ id, gpio, active, debounce, max_on }) => [
      `i-${id}`,
      { line: line(gpio + 100), active, debounce, window: max_on ?? 90, repeat: 60 },
    ]),
  );
  const rules = Object.fromEntries(
    others.flatMap(({ id, rule }) => (rule ? [[`r-${id}`, when(`i-${id} double`, [`o-${id}`, "toggle"])]] : [])),
  );
  const probes = Object.fromEntries(others.map(({ id, gpio, debounce }) => [`s-${id}`, { every: 100 + debounce, path: `/${gpio}` }]));
  const { outputs, inputs } = untouched;
  const merge = <A, B>(a: A, b: B) => (first ? { ...a, ...b } : { ...b, ...a });
  const interlocks = merge(untouched.interlocks, { others: { dead_time: first ? 40 : 90, mode: "switch" as const } });
  const sensors = atStart ? { ...untouched.sensors, ...probes } : merge(untouched.sensors, probes);
  return configOf({ outputs: merge(outputs, own), inputs: merge(inputs, keys), sensors, rules: merge(untouched.rules, rules), interlocks });
}

const others: fc.Arbitrary<Other[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom("a", "b", "c", "d"),
    gpio: fc.integer({ min: 30, max: 33 }),
    active: fc.constantFrom("high" as const, "low" as const),
    on_start: fc.constantFrom("on" as const, "off" as const),
    max_on: fc.constantFrom(null, 50, 700),
    lost: fc.constantFrom(null, 60, 400),
    debounce: fc.constantFrom(0, 20, 50),
    rule: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 4 },
);

type Step =
  | { do: "wait"; ms: number }
  | { do: "edge"; input: string; level: boolean }
  | { do: "command"; output: string; word: "ON" | "OFF" | "TOGGLE" | "PULSE"; forMs: number | null }
  | { do: "break"; output: string; broken: boolean }
  | { do: "lock"; output: string; locked: boolean }
  | { do: "identify"; output: string; forMs: number }
  | { do: "reading"; sensor: string; answer: number | string }
  | { do: "link"; online: boolean };

const output = fc.constantFrom("lamp", "gate", "up", "down", "pump", "o-a", "o-b");
const input = fc.constantFrom("porch", "bell", "knob", "knob", "i-a", "i-b");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("wait" as const), ms: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 5, max: 60 })) }),
  fc.record({ do: fc.constant("edge" as const), input, level: fc.boolean() }),
  fc.record({
    do: fc.constant("command" as const),
    output,
    word: fc.constantFrom("ON" as const, "OFF" as const, "TOGGLE" as const, "PULSE" as const),
    forMs: fc.constant(null),
  }),
  fc.record({ do: fc.constant("break" as const), output, broken: fc.boolean() }),
  fc.record({ do: fc.constant("lock" as const), output, locked: fc.boolean() }),
  fc.record({ do: fc.constant("identify" as const), output, forMs: fc.constantFrom(1000, 3000) }),
  fc.record({
    do: fc.constant("reading" as const),
    sensor: fc.constantFrom("attic", "s-a", "s-b"),
    answer: fc.oneof(fc.nat(30), fc.constant("CRC error")),
  }),
  fc.record({ do: fc.constant("link" as const), online: fc.boolean() }),
);

function startedWith(config: Config): World {
  const world = new World(config);
  world.dispatch({ type: "started", held: false, at: world.now });
  return world;
}

function play(world: World, steps: readonly Step[]): void {
  for (const each of steps) {
    if (each.do === "wait") world.advance(each.ms);
    else if (each.do === "link") world.link(each.online);
    else if (each.do === "edge") {
      if (world.plan.inputIndex.has(each.input)) world.edge(each.input, each.level);
    } else if (each.do === "reading") {
      if (world.plan.sensorIndex.has(each.sensor)) world.reading(each.sensor, each.answer);
    } else if (!world.plan.outputIndex.has(each.output)) continue;
    else if (each.do === "break") world.breakOutput(each.output, each.broken);
    else if (each.do === "lock") world.lock(each.output, each.locked);
    else if (each.do === "identify") world.identify(each.output, each.forMs);
    else world.control(each.output, each.word, each.forMs);
  }
}

/** All that can be seen of what no reload touches: moves of wires, publications with their times, timers, history. */
function seen(world: World) {
  const ids = [untouched.outputs, untouched.inputs, untouched.sensors].flatMap((items) => Object.keys(items));
  const own = (topic: string) => ids.some((id) => topic.includes(`/${id}/`));
  return {
    moves: world.moves.filter((move) => ids.includes(move.split(" ")[0] ?? "")),
    reads: world.reads.filter((read) => read.startsWith("attic ")),
    sensors: Object.keys(untouched.sensors).map((id) => world.state.sensors[world.plan.sensorIndex.get(id) ?? -1]),
    published: world.published.filter(({ topic }) => own(topic)),
    timers: [...world.timers].filter(([key]) => ids.includes(key.split(":")[1] ?? "")).sort(),
    outputs: Object.keys(untouched.outputs).map((id) => world.outputState(id)),
    kept: Object.keys(untouched.outputs).map((id) => world.onDisk(id)),
    blinks: Object.keys(untouched.outputs).map((id) => world.state.patterns[world.output(id)]),
    inputs: Object.keys(untouched.inputs).map((id) => world.state.inputs[world.input(id)]),
    rules: Object.keys(untouched.rules).map((id) => world.state.rules[world.plan.rules.findIndex((rule) => rule.id === id)]),
  };
}

describe("a reload at any moment", () => {
  it("leaves what it does not touch exactly as if there had been none", () => {
    const cases = fc.tuple(
      others,
      others,
      fc.boolean(),
      fc.boolean(),
      fc.array(step, { maxLength: 12 }),
      fc.array(step, { maxLength: 12 }),
    );
    fc.assert(
      fc.property(cases, ([from, to, first, then, before, after]) => {
        const mine = (each: Step) =>
          !("output" in each && each.output.startsWith("o-")) &&
          !("input" in each && each.input.startsWith("i-")) &&
          !("sensor" in each && each.sensor.startsWith("s-"));
        const with_ = startedWith(configWith(from, first, true));
        play(with_, before);
        with_.reload(configWith(to, then));
        play(with_, after);
        with_.advance(2000);
        const without = startedWith(configOf(untouched));
        play(without, [...before, ...after].filter(mine));
        without.advance(2000);
        assert.deepEqual(seen(with_), seen(without));
      }),
      { numRuns: runs(600) },
    );
  });

  it("lets go of every output that leaves its line in its exit state, and starts every new one in its start state", () => {
    fc.assert(
      fc.property(others, others, fc.array(step, { maxLength: 12 }), (from, to, before) => {
        const world = new World(configWith(from, true));
        play(
          world,
          before.filter((each) => each.do !== "break"),
        );
        const [old, now] = [configWith(from, true), configWith(to, true)];
        const lines = new Map(world.plan.outputs.map(({ id }, index) => [id, world.outputs[index]]));
        const { leaving, anew } = lineChanges(old, now, (a, b) => JSON.stringify(a) === JSON.stringify(b));
        const written = new Set(world.writes);
        world.reload(now);
        for (const id of leaving) expect(lines.get(id)?.active, `${id} goes to its exit state`).toBe(false);
        for (const { request } of world.writes.filter((write) => !written.has(write))) expect(request.cause.kind).toBe("reload");
        for (const { id, onStart, onBrokerLost } of world.plan.outputs) {
          if (lines.has(id) && !anew.has(id)) continue;
          const { locked, cause } = world.outputState(id);
          const on =
            onStart && !locked && (onBrokerLost === null || world.now < (world.state.offlineSince ?? world.now) + onBrokerLost.after);
          expect([world.isOn(id), cause.kind], id).toEqual([on, "reload"]);
        }
        for (const { id, stateTopic, attrTopic } of [...lines.keys()].flatMap((id) => ({
          id,
          stateTopic: `pinbus/garage/out/${id}/state`,
          attrTopic: `pinbus/garage/out/${id}/attr`,
        }))) {
          const gone = !world.plan.outputIndex.has(id);
          for (const topic of [stateTopic, attrTopic]) expect(world.payloads(topic).at(-1) === "", topic).toBe(gone);
        }
      }),
      { numRuns: runs(600) },
    );
  });
});
