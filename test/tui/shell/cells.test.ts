import unicode11 from "@xterm/addon-unicode11";
import xterm from "@xterm/headless";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCells, toPrintable } from "../../../tui/shell/cells.ts";

const control = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Mn}\p{Me}\p{Zl}\p{Zp}]/u;

/** What makes a row of cells safe: no control, one glyph a cell, each right half behind its left, the width kept. */
function problemOf(cells: readonly string[], max: number): string | undefined {
  if (cells.length > max) return "too wide";
  for (const [x, cell] of cells.entries()) {
    if (control.test(cell)) return `a control in column ${x}`;
    if ([...cell].length > 1) return `several code points in column ${x}`;
    if (cell === "" && (x === 0 || cells[x - 1] === "")) return `a right half alone in column ${x}`;
  }
  return undefined;
}

describe("toCells", () => {
  it("makes no control character and no wrong width of any code point", () => {
    const problems: string[] = [];
    const seen = new Set<string>();
    for (let code = 0; code <= 0x10ffff; code++) {
      const char = String.fromCodePoint(code);
      for (const ascii of [false, true]) {
        const cells = toCells(char, 2, ascii);
        // Most of them give the same few cells.
        const key = `${ascii} ${cells.length} ${cells[0]}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const problem = problemOf(cells, 2) ?? (ascii && /[^ -~]/.test(cells.join("")) ? "not ASCII" : undefined);
        if (problem) problems.push(`U+${code.toString(16)}: ${problem}`);
      }
    }
    expect(seen.size).toBeGreaterThan(60_000);
    expect(problems.slice(0, 20)).toEqual([]);
  });

  it("measures every glyph that it lets through as the terminal does", async () => {
    const terminal = new xterm.Terminal({ cols: 8, rows: 2, allowProposedApi: true });
    terminal.loadAddon(new unicode11.Unicode11Addon());
    terminal.unicode.activeVersion = "11";
    const widths = widthOf(terminal);
    const wrong: string[] = [];
    for (let code = 0x20; code < 0x20000; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const char = String.fromCodePoint(code);
      const cells = toCells(char, 2, false);
      if (cells[0] !== char) continue;
      if (widths(code) !== cells.length) wrong.push(`U+${code.toString(16)} ${widths(code)} ${cells.length}`);
    }
    terminal.dispose();
    expect(wrong.length > 20 ? [wrong.length, ...wrong.slice(0, 300)] : wrong).toEqual([]);
  });

  it("keeps the promise for any mixture and width", () => {
    const nasty = fc.constantFrom(
      "\x1b[2J",
      "\u009b2J",
      "\u009d0;x\u009c",
      "\u202e",
      "\ud800",
      "日",
      "👍🏽",
      "🇩🇪",
      "e\u0301",
      "\u200d",
      "{red-fg}",
    );
    const text = fc.array(fc.oneof(nasty, fc.string({ unit: "binary" }), fc.string()), { maxLength: 20 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.nat(200), fc.boolean(), (value, max, ascii) => {
        expect(problemOf(toCells(value, max, ascii), max)).toBeUndefined();
        expect(toCells(value, max, ascii)).toEqual(toCells(value, max, ascii));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["plain text", "abc", ["a", "b", "c"]],
    ["a control as its picture", "a\x1b[0m\x00\x7f", ["a", "␛", "[", "0", "m", "␀", "␡"]],
    ["C1 as a replacement", "\u009b2J", ["\uFFFD", "2", "J"]],
    ["a wide glyph as two cells", "日a", ["日", "", "a"]],
    ["a wide glyph that does not fit as a blank", "abcd日", ["a", "b", "c", "d", " "]],
    ["a flag as its letters", "🇩🇪", ["D", "E"]],
    ["a skin tone and a joiner as nothing", "👍🏽\u200dx", ["👍", "", "x"]],
    ["an accent that combines as nothing", "e\u0301", ["e"]],
    ["a lone surrogate as a replacement", "a\ud83d", ["a", "\uFFFD"]],
    ["direction marks as nothing", "a\u202e\u2066b", ["a", "b"]],
    ["what terminals do not know yet as a replacement", "\u{1fae8}", ["\uFFFD"]],
  ])("shows %s", (_, text, cells) => {
    expect(toCells(text, text === "abcd日" ? 5 : 8, false)).toEqual(cells);
  });

  it("needs only ASCII when told so, and keeps the shape of line art", () => {
    expect(toCells("┌─┐│é日\x1b▁█", 20, true).join("")).toBe("+-+|??._#");
  });

  // Uncut it is minutes.
  it("cuts a megabyte before it looks at it", () => {
    const huge = "é".repeat(1_000_000);
    for (let i = 0; i < 1000; i++) expect(toCells(huge + i, 80, false)).toHaveLength(80);
  });

  it("gives one line for places outside the screen", () => {
    expect(toPrintable("a\n\x1b[31mb", 80)).toBe("a␊␛[31mb");
  });
});

/** xterm.js has the measure behind a private service. */
function widthOf(terminal: unknown): (code: number) => number {
  const { _core } = terminal as { _core: { unicodeService: { wcwidth(code: number): number } } };
  return (code) => _core.unicodeService.wcwidth(code);
}
