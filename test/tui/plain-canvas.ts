import type { Canvas, Style } from "../../tui/view/canvas.ts";

/** A canvas of characters, for looking at views without a terminal. One character is one column. */
export class PlainCanvas implements Canvas {
  readonly cols: number;
  readonly rows: number;
  readonly styles: Style[][];
  readonly #cells: string[][];

  constructor(cols: number, rows: number) {
    this.cols = cols;
    this.rows = rows;
    this.#cells = Array.from({ length: rows }, () => new Array<string>(cols).fill(" "));
    this.styles = Array.from({ length: rows }, () => new Array<Style>(cols).fill("text"));
  }

  put(row: number, text: string, style: Style, col = 0, width?: number): void {
    const points = Array.from(text);
    const last = Math.min(this.cols, col + (width ?? points.length));
    for (let x = Math.max(0, col); x < last; x += 1) this.#set(row, x, points[x - col] ?? " ", style);
  }

  rule(row: number, title: string, style: Style = "title", col = 0, width = this.cols - col): void {
    this.put(row, "─".repeat(Math.max(0, width)), style, col, width);
    if (title !== "")
      this.put(
        row,
        Array.from(`${title} `)
          .slice(0, Math.max(0, width - 2))
          .join(""),
        style,
        col + 1,
      );
  }

  vline(col: number, top: number, bottom: number): void {
    for (let row = top; row <= bottom; row += 1) this.#set(row, col, row === top ? "┬" : "│", "dim");
  }

  /** The screen as lines without trailing blanks. */
  lines(): string[] {
    return this.#cells.map((row) => row.join("").trimEnd());
  }

  text(): string {
    return this.lines().join("\n");
  }

  #set(row: number, col: number, char: string, style: Style): void {
    const cells = this.#cells[row];
    const styles = this.styles[row];
    if (cells === undefined || styles === undefined || col < 0 || col >= this.cols) return;
    cells[col] = char;
    styles[col] = style;
  }
}
