import type { Canvas, Style } from "../view/canvas.ts";
import { toCells } from "./cells.ts";

const toRight = 1;
const toLeft = 2;
const up = 4;
const down = 8;
/** Indexed by the sum of the directions that meet in a cell. */
const unicodeArt = " ───│└┘┴│┌┐┬│├┤┼";
const asciiArt = " ---|+++|+++|+++";

export interface GridOptions {
  ascii: boolean;
  attributes: Record<Style, number>;
}

/** One frame in memory: what the views put, as cells. Line art that meets is joined when the frame is finished. */
export class Grid implements Canvas {
  cols = 0;
  rows = 0;
  /** Row by row: the character of each cell, "" for the right half of a wide one. */
  chars: string[] = [];
  attrs = new Int32Array(0);
  #lines = new Uint8Array(0);
  #options: GridOptions;

  constructor(options: GridOptions) {
    this.#options = options;
  }

  /** Other attributes from the next frame on. */
  use(attributes: GridOptions["attributes"]): void {
    this.#options = { ...this.#options, attributes };
  }

  /** Starts an empty frame. */
  begin(cols: number, rows: number): void {
    const size = cols * rows;
    if (cols !== this.cols || rows !== this.rows) {
      this.cols = cols;
      this.rows = rows;
      this.chars = new Array<string>(size);
      this.attrs = new Int32Array(size);
      this.#lines = new Uint8Array(size);
    }
    this.chars.fill(" ");
    this.attrs.fill(this.#options.attributes.text);
    this.#lines.fill(0);
  }

  put(row: number, text: string, style: Style, col = 0, width?: number): void {
    const start = Math.max(0, col);
    const end = Math.min(this.cols, width === undefined ? this.cols : col + width);
    if (!this.#has(row) || start >= end) return;
    const cells = toCells(text, end - start, this.#options.ascii);
    const stop = width === undefined ? start + cells.length : end;
    if (stop === start) return;
    this.#splitWide(row, start, stop);
    const attr = this.#options.attributes[style];
    const base = row * this.cols;
    for (let x = start; x < stop; x++) {
      this.chars[base + x] = cells[x - start] ?? " ";
      this.attrs[base + x] = attr;
      this.#lines[base + x] = 0;
    }
  }

  rule(row: number, title: string, style: Style = "title", col = 0, width?: number): void {
    const start = Math.max(0, col);
    const end = Math.min(this.cols, width === undefined ? this.cols : col + width);
    if (!this.#has(row) || start >= end) return;
    this.#splitWide(row, start, end);
    // A rule lies over what was there; a separator that comes later joins it.
    this.#lines.fill(0, row * this.cols + start, row * this.cols + end);
    for (let x = start; x < end; x++) this.#line(row, x, (x < end - 1 ? toRight : 0) | (x > start ? toLeft : 0) || toRight);
    this.#joinEnds(row, start);
    this.#joinEnds(row, end);
    if (title === "" || end - start < 4) return;
    const room = end - start - 3;
    const length = toCells(title, room, this.#options.ascii).length;
    this.put(row, title, style, start + 1, length);
    this.put(row, " ", style, start + 1 + length, 1);
  }

  vline(col: number, top: number, bottom: number): void {
    if (col < 0 || col >= this.cols) return;
    for (let row = Math.max(0, top); row <= Math.min(bottom, this.rows - 1); row++) {
      this.#splitWide(row, col, col + 1);
      this.#line(row, col, (row > top ? up : 0) | (row < bottom ? down : 0) || up);
    }
  }

  /** Turns the line art into characters. */
  finish(): void {
    const art = this.#options.ascii ? asciiArt : unicodeArt;
    for (let i = 0; i < this.#lines.length; i++) {
      const directions = this.#lines[i];
      if (directions) this.chars[i] = art[directions] ?? " ";
    }
  }

  #has(row: number): boolean {
    return row >= 0 && row < this.rows && Number.isInteger(row);
  }

  #line(row: number, col: number, directions: number): void {
    const at = row * this.cols + col;
    this.#lines[at] = (this.#lines[at] ?? 0) | directions;
    this.chars[at] = " ";
    this.attrs[at] = this.#options.attributes.dim;
  }

  /** Where one rule ends and the next begins, they are one line. */
  #joinEnds(row: number, col: number): void {
    if (col === 0 || col >= this.cols) return;
    const at = row * this.cols + col;
    const left = this.#lines[at - 1] ?? 0;
    const right = this.#lines[at] ?? 0;
    if ((left & toLeft) === 0 || (right & toRight) === 0 || left & toRight || right & toLeft) return;
    this.#lines[at - 1] = left | toRight;
    this.#lines[at] = right | toLeft;
  }

  /** Half a wide glyph can not stay on the screen: what is left of it outside `start`..`stop` becomes blank. */
  #splitWide(row: number, start: number, stop: number): void {
    const base = row * this.cols;
    if (start > 0 && this.chars[base + start] === "") this.chars[base + start - 1] = " ";
    if (stop < this.cols && this.chars[base + stop] === "") this.chars[base + stop] = " ";
  }
}
