import type { FakeTerminal } from "./screen.ts";

type Terminal = FakeTerminal["xterm"];
type Cell = NonNullable<ReturnType<NonNullable<ReturnType<Terminal["buffer"]["active"]["getLine"]>>["getCell"]>>;

interface Look {
  /** Undefined: that of the terminal. */
  fg: string | undefined;
  bg: string | undefined;
  bold: boolean;
}

/** Cells that look the same, side by side. */
interface Run {
  look: Look;
  text: string;
  /** The column of each code unit of the text, and the one after the last. */
  cols: number[];
}

const [cellWidth, cellHeight, fontSize, margin] = [8.4, 17, 14, 10];
const [paper, ink] = ["#1d1f21", "#d7dae0"];
/** The sixteen colours that are the person's own, as legible on the paper as on most terminals. */
const own = ["#1d1f21", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"];
const bright = ["#7f848e", "#ff7b86", "#b5e890", "#ffd68a", "#7cc4ff", "#e29bf5", "#6fe0ee", "#ffffff"];
const fonts = "DejaVu Sans Mono, Liberation Mono, Menlo, Consolas, monospace";

/**
 * What a terminal shows, as SVG: every cell in its colour, text as text. The paper is part of the picture, so that it can be read on a light
 * page and on a dark one.
 */
export function svgOf({ cols, rows, buffer }: Terminal, name: string): string {
  const shapes: string[] = [];
  for (let row = 0; row < rows; row++) {
    const line = buffer.active.getLine(buffer.active.baseY + row);
    for (const run of runsOf((col) => line?.getCell(col), cols)) shapes.push(...shapesOf(run, row));
  }
  const [width, height] = [round(cols * cellWidth + 2 * margin), rows * cellHeight + 2 * margin];
  const box = `viewBox="${-margin} ${-margin} ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img" font-family="${fonts}" font-size="${fontSize}" fill="${ink}">
<title>${escaped(name)}</title>
<rect x="${-margin}" y="${-margin}" width="${width}" height="${height}" rx="8" fill="${paper}"/>
${shapes.join("\n")}
</svg>
`;
}

function runsOf(cellAt: (col: number) => Cell | undefined, cols: number): Run[] {
  const runs: Run[] = [];
  for (let col = 0; col < cols; col++) {
    const cell = cellAt(col);
    // The right half of a wide glyph has no width of its own.
    if (cell === undefined || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    let run = runs.at(-1);
    if (run === undefined || run.look.fg !== look.fg || run.look.bg !== look.bg || run.look.bold !== look.bold) {
      run = { look, text: "", cols: [col] };
      runs.push(run);
    }
    const chars = cell.getChars() || " ";
    run.text += chars;
    run.cols.push(...new Array<number>(chars.length).fill(col + cell.getWidth()));
  }
  return runs;
}

function lookOf(cell: Cell): Look {
  const fg = cell.isFgDefault() ? undefined : colour(cell.isFgRGB(), cell.getFgColor());
  const bg = cell.isBgDefault() ? undefined : colour(cell.isBgRGB(), cell.getBgColor());
  const bold = Boolean(cell.isBold());
  return cell.isInverse() ? { fg: bg ?? paper, bg: fg ?? ink, bold } : { fg, bg, bold };
}

/** The palette of xterm: 16 colours, a cube of 6 × 6 × 6, 24 greys. */
function colour(rgb: boolean, value: number): string | undefined {
  const hex = (...parts: number[]) => `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  if (rgb) return `#${value.toString(16).padStart(6, "0")}`;
  if (value < 16) return value < 8 ? own[value] : bright[value - 8];
  const grey = 8 + (value - 232) * 10;
  if (value >= 232) return hex(grey, grey, grey);
  const step = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  return hex(step(Math.floor((value - 16) / 36)), step(Math.floor((value - 16) / 6) % 6), step((value - 16) % 6));
}

function shapesOf({ look, text, cols }: Run, row: number): string[] {
  const place = (from: number, to: number) => {
    const [first = 0, end = 0] = [cols[from], cols[to]];
    return { x: round(first * cellWidth), width: round((end - first) * cellWidth) };
  };
  const shapes: string[] = [];
  if (look.bg !== undefined) {
    const { x, width } = place(0, text.length);
    shapes.push(`<rect x="${x}" y="${row * cellHeight}" width="${width}" height="${cellHeight}" fill="${look.bg}"/>`);
  }
  const style = `${look.fg === undefined ? "" : ` fill="${look.fg}"`}${look.bold ? ' font-weight="bold"' : ""}`;
  // Each group of words has its place and its width, so that a font with other widths cannot shift what follows.
  for (const { 0: part, index } of text.matchAll(/\S+(?: \S+)*/g)) {
    const { x, width } = place(index, index + part.length);
    shapes.push(`<text x="${x}" y="${row * cellHeight + 13}" textLength="${width}"${style}>${escaped(part)}</text>`);
  }
  return shapes;
}

const round = (length: number) => Number(length.toFixed(1));

/** What XML does not allow even as a reference becomes U+FFFD. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
