import type { Style } from "../view/canvas.ts";
import type { Caps } from "./caps.ts";

const none = 0x1ff;
const bold = 1;
const inverse = 8;

interface Look {
  /** One of the 16 colours of the person's own palette, or a fixed grey. */
  fg?: number;
  flags?: number;
  /** Flags without colour; the same as `flags` unless said. */
  mono?: number;
}

const red = 1;
const green = 2;
const yellow = 3;
const cyan = 6;
/** Not bright black (8): the Solarized palettes make that the background, and what is dim would vanish. */
const grey = 244;

const looks: Record<Style, Look> = {
  text: {},
  dim: { fg: grey },
  bold: { flags: bold },
  title: { fg: cyan, flags: bold },
  tab: {},
  "tab-active": { flags: bold | inverse },
  selected: { flags: inverse },
  ok: { fg: green },
  warn: { fg: yellow, flags: bold },
  bad: { fg: red, flags: bold, mono: bold | inverse },
  on: { fg: green, flags: bold },
  off: {},
  key: { fg: cyan, flags: bold },
  dialog: { flags: bold, mono: 0 },
};

/**
 * Blessed's attribute word per style: flags, foreground and background of 9 bits each. Without colours only bold and inverse are
 * left; with eight grey is left out, because it would become black.
 */
export function attributesOf(colours: Caps["colours"]): Record<Style, number> {
  const words = Object.entries(looks).map(([style, look]) => {
    const flags = colours > 0 ? (look.flags ?? 0) : (look.mono ?? look.flags ?? 0);
    const fg = look.fg !== undefined && look.fg < colours ? look.fg : none;
    return [style, (flags << 18) | (fg << 9) | none];
  });
  return Object.fromEntries(words) as Record<Style, number>;
}
