/** How the styles of the views become colours; `mono` is for who wants none, as NO_COLOR is for every program. */
export const themes = ["default", "high-contrast", "mono"] as const;
export type Theme = (typeof themes)[number];

/** What the person's terminal has behind the text. Nothing asks it: `auto` takes colours that can be read on both. */
export const backgrounds = ["auto", "dark", "light"] as const;
export type Background = (typeof backgrounds)[number];

export interface Look {
  readonly theme: Theme;
  readonly background: Background;
}

export const defaultLook: Look = { theme: "default", background: "auto" };

/** Throws a sentence for what is no theme. */
export function parseTheme(text: string): Theme {
  const theme = themes.find((each) => each === text);
  if (theme === undefined) throw new Error(`--theme is one of ${themes.join(", ")}`);
  return theme;
}
