import { eastAsianWidth } from "get-east-asian-width";

/** Longer text is cut before any work is done on it: a hostile megabyte costs no more than a line. */
const maxUnits = 4096;
/** From here on terminals disagree about width (emoji of the last years, rare ideographs), so the replacement character stands in. */
const firstUnsure = 0x1fa00;
/**
 * Below it, the ranges whose width changed after Unicode 11 or that had no character then: first and last, measured against the
 * tables of xterm.js. A terminal with older tables would shift the rest of the row.
 */
const unsure: readonly [number, number][] = [
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2ffc, 0x2fff],
  [0x31bb, 0x31bf],
  [0x31e4, 0x31ef],
  [0x4dc0, 0x4dff],
  [0x16ff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f6d6, 0x1f6df],
  [0x1f6fb, 0x1f6fc],
  [0x1f7f0, 0x1f7f0],
  [0x1f90c, 0x1f90c],
  [0x1f93b, 0x1f93b],
  [0x1f946, 0x1f946],
  [0x1f972, 0x1f972],
  [0x1f977, 0x1f979],
  [0x1f9a3, 0x1f9a4],
  [0x1f9ab, 0x1f9ad],
  [0x1f9cb, 0x1f9cc],
];
const replacement = "\uFFFD";

const dropped = 1;
const replaced = 2;
const narrow = 3;
const wide = 4;
const regional = 5;
const kinds = new Uint8Array(firstUnsure);

const invisible = /^[\p{Mn}\p{Me}\p{Mc}\p{Cf}]$/u;
const unusable = /^[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]$/u;

const asciiCells = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const asciiPictures = asciiCells.map((char, code) => (code < 0x20 || code === 0x7f ? "." : char));
const pictures = asciiCells.map((char, code) => (code === 0x7f ? "\u2421" : code < 0x20 ? String.fromCharCode(0x2400 + code) : char));

let cache = new Map<string, { max: number; cells: readonly string[] }>();
let cacheAscii = new Map<string, { max: number; cells: readonly string[] }>();
const maxCached = 1_000;
const maxCachedUnits = 512;

/**
 * Makes untrusted text into the cells of one screen row, at most `max`: one string per column, and `""` for the right half of a
 * wide glyph. The only way from a value to the screen: nothing that it returns can move the cursor, change a colour or
 * answer. Control characters become control pictures (`.` in ASCII); combining, zero-width and direction marks vanish;
 * what terminals may measure differently becomes U+FFFD (`?` in ASCII). The result is shared: do not change it.
 */
export function toCells(text: string, max: number, ascii: boolean): readonly string[] {
  const cut = text.length > maxUnits ? text.slice(0, maxUnits) : text;
  const table = ascii ? asciiPictures : pictures;
  const cells: string[] = [];
  for (let i = 0; i < cut.length && cells.length < max; i++) {
    const code = cut.charCodeAt(i);
    if (code >= 128) return cached(cut, max, ascii);
    cells.push(table[code] ?? replacement);
  }
  return cells;
}

/** Untrusted text as one printable line, for places outside the screen such as stderr. */
export function toPrintable(text: string, max: number): string {
  return toCells(text, max, false).join("");
}

function cached(text: string, max: number, ascii: boolean): readonly string[] {
  if (text.length > maxCachedUnits) return segment(text, max, ascii);
  const store = ascii ? cacheAscii : cache;
  const known = store.get(text);
  if (known && known.max === max) return known.cells;
  const cells = segment(text, max, ascii);
  // Starting afresh is cheaper than tracking age: a screen has some hundred texts.
  if (store.size >= maxCached) {
    if (ascii) cacheAscii = new Map();
    else cache = new Map();
  }
  // A key cut out of a long payload would keep all of it in memory: copy it. V8 copies the short ones itself.
  const key = text.length < 13 ? text : Buffer.from(text, "utf16le").toString("utf16le");
  (ascii ? cacheAscii : cache).set(key, { max, cells });
  return cells;
}

function segment(text: string, max: number, ascii: boolean): string[] {
  const table = ascii ? asciiPictures : pictures;
  const cells: string[] = [];
  for (const char of text) {
    if (cells.length >= max) break;
    const code = char.codePointAt(0) ?? 0;
    if (code < 128) {
      cells.push(table[code] ?? replacement);
      continue;
    }
    const kind = kindOf(code, char);
    if (kind === dropped) continue;
    if (kind === regional) cells.push(String.fromCharCode(0x41 + code - 0x1f1e6));
    else if (ascii) cells.push(asciiFor(code));
    else if (kind === replaced) cells.push(replacement);
    else if (kind === narrow) cells.push(char);
    else if (cells.length + 2 <= max) cells.push(char, "");
    else cells.push(" ");
  }
  return cells;
}

function kindOf(code: number, char: string): number {
  if (code >= firstUnsure) return invisible.test(char) ? dropped : replaced;
  const known = kinds[code];
  if (known) return known;
  const kind = classify(code, char);
  kinds[code] = kind;
  return kind;
}

function classify(code: number, char: string): number {
  if (code >= 0x1f3fb && code <= 0x1f3ff) return dropped; // skin tones
  // Hangul vowels and final consonants join the syllable before them; alone they have no width.
  if ((code >= 0x1160 && code <= 0x11ff) || (code >= 0xd7b0 && code <= 0xd7ff)) return dropped;
  if (code >= 0x1f1e6 && code <= 0x1f1ff) return regional;
  if (invisible.test(char)) return dropped;
  if (unusable.test(char) || unsure.some(([first, last]) => code >= first && code <= last)) return replaced;
  return eastAsianWidth(code) === 2 ? wide : narrow;
}

/** Line art and levels keep a shape in ASCII, everything else is a question mark. */
function asciiFor(code: number): string {
  if (code >= 0x2500 && code <= 0x257f) {
    if (code <= 0x2501 || code === 0x2550) return "-";
    if (code <= 0x2503 || code === 0x2551) return "|";
    return "+";
  }
  if (code >= 0x2581 && code <= 0x2588) return code < 0x2584 ? "_" : code < 0x2587 ? "=" : "#";
  // Braille: dots in the upper half, in the lower half, or in both.
  if (code >= 0x2800 && code <= 0x28ff) return " '.:"[(code & 0x1b ? 1 : 0) + (code & 0xe4 ? 2 : 0)] ?? " ";
  if (code === 0xa0) return " ";
  return "?";
}
