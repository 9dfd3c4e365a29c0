import { type BrokerFigures, type BrokerRow, trendSeries } from "../broker.ts";
import { type Rect, splitCols, splitRows } from "../layout.ts";
import type { Canvas } from "./canvas.ts";
import { drawChart } from "./chart.ts";
import { separate, title } from "./text.ts";

/** A chart with less says nothing: its title, three rows of dots, and the times. */
export const chartRows = 5;
export const chartCols = 36;

/** How the speeds of these rows went in the last quarter of an hour, two beside each other; as many as there is room for. */
export function drawSpeeds(canvas: Canvas, rect: Rect, figures: BrokerFigures, rows: readonly BrokerRow[]): void {
  const across = rows.length > 1 ? 2 : 1;
  const down = Math.min(Math.ceil(rows.length / across), Math.floor(rect.rows / chartRows));
  let rest = rect;
  for (let line = 0; line < down; line += 1) {
    const [strip, below] = splitRows(rest, Math.floor(rest.rows / (down - line)));
    const cells = across === 1 ? [strip] : splitCols(strip, (strip.cols - 1) >> 1);
    for (const [column, cell] of cells.entries()) drawSpeed(canvas, cell, figures, rows[line * across + column]);
    if (across > 1) separate(canvas, strip, cells[0]?.cols ?? 0);
    rest = below;
  }
}

function drawSpeed(canvas: Canvas, rect: Rect, figures: BrokerFigures, row: BrokerRow | undefined): void {
  if (row === undefined) {
    title(canvas, rect, "", false);
    return;
  }
  const series = trendSeries(figures, row.id);
  if (series !== undefined) {
    drawChart(canvas, rect, `${row.label}/s`, series);
    return;
  }
  const inner = title(canvas, rect, `${row.label}/s`, false);
  canvas.put(inner.row, " not known yet: one figure every 10 s", "dim", inner.col, inner.cols);
}
