import { describe, expect, it } from "vitest";
import { measure, type Row } from "../../../agent/hardware/measure.ts";
import { choosePair } from "../../../agent/hardware/pair.ts";
import { wired } from "../../../agent/hardware/wire.ts";
import type { Driver } from "../../../gpio/driver.ts";
import { openSim } from "../../../gpio/sim.ts";
import { SimBoard } from "../../../gpio/sim-board.ts";
import { loadedOf } from "../doctor/world.ts";

const chip = "pinctrl-bcm2711";
const pair = { out: { chip, offset: 23 }, in: { chip, offset: 24 } };

async function rowsOf(board: SimBoard, wire = true): Promise<Row[]> {
  const driver = openSim(board);
  return measured(wire ? wired(driver, pair) : driver);
}
async function measured(driver: Driver): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of measure(driver, pair)) rows.push(row);
  return rows;
}
const ended = (board: SimBoard) => board.lines(chip).filter(({ offset }) => offset === 23 || offset === 24);

describe("two lines joined by a wire", () => {
  it("on the simulated board everything is ok, and both lines are left as inputs that nobody holds", async () => {
    const board = new SimBoard("pi4");
    const rows = await rowsOf(board);
    expect(rows.filter(({ result }) => result === "not ok")).toEqual([]);
    expect(Object.fromEntries(rows.map(({ what, result }) => [what, result]))).toMatchObject({
      "the wire": "ok",
      edges: "ok",
      "debounce of the line": "ok",
      "a line that is held": "ok",
      "after the program has let go": "seen",
      PWM: "unchecked",
    });
    expect(ended(board)).toEqual([
      expect.objectContaining({ holder: "", direction: "input" }),
      expect.objectContaining({ holder: "", direction: "input" }),
    ]);
  });

  it("without the wire that is said, and nothing else is measured", async () => {
    const board = new SimBoard("pi4");
    expect((await rowsOf(board, false)).at(-1)).toEqual({
      what: "the wire",
      result: "not ok",
      detail: "GPIO24 (pin 18) does not follow GPIO23 (pin 16): check the wire, and that it is on these two pins",
    });
    expect(ended(board)[0]).toMatchObject({ holder: "", direction: "input" });
  });

  it("with something else on them nothing is driven", async () => {
    const board = new SimBoard("pi4");
    board.press(chip, 24, "high");
    const driver = openSim(board);
    const driven: unknown[] = [];
    const watched = { ...wiredParts(driver), openOutput: (...args: unknown[]) => driven.push(args) as never };
    expect(await measured(watched)).toEqual([
      expect.objectContaining({ result: "not ok", detail: expect.stringContaining("something else is on it") }),
    ]);
    expect(driven).toEqual([]);
  });

  it("a line that somebody takes meanwhile is an answer, not a crash", async () => {
    const board = new SimBoard("pi4");
    board.hold(chip, 24, "other");
    expect((await rowsOf(board))[0]).toMatchObject({ result: "not ok", detail: expect.stringContaining("other") });
    expect(ended(board)[1]).toMatchObject({ holder: "other" });
  });
});

function wiredParts(driver: ReturnType<typeof openSim>) {
  return {
    name: driver.name,
    capabilities: driver.capabilities,
    chips: () => driver.chips(),
    lines: (label: string) => driver.lines(label),
    openInput: driver.openInput.bind(driver),
    peek: driver.peek.bind(driver),
    close: () => driver.close(),
  };
}

describe("which lines are taken", () => {
  const chosen = (text: string, asked: Parameters<typeof choosePair>[2] = {}, board = new SimBoard("pi4")) =>
    choosePair(loadedOf(text).config, openSim(board), asked);
  const gpio = (number: number) => ({ kind: "gpio", gpio: number }) as const;

  it("the first two that are free: none of the configuration, none that somebody holds", () => {
    expect(chosen("gpio: { driver: sim }")).toEqual(pair);
    const board = new SimBoard("pi4");
    board.hold(chip, 24, "other");
    const text = "inputs: { knob: { kind: encoder, line: 17, line_b: 27 } }\noutputs: { lamp: { line: pin16 } }";
    expect(chosen(text, {}, board)).toEqual({ out: { chip, offset: 5 }, in: { chip, offset: 6 } });
  });

  it.each([
    ["of an output", { out: gpio(27) }, "GPIO27 (pin 13) is output lamp of the configuration"],
    ["of a bus", { in: gpio(2) }, "GPIO2 (pin 3) may belong to a bus, a console or an add-on board"],
    ["that is held", { out: gpio(5) }, "GPIO5 (pin 29) is held by other"],
    ["that may carry a PWM", { out: gpio(13) }, "GPIO13 (pin 33) is perhaps PWM fan of the configuration"],
    ["twice", { out: gpio(6), in: gpio(6) }, "GPIO6 (pin 31) is named twice"],
  ])("refuses one %s", (_, asked, words) => {
    const board = new SimBoard("pi4");
    board.hold(chip, 5, "other");
    expect(() =>
      chosen("outputs: { lamp: { line: 27 } }\npwm: { fan: { chip: fe20c000.pwm, channel: 1, kind: fan } }", asked, board),
    ).toThrow(words);
  });
});
