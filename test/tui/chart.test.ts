import fc from "fast-check";
import { expect, test } from "vitest";
import { brailleChart, figureText } from "../../tui/chart.ts";
import { resample, type Series, seriesOf } from "../../tui/series.ts";
import { toCells } from "../../tui/shell/cells.ts";
import type { Message } from "../../tui/topic.ts";

function series(values: number[], at = values.map((_, index) => index * 1000), lost: number[] = []): Series {
  return {
    at,
    values,
    low: Math.min(...values),
    high: Math.max(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    lost,
  };
}

const message = (payload: string, at: number): Message => ({
  at,
  number: at,
  bytes: payload,
  size: payload.length,
  retained: "no",
  qos: 0,
});
const memory = (id: string) => ({ id, decoders: [], figures: new Map<number, number | null>() });

test("a rising line goes from the lower left to the upper right", () => {
  expect(brailleChart(series([0, 1, 2, 3]), 4, 2)).toEqual(["  ⣠⠞", "⣠⠞⠁ "]);
});

test("what is on or off is drawn as steps", () => {
  expect(brailleChart(series([0, 0, 1, 1, 0]), 5, 1)).toEqual(["⣀⣀⣸⠉⢹"]);
});

test("a value that never changes is a line in the middle", () => {
  expect(brailleChart(series([5, 5, 5]), 3, 2)).toEqual(["   ", "⠉⠉⠉"]);
});

test("from a lost connection to the next value there is a gap, in lines, in steps and in bars", () => {
  const at = [0, 1000, 2000, 8000, 9000, 10_000];
  const drawn = (values: number[], lost: number[]) => brailleChart(series(values, at, lost), 10, 1);
  expect(drawn([0, 1, 2, 2, 1, 0], [])).toMatchInlineSnapshot(`
    [
      "⣀⡴⠋⠉⠉⠉⠉⠉⠳⣄",
    ]
  `);
  expect(drawn([0, 1, 2, 2, 1, 0], [3000])).toMatchInlineSnapshot(`
    [
      "⣀⡴⠋⠁   ⠈⠳⣄",
    ]
  `);
  expect(drawn([0, 0, 1, 1, 0, 0], [3000])).toMatchInlineSnapshot(`
    [
      "⣀⣀⡏⠁   ⠈⢹⣀",
    ]
  `);
  expect(drawn([0, 1, 0, 1, 0, 1], [3000, 8500])).toMatchInlineSnapshot(`
    [
      "⣀⡏⣇⡀   ⠈⢁⣸",
    ]
  `);
  expect(resample(series([1, 5, 2], [0, 1000, 8000], [3000]), 9)).toEqual([1, 5, 5, 5, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 2]);
  expect(resample(series([1, 5, 2], [0, 1000, 8000], [9000]), 3)).toEqual([1, 5, 2]);
});

test("whatever the values are, every line has its columns and only blanks and Braille", () => {
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), fc.constantFrom(0, 1));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 8 }),
      fc.array(fc.nat(50_000), { maxLength: 5 }),
      (values, columns, rows, lost) => {
        const lines = brailleChart(
          series(
            values,
            undefined,
            lost.sort((a, b) => a - b),
          ),
          columns,
          rows,
        );
        expect(lines.length).toBe(rows);
        for (const line of lines) expect(line).toMatch(new RegExp(`^[ \\u2801-\\u28ff]{${columns}}$`));
      },
    ),
  );
});

test("the last value holds until the next one", () => {
  expect(resample(series([1, 5, 2], [0, 1000, 8000]), 5)).toEqual([1, 5, 5, 5, 2]);
  expect(resample(series([3]), 3)).toEqual([3, 3, 3]);
});

test("the values of one line are found in each message of a history, and what has none is left out", () => {
  const history = ['{"a":{"t":21}}', '{"a":{"t":null}}', "text", '{"a":{"t":"22.5"}}', '{"a":{"t":true}}'].map((payload, at) =>
    message(payload, at),
  );
  expect(seriesOf(history, memory("$.a.t"))).toMatchObject({ at: [0, 3, 4], values: [21, 22.5, 1], low: 1, high: 22.5 });
});

test.each([
  [
    ["21.5", " 7 ", "-1e3", '"8"'],
    [21.5, 7, -1000, 8],
  ],
  [
    ["ON", "off", "true", "FALSE"],
    [1, 0, 1, 0],
  ],
  [["open", "0x10", "1 2", "Infinity", "1e999", "", "--1"], []],
])("of the payloads %j those with a figure are %j", (payloads, values) => {
  expect(
    seriesOf(
      payloads.map((payload, at) => message(payload, at)),
      memory("$"),
    ).values,
  ).toEqual(values);
});

test("a message is read once", () => {
  const of = memory("$");
  const history = [message("1", 0)];
  seriesOf(history, of);
  of.figures.set((history[0] as Message).number, 9);
  expect(seriesOf(history, of).values).toEqual([9]);
});

test.each([
  [21.4, 20.9, 21.6, "21.4"],
  [21.4, 0, 100, "21"],
  [0.0123, 0.01, 0.02, "0.012"],
  [5, 5, 5, "5"],
  [21.25, 21.25, 21.25, "21.25"],
  [3e12, 0, 3e12, "3.00e+12"],
])("%d between %d and %d is written %s", (value, low, high, text) => {
  expect(figureText(value, low, high)).toBe(text);
});

test("without Braille the dots of the upper and the lower half are told apart", () => {
  expect(toCells("⠁⠈⠒⡀⢠⣿⠀", 10, true).join("")).toBe("'''..: ");
});
