import { afterEach, describe, expect, test } from "vitest";
import { attributesOf } from "../../../tui/shell/attributes.ts";
import { openTerminal, type Terminal } from "../../../tui/shell/terminal.ts";
import { backgrounds, type Look, themes } from "../../../tui/theme.ts";
import { eventually } from "../../agent/shell/fixture.ts";
import { createFakeTerminal, type FakeTerminal } from "../screen.ts";
import { styles } from "./drawing.ts";

let opened: { terminal: Terminal; fake: FakeTerminal } | undefined;
afterEach(() => {
  opened?.terminal.close();
  opened?.fake.dispose();
  opened = undefined;
});

/** A row for each style on a terminal in memory: flags, colour of the text and of what is behind it, as its cells say. */
function show(look: Look, env: NodeJS.ProcessEnv = {}): { terminal: Terminal; cells(): string[] } {
  const fake = createFakeTerminal(14, styles.length);
  const terminal = openTerminal({
    env: { TERM: "xterm-256color", LANG: "C.UTF-8", ...env },
    look,
    stdin: fake.stdin,
    stdout: fake.stdout,
    draw(canvas) {
      for (const [row, style] of styles.entries()) canvas.put(row, style, style, 0, 12);
    },
    onKey: () => undefined,
    onPaste: () => undefined,
    onFocus: () => undefined,
    onResize: () => undefined,
    onEnd: () => undefined,
  });
  opened = { terminal, fake };
  const cells = () =>
    styles.map((style, row) => {
      const cell = fake.xterm.buffer.active.getLine(row)?.getCell(0);
      if (cell === undefined || cell.getChars() !== style[0]) return "not drawn yet";
      const flags = [cell.isBold() && "bold", cell.isUnderline() && "underline", cell.isInverse() && "inverse"].filter(Boolean).join(" ");
      const colours = `${cell.isFgDefault() ? "own" : cell.getFgColor()} on ${cell.isBgDefault() ? "own" : cell.getBgColor()}`;
      return `${style}: ${colours} ${flags}`.trim();
    });
  return { terminal, cells };
}

async function drawn(look: Look, env?: NodeJS.ProcessEnv): Promise<string[]> {
  const { cells } = show(look, env);
  await eventually(() => cells()).not.toContain("not drawn yet");
  return cells();
}

describe.each(themes)("the theme %s", (theme) => {
  test.each(backgrounds)("on a background that is %s, with 256 colours", async (background) => {
    expect(await drawn({ theme, background })).toMatchSnapshot();
  });

  test.each(["dark", "light"] as const)("on the console of Linux, %s, with eight", async (background) => {
    expect(await drawn({ theme, background }, { TERM: "linux" })).toMatchSnapshot();
  });

  test("uses no colour with NO_COLOR", async () => {
    const cells = await drawn({ theme, background: "auto" }, { NO_COLOR: "1" });
    expect(cells.filter((cell) => !cell.includes("own on own"))).toEqual([]);
    // What is bad and what is selected is still seen.
    expect(cells.find((cell) => cell.startsWith("bad:"))).toContain("inverse");
    expect(cells.find((cell) => cell.startsWith("selected:"))).toContain("inverse");
  });
});

test("another theme is drawn at once", async () => {
  const { terminal, cells } = show({ theme: "default", background: "auto" });
  await eventually(() => cells()).toContain("title: 30 on own bold");
  terminal.look({ theme: "mono", background: "auto" });
  await eventually(() => cells()).toContain("title: own on own bold");
  terminal.look({ theme: "high-contrast", background: "light" });
  await eventually(() => cells()).toContain("text: 16 on 231");
});

describe("every text can be read", () => {
  /** Relative luminance of a number of the palette, after WCAG; the fixed part of 256 colours only. */
  function luminance(colour: number): number {
    const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
    const grey = 8 + (colour - 232) * 10;
    const cube = colour - 16;
    const rgb = colour >= 232 ? [grey, grey, grey] : [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
    const [red = 0, green = 0, blue = 0] = rgb.map((value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  const contrast = (one: number, other: number) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const [black, white] = [0, 1];

  test.each([
    ["default", "auto", [black, white], 4],
    ["default", "dark", [black], 6.5],
    ["default", "light", [white], 6.5],
    ["high-contrast", "auto", [black], 7],
    ["high-contrast", "dark", [black], 7],
    ["high-contrast", "light", [white], 7],
  ] as const)("%s, %s", (theme, background, behind, least) => {
    for (const [style, word] of Object.entries(attributesOf(256, { theme, background }))) {
      const [ink, paper] = [(word >> 9) & 0x1ff, word & 0x1ff];
      for (const each of behind) {
        if (paper < 256) expect(contrast(luminance(paper), each), style).toBeLessThan(1.1);
        if (ink < 256) expect(contrast(luminance(ink), each), `${style} ${ink}`).toBeGreaterThanOrEqual(least);
      }
    }
  });
});
