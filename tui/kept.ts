import type { Publication, TabId } from "./model.ts";
import type { RetainedWish } from "./retained.ts";
import { type Background, defaultLook, type Theme } from "./theme.ts";

/** What a person has chosen for the terminal UI, and what it keeps for them: `~/.config/pinbus/tui.yaml`. */
export interface Settings {
  theme: Theme;
  background: Background;
  /** The tabs of the header; the first one is shown at the start. All of them when there is none. */
  tabs: readonly TabId[];
  /** Topics and branches on top of the tree. */
  pins: readonly string[];
  presets: readonly Preset[];
  /** Topic filters to subscribe to instead of `#` and `$SYS/#`. */
  filters: readonly string[];
}

/** A publication with a name, to be used again. */
export interface Preset extends Publication {
  name: string;
}

/** What the terminal UI itself writes. Each names what is new, so that a change of somebody else in between stays. */
export type Change = { pin: string } | { unpin: string } | { preset: Preset } | { unpreset: string };

/** What the outside shall do for it: clear what the broker keeps, write the settings file, colours, mouse. */
export type KeptEffect =
  | { type: "retained"; wish: RetainedWish }
  | { type: "keep"; change: Change }
  | { type: "theme"; theme: Theme }
  | { type: "mouse"; on: boolean };

export const defaultSettings: Settings = { ...defaultLook, tabs: [], pins: [], presets: [], filters: [] };

export const maxPins = 100;
export const maxPresets = 200;
export const maxPresetName = 100;
