// Makes a picture of a terminal: tmux capture-pane -e -p | node docs/pictures/screen.mjs > docs/pictures/NAME.svg
import { readFileSync } from "node:fs";

const palette = ["#1d1f21", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"];
const bright = ["#7f848e", "#ff7b86", "#b5e890", "#ffd68a", "#7cc4ff", "#e29bf5", "#6fe0ee", "#ffffff"];
const [width, height] = [8.43, 18];
const plain = { fg: "#d7dae0", bg: undefined, bold: false, inverse: false };

function colour(codes) {
  const [mode, n] = [codes.shift(), codes.shift()];
  if (mode !== 5) return undefined;
  if (n < 16) return n < 8 ? palette[n] : bright[n - 8];
  const grey = 8 + (n - 232) * 10;
  if (n >= 232) return `rgb(${grey},${grey},${grey})`;
  const part = (value) => (value === 0 ? 0 : 55 + value * 40);
  return `rgb(${part(Math.floor((n - 16) / 36))},${part(Math.floor((n - 16) / 6) % 6)},${part((n - 16) % 6)})`;
}

function restyle(style, codes) {
  let next = style;
  while (codes.length > 0) {
    const code = codes.shift();
    if (code === 0) next = plain;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 7) next = { ...next, inverse: true };
    else if (code === 22) next = { ...next, bold: false };
    else if (code === 27) next = { ...next, inverse: false };
    else if (code >= 30 && code <= 37) next = { ...next, fg: palette[code - 30] };
    else if (code >= 90 && code <= 97) next = { ...next, fg: bright[code - 90] };
    else if (code >= 40 && code <= 47) next = { ...next, bg: palette[code - 40] };
    else if (code === 38) next = { ...next, fg: colour(codes) ?? next.fg };
    else if (code === 48) next = { ...next, bg: colour(codes) ?? next.bg };
    else if (code === 39) next = { ...next, fg: plain.fg };
    else if (code === 49) next = { ...next, bg: undefined };
  }
  return next;
}

const entity = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const rows = readFileSync(0, "utf8").replace(/\n$/, "").split("\n");
const shapes = [];
let style = plain;
let columns = 0;
rows.forEach((row, y) => {
  let x = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts a change of style
  for (const part of row.split(/(\x1b\[[\d;]*m)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    const codes = /^\x1b\[([\d;]*)m$/.exec(part);
    if (codes) {
      style = restyle(style, codes[1].split(";").map(Number));
      continue;
    }
    const [fg, bg] = style.inverse ? [style.bg ?? palette[0], style.fg] : [style.fg, style.bg];
    const length = [...part].length;
    if (bg) shapes.push(`<rect x="${x * width}" y="${y * height}" width="${length * width}" height="${height}" fill="${bg}"/>`);
    // Every run has its place, so that a font with another width cannot shift what follows.
    for (const { 0: run, index } of part.matchAll(/\S+(?: \S+)*/g)) {
      const weight = style.bold ? ' font-weight="bold"' : "";
      const at = `x="${((x + index) * width).toFixed(1)}" y="${y * height + 13.5}" textLength="${(run.length * width).toFixed(1)}"`;
      shapes.push(`<text ${at} fill="${fg}"${weight}>${entity(run)}</text>`);
    }
    x += length;
  }
  columns = Math.max(columns, x);
});
const [w, h] = [columns * width + 20, rows.length * height + 20];
console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 ${w} ${h}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
<rect x="-10" y="-10" width="${w}" height="${h}" rx="8" fill="${palette[0]}"/>
${shapes.join("\n")}
</svg>`,
);
