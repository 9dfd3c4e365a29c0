import type { KeyEntry } from "./keys.ts";

export type KeptCommand =
  | "clear-retained"
  | "pin"
  | "theme-default"
  | "theme-high-contrast"
  | "theme-mono"
  | "mouse"
  | "choose"
  | "preset"
  | "line-down"
  | "line-up"
  | "line-break"
  | "backup";

/** Part of the key table: what is kept here and at the broker. */
export const keptKeys: readonly KeyEntry[] = [
  {
    command: "clear-retained",
    scope: "topics",
    keys: ["D"],
    does: "Clear what the broker keeps below the selection, through a dialog",
    hint: "Clear-retained",
    writes: true,
  },
  { command: "pin", scope: "topics", keys: ["P"], does: "Pin the topic or branch to the top of the tree, or unpin it" },
  { command: "theme-default", scope: "all", keys: [], does: "Theme default: colours on the terminal's own background" },
  { command: "theme-high-contrast", scope: "all", keys: [], does: "Theme high contrast: white on black, or black on white" },
  { command: "theme-mono", scope: "all", keys: [], does: "Theme mono: no colours" },
  { command: "mouse", scope: "all", keys: ["m"], does: "Mouse on or off: a click takes a row, a tab or a hint, the wheel moves" },
];

/** Part of the key table: the dialogs that publish and that clear. */
export const publishKeys: readonly KeyEntry[] = [
  { command: "send", scope: "publish", keys: ["C-s"], does: "Send", hint: "Send", writes: true },
  { command: "field-next", scope: "publish", keys: ["tab", "enter"], does: "Next field", hint: "Next field" },
  { command: "field-previous", scope: "publish", keys: ["S-tab"], does: "Previous field" },
  { command: "line-down", scope: "publish", keys: ["down"], does: "Next line of the payload, or next field" },
  { command: "line-up", scope: "publish", keys: ["up"], does: "Previous line of the payload, or previous field" },
  { command: "line-break", scope: "publish", keys: ["C-j", "M-enter"], does: "New line in the payload" },
  { command: "field-change", scope: "publish", keys: ["space"], does: "Change QoS, Retain or what the payload is", hint: "Change" },
  { command: "recall", scope: "publish", keys: ["C-r"], does: "The publication before", hint: "History" },
  { command: "choose", scope: "publish", keys: ["C-o"], does: "Choose from the presets and the history", hint: "Presets" },
  { command: "preset", scope: "publish", keys: ["C-t"], does: "Keep it as a preset, under a name", hint: "Keep" },
  { command: "cancel", scope: "publish", keys: ["escape"], does: "Cancel", hint: "Cancel" },

  { command: "accept", scope: "preset", keys: ["enter"], does: "Keep it under this name", hint: "Save" },
  { command: "cancel", scope: "preset", keys: ["escape"], does: "Back to the publication", hint: "Back" },

  { command: "accept", scope: "clear", keys: ["enter"], does: "Clear, when the count is typed", hint: "Clear", writes: true },
  { command: "backup", scope: "clear", keys: ["b"], does: "Write the backup only", hint: "Backup only" },
  { command: "cancel", scope: "clear", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },
];
