import { type Background, defaultLook, type Look, type Theme } from "../theme.ts";
import type { Style } from "../view/canvas.ts";
import type { Caps } from "./caps.ts";

/** The terminal's own colour. */
const none = 0x1ff;
const bold = 1;
const underline = 2;
const inverse = 8;

type Hue = "red" | "green" | "yellow" | "cyan" | "grey";
/** Numbers of the terminal's palette. From 16 on they mean the same colour everywhere, a true-colour terminal included. */
type Palette = Record<Hue | "ink" | "paper", number>;
type Named = Exclude<Theme, "mono">;

interface Accent {
  hue?: Hue;
  flags?: number;
  /** Flags without colour; the same as `flags` unless said. */
  mono?: number;
}

const accents: Record<Named, Record<Style, Accent>> = {
  default: {
    text: {},
    dim: { hue: "grey" },
    bold: { flags: bold },
    title: { hue: "cyan", flags: bold },
    tab: {},
    "tab-active": { flags: bold | inverse },
    selected: { flags: inverse },
    ok: { hue: "green" },
    warn: { hue: "yellow", flags: bold },
    bad: { hue: "red", flags: bold, mono: bold | inverse },
    on: { hue: "green", flags: bold },
    off: {},
    key: { hue: "cyan", flags: bold },
    dialog: { flags: bold, mono: 0 },
  },
  "high-contrast": {
    text: {},
    dim: {},
    bold: { flags: bold },
    title: { hue: "cyan", flags: bold },
    tab: {},
    "tab-active": { flags: bold | inverse },
    selected: { flags: bold | inverse },
    ok: { hue: "green", flags: bold },
    warn: { hue: "yellow", flags: bold | underline },
    bad: { hue: "red", flags: bold | inverse },
    on: { hue: "green", flags: bold },
    off: {},
    key: { hue: "cyan", flags: bold },
    dialog: {},
  },
};

const own = { ink: none, paper: none };
/** With 256 colours. Those of `auto` have a contrast of at least 4 to 1 on black and on white, the others of 6.5 on theirs. */
const palettes: Record<Named, Record<Background, Palette>> = {
  default: {
    auto: { ...own, red: 161, green: 28, yellow: 130, cyan: 30, grey: 243 },
    dark: { ...own, red: 203, green: 77, yellow: 220, cyan: 80, grey: 247 },
    light: { ...own, red: 124, green: 22, yellow: 58, cyan: 23, grey: 240 },
  },
  "high-contrast": {
    auto: { ink: 231, paper: 16, red: 217, green: 120, yellow: 228, cyan: 159, grey: 231 },
    dark: { ink: 231, paper: 16, red: 217, green: 120, yellow: 228, cyan: 159, grey: 231 },
    light: { ink: 16, paper: 231, red: 88, green: 22, yellow: 53, cyan: 17, grey: 16 },
  },
};

/** With eight, of the person's own palette: there is no grey, and what can be read on white is red, blue and magenta. */
function eight({ theme, background }: Look): Palette {
  const light = background === "light";
  const [ink, paper] = theme === "default" ? [none, none] : light ? [0, 7] : [7, 0];
  const hues = light ? { red: 1, green: 4, yellow: 5, cyan: 4 } : { red: 1, green: 2, yellow: 3, cyan: 6 };
  return { ink, paper, grey: ink, ...hues };
}

/** Blessed's attribute word per style: flags, foreground and background of 9 bits each. Without colours only flags are left. */
export function attributesOf(colours: Caps["colours"], look: Look = defaultLook): Record<Style, number> {
  const { theme, background } = look;
  const named = theme === "mono" ? "default" : theme;
  const coloured = colours > 0 && theme !== "mono";
  const palette = colours === 256 ? palettes[named][background] : eight(look);
  const words = Object.entries(accents[named]).map(([style, { hue, flags = 0, mono = flags }]) => {
    if (!coloured) return [style, (mono << 18) | (none << 9) | none];
    return [style, (flags << 18) | (palette[hue ?? "ink"] << 9) | palette.paper];
  });
  return Object.fromEntries(words) as Record<Style, number>;
}
