import type { Canvas, Style } from "../../../tui/view/canvas.ts";

/** Every style that a view may use. */
export const styles: readonly Style[] = [
  "text",
  "dim",
  "bold",
  "title",
  "tab",
  "tab-active",
  "selected",
  "ok",
  "warn",
  "bad",
  "on",
  "off",
  "key",
  "dialog",
];

/** A fixed picture with everything that a view uses: rules that meet a separator, wide glyphs, a dialog over them, every style. */
export function drawPicture(canvas: Canvas): void {
  const middle = Math.floor(canvas.cols / 2);
  const bottom = canvas.rows - 2;
  canvas.put(0, "[1 Topics] 2 Pins", "tab-active", 0, 18);
  canvas.put(0, "gh-01 LIVE", "ok", canvas.cols - 10);
  canvas.rule(1, "Topics ─ 4 msg/s");
  canvas.rule(1, "value", "title", middle + 1);
  canvas.vline(middle, 1, bottom - 1);
  for (let row = 2; row < bottom; row++) {
    canvas.put(row, `  row ${row} 日本語 °C`, styles[row % styles.length] ?? "text", 0, middle);
    canvas.put(row, `é ${row}`, "off", middle + 2);
  }
  canvas.rule(5, "", "dim", middle + 1);
  canvas.rule(bottom, "");
  canvas.put(3, "> selected", "selected", 0, middle);
  canvas.put(6, "│ over 日 │", "dialog", 9, 11);
  canvas.put(bottom + 1, " ?Help q Quit", "key");
  canvas.put(canvas.rows + 3, "outside", "bad");
  canvas.put(4, "outside", "bad", canvas.cols + 1);
}
