import { Box, type Cell, type Coords, type Screen } from "./blessed-internals.ts";
import type { Grid } from "./grid.ts";

/**
 * The whole screen as one element that paints itself: cells are compared and written into blessed's line buffer, and blessed sends
 * the difference. No content string, no tags, no wrapping: they cost ten times the time and let control characters through.
 */
export class Pane extends Box {
  readonly #grid: Grid;
  readonly #draw: () => void;

  constructor(screen: Screen, grid: Grid, draw: () => void) {
    super({ parent: screen, top: 0, left: 0, width: "100%", height: "100%" });
    this.#grid = grid;
    this.#draw = draw;
  }

  override render(): Coords | undefined {
    const coords = this._getCoords(true);
    this.lpos = coords;
    if (!coords) return undefined;
    const grid = this.#grid;
    grid.begin(coords.xl - coords.xi, coords.yl - coords.yi);
    this.#draw();
    grid.finish();
    for (let y = 0; y < grid.rows; y++) {
      const line = this.screen.lines[coords.yi + y];
      if (line && copyRow(grid, y, line, coords.xi)) line.dirty = true;
    }
    return coords;
  }
}

/** Returns whether a cell differed. */
function copyRow(grid: Grid, row: number, line: Cell[], left: number): boolean {
  const base = row * grid.cols;
  let changed = false;
  for (let x = 0; x < grid.cols; x++) {
    const cell = line[left + x];
    if (!cell) break;
    const char = grid.chars[base + x] ?? " ";
    const attr = grid.attrs[base + x] ?? cell[0];
    if (cell[0] === attr && cell[1] === char) continue;
    cell[0] = attr;
    cell[1] = char;
    changed = true;
  }
  return changed;
}
