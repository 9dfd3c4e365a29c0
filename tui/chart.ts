import { isBinary, lossBetween, type Series } from "./series.ts";

/** Dots of a Braille character, by row from the top and by column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * A line chart of `rows` lines of `columns` Braille characters, 2 x 4 dots each. The time goes from the first to the last value;
 * what is only 0 and 1 is drawn as steps. From a lost connection to the next value there is a gap.
 */
export function brailleChart(series: Series, columns: number, rows: number): string[] {
  const [width, height] = [columns * 2, rows * 4];
  const cells = new Uint8Array(columns * rows);
  const steps = isBinary(series);
  const { at, values } = series;
  const [low, high] = steps ? [0, 1] : [series.low, series.high];
  const first = at[0] ?? 0;
  const span = (at.at(-1) ?? first) - first;
  const columnOf = (moment: number) => (span > 0 ? Math.round(((moment - first) / span) * (width - 1)) : width - 1);
  const x = (index: number) => columnOf(at[index] ?? first);
  // A value that never changes is a line in the middle.
  const y = (value: number) => (high > low ? Math.round(((high - value) / (high - low)) * (height - 1)) : height >> 1);
  const dot = (column: number, row: number) => {
    const cell = (row >> 2) * columns + (column >> 1);
    cells[cell] = (cells[cell] ?? 0) | (dots[row & 3]?.[column & 1] ?? 0);
  };
  const upright = (column: number, from: number, to: number) => {
    for (let row = Math.min(from, to); row <= Math.max(from, to); row += 1) dot(column, row);
  };
  for (const [index, value] of values.entries()) {
    const [right, to] = [x(index), y(value)];
    const left = index === 0 ? right : x(index - 1);
    const from = index === 0 ? to : y(values[index - 1] ?? value);
    const loss = index === 0 ? undefined : lossBetween(series, at[index - 1] ?? first, at[index] ?? first);
    const known = loss === undefined ? right : columnOf(loss);
    for (let column = left + 1, last = from; column <= right; column += 1) {
      const row = steps ? (column === right ? to : from) : Math.round(from + ((to - from) * (column - left)) / (right - left));
      if (column <= known && (loss === undefined || column < right)) upright(column, last, row);
      last = row;
    }
    if (loss !== undefined) dot(right, to);
    else if (left === right) upright(right, from, to);
  }
  // No dot is a blank and not U+2800, which some fonts draw.
  const line = (row: number) =>
    Array.from(cells.subarray(row * columns, (row + 1) * columns), (each) => (each === 0 ? " " : String.fromCharCode(0x2800 + each)));
  return Array.from({ length: rows }, (_, row) => line(row).join(""));
}

/** A figure in as many characters as tell it from the others between `low` and `high`. */
export function figureText(value: number, low: number, high: number): string {
  const span = high - low;
  if (Math.abs(value) >= 1e9 || (value !== 0 && Math.max(Math.abs(low), Math.abs(high)) < 1e-3)) return value.toExponential(2);
  const decimals = span > 0 ? Math.ceil(0.5 - Math.log10(span)) : decimalsOf(value);
  return value.toFixed(Math.max(0, Math.min(6, decimals)));
}

function decimalsOf(value: number): number {
  return String(value).split(".")[1]?.length ?? 0;
}
