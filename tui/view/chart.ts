import { brailleChart, figureText } from "../chart.ts";
import { age, time } from "../format.ts";
import type { Rect } from "../layout.ts";
import { isBinary, resample, type Series } from "../series.ts";
import { spark } from "../spark.ts";
import type { Canvas } from "./canvas.ts";
import { fittingTitle, putRight, right, title } from "./text.ts";

/** With more time than this a label needs no seconds. */
const coarse = 20 * 60_000;

/** The numbers of one line of the value: one row of bars, or a chart with axes where there is room. */
export function drawChart(canvas: Canvas, rect: Rect, id: string, series: Series): void {
  const { low, high, mean, at, values } = series;
  const text = (value: number) => figureText(value, low, high);
  const end = (value: number) => (Number.isInteger(low) && Number.isInteger(high) && Math.abs(value) < 1e9 ? String(value) : text(value));
  const span = age((at.at(-1) ?? 0) - (at[0] ?? 0));
  const name = id === "$" ? "value" : id.replace(/^\$\.?/, "").slice(0, rect.cols >> 1);
  const tall = rect.rows > 2;
  const least = `${name} - ${end(low)}..${end(high)}`;
  const short = `${least} - last ${span}`;
  const long = `${name} - min ${end(low)} avg ${low === high ? end(low) : text(mean)} max ${end(high)} - ${span}`;
  const inner = title(canvas, rect, tall ? fittingTitle(rect.cols, [long, short, least]) : short, false);
  if (!tall) {
    const columns = Math.max(1, inner.cols - 2);
    canvas.put(inner.row, ` ${spark(resample(series, columns), columns, columns, low, high)}`, "text", inner.col, inner.cols);
    return;
  }
  const rows = inner.rows - 1;
  const steps = isBinary(series);
  // A value that never changes is in the middle.
  const labels = Array.from({ length: rows }, (_, row) => {
    if (steps) return row === 0 ? "1" : row === rows - 1 ? "0" : "";
    if (high === low) return row === rows >> 1 ? text(low) : "";
    return text(high - ((high - low) * row) / Math.max(1, rows - 1));
  });
  const width = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(1, inner.cols - width - 3);
  for (const [row, dots] of brailleChart(series, columns, rows).entries()) {
    canvas.put(inner.row + row, ` ${right(labels[row] ?? "", width)}`, "dim", inner.col, width + 1);
    canvas.put(inner.row + row, dots, values.length > 0 ? "text" : "dim", inner.col + width + 2, columns);
  }
  drawTimes(canvas, { row: inner.row + rows, col: inner.col + width + 2, rows: 1, cols: columns }, at[0] ?? 0, at.at(-1) ?? 0);
}

function drawTimes(canvas: Canvas, { row, col, cols }: Rect, from: number, to: number): void {
  const label = (at: number) => (to - from > coarse ? time(at).slice(0, 5) : time(at));
  const width = label(from).length;
  if (cols < width * 2 + 2) return;
  canvas.put(row, label(from), "dim", col, width);
  putRight(canvas, row, label(to), "dim", col + cols - width, width);
  if (cols >= width * 3 + 6) canvas.put(row, label((from + to) / 2), "dim", col + ((cols - width) >> 1), width);
}
