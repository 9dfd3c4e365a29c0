/** A line of bars of the last values: how a figure went, in one row. */

const bars = "▁▂▃▄▅▆▇█";

/**
 * `width` columns, the newest at the right; `slots` is how many values the whole width stands for, and NaN a moment that nobody knows: it
 * stays blank. A column shows the mean of its values between `low` and `high`.
 */
export function spark(values: readonly number[], slots: number, width: number, low: number, high: number): string {
  let text = "";
  for (let column = 0; column < width; column += 1) {
    const from = values.length - slots + Math.floor((column * slots) / width);
    const to = Math.max(from + 1, values.length - slots + Math.floor(((column + 1) * slots) / width));
    const known = values.slice(Math.max(0, from), Math.max(0, to)).filter((value) => !Number.isNaN(value));
    if (known.length === 0) {
      text += " ";
      continue;
    }
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    const level = high > low ? Math.round(((mean - low) / (high - low)) * (bars.length - 1)) : 0;
    text += bars[Math.max(0, Math.min(bars.length - 1, level))];
  }
  return text;
}

/** The same from 0 to the largest of them. */
export function sparkFromZero(values: readonly number[], slots: number, width: number): string {
  return spark(values, slots, width, 0, Math.max(0, ...values.filter((value) => !Number.isNaN(value))));
}
