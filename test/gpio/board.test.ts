import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BoardKind, boardChips, describeLine, findLine, headerPin, type Lines, readOnce } from "../../gpio/board.ts";
import { headerPins } from "../../gpio/header.ts";
import type { LineName } from "../../gpio/line.ts";
import { SimBoard } from "../../gpio/sim-board.ts";

const kinds: BoardKind[] = ["pi1", "pi4", "pi5"];
const header = { pi1: "pinctrl-bcm2835", pi4: "pinctrl-bcm2711", pi5: "pinctrl-rp1" };
const gpioPins = [...headerPins].flatMap(([pin, what]) => (typeof what === "number" ? [{ pin, gpio: what }] : []));
const nothing: Lines = { chips: () => [], lines: () => [] };

describe.each(kinds)("the lines of a %s", (kind) => {
  const board = new SimBoard(kind);
  const chip = header[kind];

  test("a GPIO number, its header pin and its name are the same line, found by the chip's label", () => {
    for (const { pin, gpio } of gpioPins) {
      const address = { chip, offset: gpio };
      expect(findLine({ kind: "gpio", gpio }, board)).toEqual(address);
      expect(findLine({ kind: "pin", pin }, board)).toEqual(address);
      expect(findLine({ kind: "name", name: gpio < 2 ? ["ID_SDA", "ID_SCL"][gpio] : `GPIO${gpio}` } as LineName, board)).toEqual(address);
      expect(headerPin(address)).toBe(pin);
    }
  });

  test("a chip's number and order decide nothing", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(board.chips(), { minLength: board.chips().length }), fc.nat(27), (chips, gpio) => {
        const moved = {
          chips: () => chips.map((info, i) => ({ ...info, name: `gpiochip${7 - i}` })),
          lines: (label: string) => board.lines(label),
        };
        expect(findLine({ kind: "gpio", gpio }, moved)).toEqual({ chip, offset: gpio });
      }),
    );
  });

  test("a supply pin is no line, and the message says what it is", () => {
    for (const [pin, what] of headerPins)
      if (typeof what === "string") expect(() => findLine({ kind: "pin", pin }, board)).toThrow(`pin${pin} is ${what}, not a GPIO`);
  });

  test("a line outside the chip is refused with the range", () => {
    const lines = boardChips[kind].find(({ label }) => label === chip)?.lines ?? 0;
    expect(() => findLine({ kind: "gpio", gpio: lines }, board)).toThrow(
      `GPIO${lines} does not exist: ${chip} has GPIO0 to GPIO${lines - 1}`,
    );
    expect(() => findLine({ kind: "offset", chip, offset: lines }, board)).toThrow(
      `${chip} has no line ${lines}: it has lines 0 to ${lines - 1}`,
    );
  });
});

describe("names that lead nowhere", () => {
  const board = new SimBoard("pi4");

  test("a misspelt line name is answered with the nearest one", () => {
    expect(() => findLine({ kind: "name", name: "ID_SDO" }, board)).toThrow(/no line is called ID_SDO; did you mean ID_SDA\?/);
    expect(() => findLine({ kind: "name", name: "PWR_LED_OF" }, board)).toThrow(/did you mean PWR_LED_OFF\?/);
  });

  test("a name that is like no other is answered with names that exist", () => {
    expect(() => findLine({ kind: "name", name: "zzzzzz" }, board)).toThrow(/the names are ID_SDA, ID_SCL, GPIO2/);
  });

  test("a misspelt label is answered with the nearest one, a chip's number with the reason", () => {
    expect(() => findLine({ kind: "offset", chip: "pinctrl-bcm2771", offset: 1 }, board)).toThrow(/did you mean pinctrl-bcm2711\?/);
    expect(() => findLine({ kind: "offset", chip: "gpiochip0", offset: 1 }, board)).toThrow(/gpiochip0 is a number that moves/);
  });

  test("without any chip the message says so", () => {
    expect(() => findLine({ kind: "gpio", gpio: 17 }, nothing)).toThrow(/GPIO17: no chip with the 40-pin header .* no GPIO chip is here/);
    expect(() => findLine({ kind: "name", name: "FAN" }, nothing)).toThrow(/the lines have no names here/);
  });

  test("on a computer that is no Pi the other chips are named with the way to write a line", () => {
    const pc = { chips: () => [{ label: "INT34C5:00", name: "gpiochip0", lines: 200 }], lines: () => [] };
    expect(() => findLine({ kind: "pin", pin: 11 }, pc)).toThrow(/pin11 \(GPIO17\): .*line: \{chip: INT34C5:00, offset: …\}/);
    expect(findLine({ kind: "offset", chip: "INT34C5:00", offset: 3 }, pc)).toEqual({ chip: "INT34C5:00", offset: 3 });
  });
});

describe("line names of the device tree", () => {
  test("GPIO17 is found by number where lines have no names, as in sysfs", () => {
    const board = new SimBoard("pi5");
    const nameless = { chips: () => board.chips(), lines: (label: string) => board.lines(label).map((line) => ({ ...line, name: "" })) };
    expect(findLine({ kind: "name", name: "GPIO17" }, nameless)).toEqual({ chip: "pinctrl-rp1", offset: 17 });
  });

  test("a name on the header wins over the same name elsewhere, and two others are told apart by the person", () => {
    const named = (labels: string[]): Lines => ({
      chips: () => labels.map((label, i) => ({ label, name: `gpiochip${i}`, lines: 1 })),
      lines: () => [{ offset: 0, name: "LED", holder: "", direction: "input" }],
    });
    expect(findLine({ kind: "name", name: "LED" }, named(["mcp23017", "pinctrl-rp1"]))).toEqual({ chip: "pinctrl-rp1", offset: 0 });
    expect(() => findLine({ kind: "name", name: "LED" }, named(["mcp23017", "pcf8574"]))).toThrow(
      /line 0 of mcp23017 and line 0 of pcf8574/,
    );
  });

  test("each chip is asked once in a turn for all of them, and again in the next: it may be another one by then", async () => {
    const board = new SimBoard("pi5");
    const asked: string[] = [];
    const once = readOnce({
      chips() {
        asked.push("chips");
        return board.chips();
      },
      lines(label) {
        asked.push(label);
        return board.lines(label);
      },
    });
    const find = () => {
      for (let gpio = 2; gpio < 28; gpio++) findLine({ kind: "name", name: `GPIO${gpio}` }, once);
    };
    const whole = ["chips", "gpio-brcmstb@107d508500", "pinctrl-rp1"];
    find();
    expect(asked).toEqual(whole);
    await new Promise((resolve) => setImmediate(resolve));
    find();
    expect(asked).toEqual([...whole, ...whole]);
  });

  test("a line is described as a person would look for it", () => {
    expect(describeLine({ chip: "pinctrl-rp1", offset: 17 })).toBe("GPIO17 (pin 11)");
    expect(describeLine({ chip: "pinctrl-bcm2711", offset: 42 })).toBe("GPIO42");
    expect(describeLine({ chip: "raspberrypi-exp-gpio", offset: 3 })).toBe("line 3 of raspberrypi-exp-gpio");
    expect(headerPin({ chip: "raspberrypi-exp-gpio", offset: 3 })).toBeUndefined();
  });
});
