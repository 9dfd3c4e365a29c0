import { afterEach, describe, expect, it } from "vitest";
import type { AgentEvent } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { systemClock } from "../../../agent/shell/clock.ts";
import { Lines, type LinesOptions } from "../../../agent/shell/lines.ts";
import { findLine } from "../../../gpio/board.ts";
import { openSim } from "../../../gpio/sim.ts";
import { SimBoard } from "../../../gpio/sim-board.ts";
import { openSimKeys, simKeyAddress } from "../../../gpio/sim-keys.ts";
import { configOf } from "../core/fixture.ts";
import { eventually, silent } from "./fixture.ts";

const chip = "pinctrl-bcm2711";
const config = configOf({
  inputs: { porch: { line: { kind: "gpio", gpio: 17 }, bias: "pull-up", active: "low" } },
  outputs: {
    lamp: { line: { kind: "gpio", gpio: 27 } },
    relay: { line: { kind: "gpio", gpio: 5 }, active: "low", on_start: "on" },
  },
});

let running: Lines | undefined;
afterEach(() => running?.stop());

function world(settings = config, startLevel?: LinesOptions["startLevel"]) {
  const board = new SimBoard("pi4");
  const driver = openSim(board);
  const events: AgentEvent[] = [];
  const plan = planOf(settings);
  const lines = new Lines({
    plan,
    config: settings,
    driver,
    keys: openSimKeys(board),
    resolve: (line) => findLine(line, driver),
    startLevel: startLevel ?? ((output) => plan.outputs[output]?.onStart ?? false),
    clock: systemClock,
    log: silent,
    dispatch: (event) => events.push(event),
  });
  running = lines;
  const types = (wanted: AgentEvent["type"]) => events.filter(({ type }) => type === wanted);
  return { board, events, lines, types };
}

describe("the lines of an agent on the simulated board", () => {
  it("are opened outputs first, each output with its start state, each input with its level", () => {
    const { board, events, lines } = world();
    lines.start();
    expect(events).toMatchObject([
      { type: "output-opened", output: 0, active: false, why: "start" },
      { type: "output-opened", output: 1, active: true, why: "start" },
      { type: "level-read", input: 0, active: false, why: "start" },
    ]);
    expect([board.level(chip, 27), board.level(chip, 5)]).toEqual(["low", "low"]);
    expect(board.lines(chip).flatMap(({ holder }) => holder || [])).toEqual(["pinbus:relay", "pinbus:porch", "pinbus:lamp"]);
    expect(lines.address("porch")).toEqual({ chip, offset: 17 });
  });

  it("are keys of input devices, too: told as edges, lost with their device and read when it is back", async () => {
    const pedal = { line: null, evdev: "Pedal", key: "KEY_F1" };
    const { board, events, lines, types } = world(configOf({ inputs: { pedal } }));
    lines.start();
    const { chip: device, offset } = simKeyAddress({ device: "Pedal", key: "KEY_F1" });
    board.press(device, offset, "high");
    await eventually(() => types("edge")).toMatchObject([{ input: 0, edge: "rising" }]);
    board.removeChip(device);
    await eventually(() => types("input-lost")[0]).toMatchObject({ input: 0, problem: "its device was unplugged" });
    board.returnChip(device);
    await eventually(() => events.at(-1)).toMatchObject({ type: "level-read", input: 0, active: false, why: "chip" });
  });

  it("are looked at before they are driven, where the start level is what is found there", () => {
    const looked: (boolean | undefined)[] = [];
    const { board, events, lines } = world(config, (_, found) => {
      const level = found();
      looked.push(level);
      return level ?? false;
    });
    board.press(chip, 27, "high");
    board.press(chip, 5, "high");
    lines.start();
    expect(looked).toEqual([true, false]);
    expect([board.level(chip, 27), board.level(chip, 5)]).toEqual(["high", "high"]);
    expect(events.slice(0, 2)).toMatchObject([{ active: true }, { active: false }]);
  });

  it("write logical levels and read them", () => {
    const { board, lines } = world();
    lines.start();
    lines.write(0, true);
    lines.write(1, false);
    expect([board.level(chip, 27), board.level(chip, 5)]).toEqual(["high", "high"]);
    expect(lines.read(0)).toBe(false);
  });

  it("hand over edges with the kernel's time in milliseconds", async () => {
    const { board, lines, types } = world();
    lines.start();
    const before = systemClock.now();
    board.press(chip, 17, "low");
    await eventually(() => types("edge")).toHaveLength(1);
    expect(types("edge")[0]).toMatchObject({ input: 0, edge: "rising" });
    const [edge] = types("edge");
    expect(edge?.at).toBeGreaterThanOrEqual(before);
    expect(edge?.at).toBeLessThanOrEqual(systemClock.now());
  });

  it("a busy line is a problem of that line only, names its holder, is asked for again and comes back", async () => {
    const { board, events, lines, types } = world();
    board.hold(chip, 27, "gpio-led");
    lines.start();
    expect(types("output-lost")).toMatchObject([{ output: 0, problem: expect.stringContaining("gpio-led") }]);
    expect(types("output-opened")).toMatchObject([{ output: 1 }]);
    expect(types("level-read")).toHaveLength(1);
    expect(() => lines.write(0, true)).toThrow(/not available/);
    board.free(chip, 27);
    await eventually(() => types("output-opened")).toMatchObject([{ output: 1 }, { output: 0, active: false }]);
    expect(events.at(-1)).toMatchObject({ type: "output-opened", output: 0, why: "chip" });
    lines.write(0, true);
    expect(board.level(chip, 27)).toBe("high");
  });

  it("a chip that is removed makes each line unknown once, and they come back in their start state", async () => {
    const { board, lines, types } = world();
    lines.start();
    lines.write(0, true);
    lines.write(1, false);
    board.removeChip(chip);
    await eventually(() => types("output-lost").length + types("input-lost").length).toBe(3);
    expect(lines.read(0)).toBeUndefined();
    expect(() => lines.write(0, true)).toThrow();
    board.returnChip(chip);
    await eventually(() => types("level-read")).toHaveLength(2);
    expect(types("output-opened").slice(2)).toMatchObject([
      { output: 0, active: false, why: "chip" },
      { output: 1, active: true, why: "chip" },
    ]);
    expect([board.level(chip, 27), board.level(chip, 5)]).toEqual(["low", "low"]);
    board.press(chip, 17, "low");
    await eventually(() => types("edge")).toHaveLength(1);
  });

  it("of a counter hand over the one edge that counts, of an encoder those of both, and go and come back together", async () => {
    const { board, lines, types } = world(
      configOf({
        inputs: {
          meter: { line: { kind: "gpio", gpio: 22 }, kind: "counter", debounce: 0, edge: "falling" },
          slow: { line: { kind: "gpio", gpio: 23 }, debounce: { kernel: 20 } },
          knob: { line: { kind: "gpio", gpio: 24 }, line_b: { kind: "gpio", gpio: 25 }, kind: "encoder", debounce: 0 },
        },
      }),
    );
    lines.start();
    expect(types("level-read")).toMatchObject([{ input: 0 }, { input: 1 }, { input: 2, line: "b" }, { input: 2 }]);
    for (const offset of [22, 23, 25]) for (const level of ["high", "low", "high"] as const) board.press(chip, offset, level);
    await eventually(() => types("edge")).toMatchObject([
      { input: 0, edge: "falling" },
      { input: 2, edge: "rising", line: "b" },
      { input: 2, edge: "falling", line: "b" },
      { input: 2, edge: "rising", line: "b" },
      // The line holds back what has not held for 20 ms.
      { input: 1, edge: "rising" },
    ]);
    expect([lines.idOf({ chip, offset: 24 }), lines.idOf({ chip, offset: 25 }), lines.idOf({ chip, offset: 26 })]).toEqual([
      "knob",
      "knob",
      undefined,
    ]);
    expect([lines.read(2), lines.readSecond(2), lines.readSecond(0)]).toEqual([false, true, undefined]);
    board.removeChip(chip);
    await eventually(() => types("input-lost")).toMatchObject([{ input: 0 }, { input: 1 }, { input: 2 }]);
    board.returnChip(chip);
    await eventually(() => types("level-read")).toHaveLength(8);
    lines.stop();
    expect(board.lines(chip).filter(({ holder }) => holder !== "")).toEqual([]);
  });

  it("of which an encoder gets only one are both given back", () => {
    const { board, lines, types } = world(
      configOf({
        inputs: { knob: { line: { kind: "gpio", gpio: 24 }, line_b: { kind: "gpio", gpio: 25 }, kind: "encoder", debounce: 0 } },
      }),
    );
    board.hold(chip, 25, "gpio-led");
    lines.start();
    expect(types("input-lost")).toMatchObject([{ input: 0, problem: expect.stringContaining("gpio-led") }]);
    expect(board.lines(chip).flatMap(({ holder }) => holder || [])).toEqual(["gpio-led"]);
  });

  it("are free after a stop, and nothing is asked for again", () => {
    const { board, lines, events } = world();
    board.hold(chip, 27, "gpio-led");
    lines.start();
    lines.stop();
    const { length } = events;
    board.free(chip, 27);
    board.press(chip, 17, "low");
    expect(board.lines(chip).filter(({ holder }) => holder !== "")).toEqual([]);
    expect(events).toHaveLength(length);
  });

  it("count progress for the watchdog, also while nothing happens", () => {
    const { lines } = world();
    lines.start();
    const before = lines.progress;
    lines.probe();
    expect(lines.progress).toBeGreaterThan(before);
  });
});
