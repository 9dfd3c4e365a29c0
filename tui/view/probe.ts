import type { Canvas, Style } from "./canvas.ts";

/** A frame that nobody sees: what stands where, for clicks. One character is one column. */
export class Probe implements Canvas {
  readonly cols: number;
  readonly rows: number;
  readonly #cells: { char: string; style: Style }[];

  constructor(cols: number, rows: number) {
    this.cols = cols;
    this.rows = rows;
    this.#cells = Array.from({ length: cols * rows }, () => ({ char: " ", style: "text" }));
  }

  at(row: number, col: number): { char: string; style: Style } | undefined {
    return row >= 0 && row < this.rows && col >= 0 && col < this.cols ? this.#cells[row * this.cols + col] : undefined;
  }

  put(row: number, text: string, style: Style, col = 0, width?: number): void {
    const points = Array.from(text);
    for (let x = Math.max(0, col); x < Math.min(this.cols, col + (width ?? points.length)); x += 1) {
      const cell = this.at(row, x);
      if (cell !== undefined) Object.assign(cell, { char: points[x - col] ?? " ", style });
    }
  }

  rule(row: number, _title: string, style: Style = "title", col = 0, width = this.cols - col): void {
    this.put(row, "", style, col, width);
  }

  vline(): void {}
}
