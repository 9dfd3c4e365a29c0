import { afterEach, describe, expect, it } from "vitest";
import { attributesOf } from "../../../tui/shell/attributes.ts";
import type { Screen } from "../../../tui/shell/blessed-internals.ts";
import { type Caps, readCaps } from "../../../tui/shell/caps.ts";
import { Grid } from "../../../tui/shell/grid.ts";
import { TtyOutput } from "../../../tui/shell/output.ts";
import { Pane } from "../../../tui/shell/pane.ts";
import { closeScreen, openScreen } from "../../../tui/shell/screen.ts";
import type { Canvas, Style } from "../../../tui/view/canvas.ts";
import { createFakeTerminal, type FakeTerminal } from "../screen.ts";
import { drawPicture } from "./drawing.ts";

const utf8 = { TERM: "xterm-256color", LANG: "C.UTF-8" };
const tty = { stdin: { isTTY: true }, stdout: { isTTY: true } };

const readable = (bytes: string) => bytes.replaceAll("\x1b", "␛");

interface Shown {
  fake: FakeTerminal;
  screen: Screen;
  show(draw: (canvas: Canvas) => void): Promise<void>;
}

const open: Shown[] = [];
afterEach(() => {
  for (const { screen, fake } of open.splice(0)) {
    closeScreen(screen);
    fake.dispose();
  }
});

/** Grid, pane and blessed on a terminal in memory, without the frame timer. */
function show(cols: number, rows: number, caps: Caps): Shown {
  const fake = createFakeTerminal(cols, rows);
  const output = new TtyOutput(fake.stdout);
  const screen = openScreen(output, caps);
  let drawing: (canvas: Canvas) => void = () => {};
  const grid = new Grid({ ascii: !caps.unicode, attributes: attributesOf(caps.colours) });
  new Pane(screen, grid, () => drawing(grid));
  const shown: Shown = {
    fake,
    screen,
    async show(draw) {
      drawing = draw;
      screen.render();
      screen.program.flush();
      await new Promise<void>((resolve) => void output.write("", () => resolve()));
      await fake.drawn();
    },
  };
  open.push(shown);
  return shown;
}

describe("a picture on the terminal", () => {
  it("has its lines joined and its wide glyphs in place at 40x12 in UTF-8", async () => {
    const { fake, show: draw } = show(40, 12, readCaps({ env: utf8, ...tty }));
    await draw(drawPicture);
    expect(fake.text()).toEqual([
      "[1 Topics] 2 Pins             gh-01 LIVE",
      "─Topics ─ 4 msg/s ──┬─value ────────────",
      "  row 2 日本語 °C   │ é 2",
      "> selected          │ é 3",
      "  row 4 日本語 °C   │ é 4",
      "  row 5 日本語 °C   │───────────────────",
      "  row 6  │ over 日 ││ é 6",
      "  row 7 日本語 °C   │ é 7",
      "  row 8 日本語 °C   │ é 8",
      "  row 9 日本語 °C   │ é 9",
      "────────────────────────────────────────",
      " ?Help q Quit",
    ]);
  });

  it("needs only ASCII without a UTF-8 locale", async () => {
    const { fake, show: draw } = show(40, 12, readCaps({ env: { TERM: "xterm", LANG: "C" }, ...tty }));
    await draw(drawPicture);
    expect(fake.text()).toEqual([
      "[1 Topics] 2 Pins             gh-01 LIVE",
      "-Topics - 4 msg/s --+-value ------------",
      "  row 2 ??? ?C      | ? 2",
      "> selected          | ? 3",
      "  row 4 ??? ?C      | ? 4",
      "  row 5 ??? ?C      |-------------------",
      "  row 6 ?| over ? | | ? 6",
      "  row 7 ??? ?C      | ? 7",
      "  row 8 ??? ?C      | ? 8",
      "  row 9 ??? ?C      | ? 9",
      "----------------------------------------",
      " ?Help q Quit",
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: every byte that was written
    expect(fake.stdout.written).toMatch(/^[\x00-\x7f]*$/);
  });

  it.each([
    [80, 24],
    [150, 44],
  ])("fills %sx%s to the last cell", async (cols, rows) => {
    const { fake, show: draw } = show(cols, rows, readCaps({ env: utf8, ...tty }));
    await draw((canvas) => {
      drawPicture(canvas);
      canvas.put(canvas.rows - 1, "x", "text", canvas.cols - 1);
    });
    const text = fake.text();
    expect(text[1]).toMatch(/^─Topics ─ 4 msg\/s ─+┬─value ─+$/);
    expect(text.at(-2)).toBe("─".repeat(cols));
    expect(text.at(-1)?.padEnd(cols)).toHaveLength(cols);
    expect(text.at(-1)?.at(-1)).toBe("x");
    expect(text.slice(2, -2).every((line) => line.includes("│"))).toBe(true);
  });

  it("has colours only where they are wanted", async () => {
    const coloured = show(40, 12, readCaps({ env: utf8, ...tty }));
    await coloured.show(drawPicture);
    const plain = show(40, 12, readCaps({ env: { ...utf8, NO_COLOR: "1" }, ...tty }));
    await plain.show(drawPicture);
    const colour = /␛\[[\d;]*((3|4|9|10)[0-7]|38;5;\d+)m/;
    expect(readable(coloured.fake.stdout.written)).toMatch(colour);
    expect(readable(plain.fake.stdout.written)).not.toMatch(colour);
    expect(plain.fake.text()).toEqual(coloured.fake.text());
    // The selected row is inverse in both.
    expect(plain.fake.cells()[3]).toContain(">i|");
  });

  it("says failures in inverse when there is no colour", async () => {
    const { fake, show: draw } = show(20, 2, readCaps({ env: { ...utf8, NO_COLOR: "1" }, ...tty }));
    await draw((canvas) => canvas.put(0, "!", "bad"));
    expect(fake.cells()[0]).toMatch(/^!bi\|/);
  });

  it("writes nothing when nothing has changed", async () => {
    const { fake, show: draw } = show(80, 24, readCaps({ env: utf8, ...tty }));
    await draw(drawPicture);
    const before = fake.stdout.written.length;
    await draw(drawPicture);
    expect(fake.stdout.written.length).toBe(before);
  });

  it.each(["linux", "vt100", "xterm-kitty", "screen-256color", "tmux-256color"])("is the same for TERM=%s", async (TERM) => {
    const { fake, show: draw } = show(40, 12, readCaps({ env: { TERM, LANG: "C" }, ...tty }));
    await draw(drawPicture);
    const reference = show(40, 12, readCaps({ env: { TERM: "xterm", LANG: "C" }, ...tty }));
    await reference.show(drawPicture);
    expect(fake.text()).toEqual(reference.fake.text());
  });

  it("is drawn in any size, even the smallest", async () => {
    for (const [cols, rows] of [
      [1, 1],
      [2, 1],
      [5, 3],
    ] as const) {
      const { show: draw } = show(cols, rows, readCaps({ env: utf8, ...tty }));
      await draw(drawPicture);
    }
  });
});

describe("incremental frames", () => {
  it("leave the same screen as a fresh one, 300 random ones in a row", async () => {
    const caps = readCaps({ env: utf8, ...tty });
    const live = show(60, 16, caps);
    let seed = 7;
    const random = (bound: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * bound);
    };
    const words = ["日本", "a", "ä", "👍", "─", "\x1b[31m", "\u009b2J", "e\u0301", "🇩🇪", "  ", "語", "xyz", "🙂🙂", "\u202e"];
    const styles: Style[] = ["text", "selected", "bad", "dim", "key"];
    type Put = [number, string, Style, number, number | undefined];
    const scene: Put[] = [];
    for (let frame = 0; frame < 300; frame++) {
      for (let i = 0; i < 3; i++) {
        const text = Array.from({ length: 1 + random(12) }, () => words[random(words.length)]).join("");
        const put: Put = [random(16), text, styles[random(5)] ?? "text", random(58), random(2) ? random(30) : undefined];
        scene[random(40)] = put;
      }
      const draw = (canvas: Canvas) => {
        for (const put of scene) if (put) canvas.put(...put);
        canvas.rule(frame % 16, "日", "title", 3, 20);
        canvas.vline(frame % 60, 2, 9);
      };
      await live.show(draw);
      // A fresh screen for each frame would only measure its own start.
      if (frame % 10 === 9) {
        const fresh = show(60, 16, caps);
        await fresh.show(draw);
        expect(live.fake.cells(), `frame ${frame}`).toEqual(fresh.fake.cells());
      }
    }
  });
});

describe("hostile text on the terminal", () => {
  const hostile = [
    "\x1b]0;owned\x07",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b[5n\x1b[c\x1b[6n\x1b[>c\x1b[?2026$p",
    "\u009d0;owned\u009c",
    "\u009b5n\u009b2J\u009b8m",
    "\x1b[8m\x1b[31m\x1bc\x1b[2J\x1b[H",
    "{bold}{red-fg}{invisible}x{/}",
    "\x07\x07\x08\x08\r\n\n\t\v\f\x0e\x0f",
    "a\u202e\u2066\u200f\u200db",
    "日本語".repeat(40),
    "\ud800\udc00\ud83d \udc4d\ud83d",
    "\x1b[5n".repeat(250_000),
    "👨‍👩‍👧‍👦🏳️‍🌈".repeat(30),
  ];

  it("sets no title, rings no bell, gets no answer and leaves its neighbours alone", async () => {
    const rows = hostile.length;
    const { fake, show: draw } = show(60, rows, readCaps({ env: utf8, ...tty }));
    for (let step = 0; step < 3; step++) {
      await draw((canvas) => {
        for (const [row, text] of hostile.entries()) {
          canvas.put(row, "left|", "ok", 0, 5);
          canvas.put(row, text.slice(step), "text", 5, 30);
          canvas.put(row, "|right", "ok", 35);
        }
      });
    }
    expect(fake.titles).toEqual([]);
    expect(fake.bells).toBe(0);
    expect(fake.replies).toEqual([]);
    for (let y = 0; y < rows; y++) {
      const line = fake.xterm.buffer.active.getLine(y);
      // Columns, not characters: wide glyphs stand in between.
      const chars = Array.from({ length: 60 }, (_, x) => line?.getCell(x)?.getChars() || " ");
      expect(chars.slice(0, 5).join("")).toBe("left|");
      expect(chars.slice(35, 41).join("")).toBe("|right");
      const cells = Array.from({ length: 30 }, (_, x) => line?.getCell(5 + x));
      expect(cells.some((cell) => cell?.isInvisible() || !cell?.isFgDefault())).toBe(false);
    }
  });
});
