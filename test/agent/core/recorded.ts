import fc from "fast-check";
import { ruleSeqId } from "../../../agent/core/kept.ts";
import type { SwitchWord } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { eventText, reloadText, snapshotText } from "../../../agent/core/recording.ts";
import type { Config } from "../../../config/schema.ts";
import { configOf, controller, rule, when } from "./fixture.ts";
import type { World } from "./world.ts";
import { firstSeq } from "./world-reload.ts";

const line = (gpio: number) => ({ kind: "gpio" as const, gpio });

const heats = {
  sensor: "cpu",
  effect: "raise",
  setpoint: 20,
  on: [["heater", "on"]] as [string, string][],
  off: [["heater", "off"]] as [string, string][],
  on_broker_lost: { after: 50, do: "off" },
} as const;

/** Two configurations between which a story reloads: what one has and the other has not, other times, another order, another line. */
export const configs: Readonly<Record<"before" | "after", Config>> = {
  before: configOf({
    inputs: {
      porch: { line: line(2), hold: 400 },
      bell: { line: line(3), debounce: 0 },
      meter: { line: line(10), kind: "counter", debounce: 0, report: 100 },
      knob: { line: line(4), repeat: 70, events: ["multi_press"] },
    },
    outputs: {
      lamp: { line: line(20), max_on: 900, identify: "on" },
      up: { line: line(22), interlock: "blind", min_on: 80, identify: "on" },
      down: { line: line(23), interlock: "blind", on_broker_lost: { do: "off", after: 250 } },
      siren: { line: line(25), max_on: 700 },
      pump: { line: line(24), min_off: 300, on_start: "last", pulse: { default: 50, max: 2000 } },
    },
    rules: {
      toggles: when("porch press", ["lamp", "toggle"]),
      raises: when("knob click", ["up", "toggle"]),
      lowers: when("knob double", ["down", "toggle"]),
      pumps: when("bell press", ["pump", "pulse", 300]),
      flashes: rule(
        [{ input: "porch", is: "on", for: 60 }, { broker: "lost" }, { peer: "plug", is: "offline" }, { topic: "horn", payload: "go" }],
        [{ output: "siren", flash: { total: 500, on: 60, off: 40 }, until: [{ topic: "quiet" }, { topic: "horn", payload: "stop" }] }],
      ),
      cools: rule([{ sensor: "cpu", above: 5, hysteresis: 3, for: 40 }], [{ publish: "fan", payload: "on" }], {
        and: [{ sensor: "attic.temperature", below: 1e6 }],
        else: [{ publish: "fan", payload: "off", after: 30 }],
        on_stale: "else",
        on_broker_lost: [{ do: "else", after: 20 }],
        min_off: 60,
        repeat: 90,
      }),
      echoes: rule([{ rule: "toggles" }], [{ output: "siren", set: "toggle", after: 30 }, { publish: "elsewhere" }], {
        unless: [{ output: "up", is: "on" }],
      }),
    },
    controllers: {
      heats: controller({ ...heats, pid: { kp: 3, ki: 0.5, kd: 1 }, cycle: 120, min_on: 10 }),
      holds: controller({ sensor: "attic", effect: "lower", setpoint: 4, hysteresis: 2, output: "pump" }),
    },
    sensors: { attic: { every: 1000, stale_after: 1500 }, cpu: { every: 400 } },
    peers: { plug: { topic: "plug/LWT", online: "Online", offline: "Offline" } },
    start_spacing: 40,
    interlocks: { blind: { dead_time: 120, mode: "switch" } },
  }),
  after: configOf({
    inputs: {
      knob: { line: line(4), window: 90, events: ["multi_press"] },
      gate: { line: line(9) },
      porch: { line: line(2), debounce: 5 },
    },
    outputs: {
      fan: { line: line(26), on_start: "last", on_broker_lost: { do: "on", after: 350 } },
      down: { line: line(23), interlock: "blind" },
      up: { line: line(22), interlock: "blind", min_on: 20, on_broker_lost: { do: "off", after: 90 } },
      lamp: { line: line(21), max_on: 50 },
    },
    controllers: { heats: controller({ ...heats, pid: { kp: 5, ki: 0, kd: 0 }, cycle: 90 }) },
    sensors: { cpu: { every: 250 }, tank: {}, attic: { every: 1000, stale_after: 1500, path: "/other" } },
    rules: { toggles: when("porch press", ["lamp", "toggle"]), fans: when("gate hold", ["fan", "toggle"]) },
    interlocks: { blind: { dead_time: 40, mode: "refuse" } },
  }),
};

export type Name = keyof typeof configs;
/** How a configuration stands in a recording of these tests: by its name. */
export const planBy = (name: string) => planOf(configs[name as Name]);

const words = fc.constantFrom<SwitchWord[]>("ON", "OFF", "TOGGLE", "PULSE");
const output = fc.constantFrom("lamp", "up", "down", "pump", "fan", "siren");
const input = fc.constantFrom("porch", "knob", "bell", "gate", "meter");
const sensor = fc.constantFrom("attic", "cpu", "tank");
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.oneof(fc.nat(30), fc.nat(600)), late: fc.nat(40) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("edge" as const), input, ago: fc.double({ min: 0, max: 40, noNaN: true }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("mqtt" as const), output, word: words, id: fc.nat(3), bytes: fc.uint8Array({ maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("control" as const), output, word: words }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("identify" as const), output, id: fc.constantFrom(null, "i-1") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lock" as const), output, locked: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("break" as const), output, broken: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("chip" as const), output, there: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("gap" as const), input, count: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("reading" as const),
      sensor,
      answer: fc.oneof(fc.integer(), fc.integer({ min: 0, max: 30 }), fc.constant("CRC error")),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("link" as const), online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rule" as const), enabled: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("controller" as const),
      payload: fc.constantFrom("ON", "OFF", "15", '{"setpoint":null,"id":"a"}', "?"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("peer" as const), online: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("message" as const),
      topic: fc.constantFrom("horn", "quiet", "nobody"),
      payload: fc.constantFrom("go", "stop", "\u2028\ud800", ""),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clock" as const), jump: fc.integer({ min: -1e9, max: 1e9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reload" as const), to: fc.constantFrom<Name[]>("before", "after") }) },
);
export const story = fc.array(step, { maxLength: 30, size: "max" });
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

export function play(world: World, steps: readonly Step[]): void {
  for (const each of steps) {
    if ("output" in each && !world.plan.outputIndex.has(each.output)) continue;
    if ("input" in each && !world.plan.inputIndex.has(each.input)) continue;
    if ("sensor" in each && !world.plan.sensorIndex.has(each.sensor)) continue;
    if (each.do === "wait") world.advance(each.ms, () => each.late);
    else if (each.do === "edge") world.edge(each.input, !world.inputs[world.input(each.input)], world.now - each.ago);
    else if (each.do === "control") world.control(each.output, each.word);
    else if (each.do === "reading") world.reading(each.sensor, each.answer);
    else if (each.do === "lock") world.lock(each.output, each.locked);
    else if (each.do === "identify") world.identify(each.output, 2000, each.id);
    else if (each.do === "rule")
      world.dispatch({ type: "rule-control-received", rule: 0, enabled: each.enabled, from: "cli", at: world.now });
    else if (each.do === "controller") world.controller("heats", each.payload);
    else if (each.do === "message") world.message(each.topic, each.payload);
    else if (each.do === "break") world.breakOutput(each.output, each.broken);
    else if (each.do === "chip") {
      if (each.there) world.returnOutput(each.output);
      else world.loseOutput(each.output);
    } else if (each.do === "link") world.link(each.online);
    else if (each.do === "peer") {
      if (world.plan.peers.length > 0) world.dispatch({ type: "peer-changed", peer: 0, online: each.online, at: world.now });
    } else if (each.do === "gap") world.dispatch({ type: "edges-lost", input: world.input(each.input), count: each.count, at: world.now });
    else if (each.do === "clock") world.dispatch({ type: "clock-read", offset: 1.79e12 + each.jump * 1000, set: true, at: world.now });
    else if (each.do === "reload") world.reload(configs[each.to]);
    else {
      const payload = JSON.stringify({ state: each.word, id: `c-${each.id}` });
      world.mqtt(each.output, payload, { responseTopic: each.id === 0 ? "answers" : null, correlationData: each.bytes });
    }
  }
}

/** Records the world from now on, as `agent/shell/recorder.ts` does; returns the lines, which grow. */
export function record(world: World): string[] {
  const nameOf = (config: Config) => (config === configs.before ? "before" : "after");
  const { now: at, state, timers } = world;
  const lines = [snapshotText({ at, config: nameOf(world.config), state, timers: [...timers] })];
  world.turned = (event, effects) => lines.push(eventText(world.plan, event, effects));
  world.reloaded = ({ anew, at }, effects) => {
    const kept = Object.fromEntries(world.plan.outputs.map(({ id }) => [id, world.onDisk(id)]));
    const numbers = Object.fromEntries(
      [...world.plan.inputs.map(({ id }) => id), ...world.plan.rules.map(({ id }) => ruleSeqId(id))].map((id) => [id, firstSeq]),
    );
    const enabled = Object.fromEntries(world.rulesOnDisk);
    const totals = Object.fromEntries(world.plan.inputs.flatMap(({ id, counter }) => (counter ? [[id, world.total(id)]] : [])));
    lines.push(
      reloadText(world.plan, { at, config: nameOf(world.config), anew: [...anew], firstSeq: numbers, kept, totals, enabled }, effects),
    );
  };
  return lines;
}
