import { describe, expect, it } from "vitest";
import { attributesOf } from "../../../tui/shell/attributes.ts";
import { Grid } from "../../../tui/shell/grid.ts";

function draw(cols: number, rows: number, picture: (grid: Grid) => void, ascii = false): string[] {
  const grid = new Grid({ ascii, attributes: attributesOf(0) });
  grid.begin(cols, rows);
  picture(grid);
  grid.finish();
  return Array.from({ length: rows }, (_, row) => grid.chars.slice(row * cols, (row + 1) * cols).join(""));
}

function box(grid: Grid): void {
  grid.rule(0, "Box");
  grid.rule(3, "");
  grid.vline(0, 0, 3);
  grid.vline(9, 0, 3);
}

describe("line art", () => {
  it("gets corners where rules and separators end", () => {
    expect(draw(10, 4, box)).toEqual(["┌Box ────┐", "│        │", "│        │", "└────────┘"]);
    expect(draw(10, 4, box, true)).toEqual(["+Box ----+", "|        |", "|        |", "+--------+"]);
  });

  it("gets a tee where a separator starts, ends or is crossed", () => {
    const picture = (grid: Grid) => {
      for (const row of [0, 2, 4]) grid.rule(row, "");
      grid.vline(3, 0, 4);
    };
    expect(draw(7, 5, picture)).toEqual(["───┬───", "   │   ", "───┼───", "   │   ", "───┴───"]);
  });

  it("is one line where two rules meet, whichever came first", () => {
    const picture = (first: number, second: number) => (grid: Grid) => {
      for (const col of [first, second]) grid.rule(0, "", "title", col, 3);
      grid.vline(2, 0, 1);
    };
    expect(draw(6, 2, picture(0, 3))).toEqual(["──┬───", "  │   "]);
    expect(draw(6, 2, picture(3, 0))).toEqual(["──┬───", "  │   "]);
  });

  it("of a box does not join the rule that it covers", () => {
    const picture = (grid: Grid) => {
      grid.rule(0, "");
      grid.rule(0, "", "dialog", 2, 4);
      grid.vline(2, 0, 1);
      grid.vline(5, 0, 1);
    };
    expect(draw(8, 2, picture)).toEqual(["──┌──┐──", "  │  │  "]);
  });

  it("of a later rule lies over a separator, and a rule beside one does not touch it", () => {
    const picture = (grid: Grid) => {
      grid.vline(2, 0, 2);
      grid.rule(1, "");
      grid.rule(2, "", "title", 3, 2);
    };
    expect(draw(5, 3, picture)).toEqual(["  │  ", "─────", "  │──"]);
  });

  it("goes where text is put over it", () => {
    const picture = (grid: Grid) => {
      grid.rule(0, "");
      grid.put(0, "ab", "text", 1);
    };
    expect(draw(5, 1, picture)).toEqual(["─ab──"]);
  });

  it("cuts a title before it fills the rule", () => {
    expect(draw(8, 1, (grid) => grid.rule(0, "a long title"))).toEqual(["─a lon ─"]);
    expect(draw(3, 1, (grid) => grid.rule(0, "title"))).toEqual(["───"]);
  });
});

describe("text", () => {
  it("never leaves half a wide glyph", () => {
    const over = (change: (grid: Grid) => void) =>
      draw(6, 1, (grid) => {
        grid.put(0, "日本語", "text");
        change(grid);
      });
    expect(over((grid) => grid.put(0, "x", "text", 1))).toEqual([" x本語"]);
    expect(over((grid) => grid.put(0, "xxx", "text"))).toEqual(["xxx 語"]);
    expect(over((grid) => grid.vline(2, 0, 0))).toEqual(["日│ 語"]);
    expect(draw(5, 1, (grid) => grid.put(0, "日本語", "text"))).toEqual(["日本 "]);
  });

  it("fills its width and no more, and nothing outside the screen", () => {
    const picture = (grid: Grid) => {
      grid.put(0, "xxxxxxxx", "text");
      grid.put(0, "a", "text", 2, 3);
      grid.put(-1, "no", "text");
      grid.put(1, "no", "text");
      grid.put(0, "no", "text", 8);
      grid.put(0, "no", "text", 3, 0);
    };
    expect(draw(8, 1, picture)).toEqual(["xxa  xxx"]);
  });
});
