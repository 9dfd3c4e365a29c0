import type { Key } from "./keys.ts";

/** Part of the key table: the keys of each dialog. */
export const dialogKeys = [
  { command: "accept", scope: "filter", keys: ["enter"], does: "Keep the filter", hint: "Keep" },
  { command: "cancel", scope: "filter", keys: ["escape"], does: "Clear the filter", hint: "Clear" },

  { command: "accept", scope: "menu", keys: ["enter"], does: "Do it", hint: "Do it" },
  { command: "choice-down", scope: "menu", keys: ["down", "C-n", "tab"], does: "Next entry", hint: "Next" },
  { command: "choice-up", scope: "menu", keys: ["up", "C-p", "S-tab"], does: "Previous entry", hint: "Previous" },
  { command: "cancel", scope: "menu", keys: ["escape"], does: "Close", hint: "Close" },

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

  { command: "accept", scope: "presets", keys: ["enter"], does: "Take it into the dialog", hint: "Take it" },
  { command: "choice-down", scope: "presets", keys: ["down", "C-n", "tab"], does: "Next entry", hint: "Next" },
  { command: "choice-up", scope: "presets", keys: ["up", "C-p", "S-tab"], does: "Previous entry", hint: "Previous" },
  { command: "preset-remove", scope: "presets", keys: ["C-x"], does: "Remove the preset, when pressed twice", hint: "Remove" },
  { command: "cancel", scope: "presets", keys: ["escape"], does: "Back to the publication", hint: "Back" },

  { command: "accept", scope: "preset", keys: ["enter"], does: "Keep it under this name", hint: "Save" },
  { command: "cancel", scope: "preset", keys: ["escape"], does: "Back to the publication", hint: "Back" },

  { command: "accept", scope: "clear", keys: ["enter"], does: "Clear, when the count is typed", hint: "Clear", writes: true },
  { command: "backup", scope: "clear", keys: ["b"], does: "Write the backup only", hint: "Backup only" },
  { command: "cancel", scope: "clear", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "switch-yes", scope: "switch", keys: ["y"], does: "Yes, switch it", hint: "Yes", writes: true },
  { command: "level-up", scope: "switch", keys: ["up", "+"], does: "Higher level of a PWM", writes: true },
  { command: "level-down", scope: "switch", keys: ["down", "-"], does: "Lower level of a PWM", writes: true },
  { command: "switch-pulse", scope: "switch", keys: ["t"], does: "Timed pulse of the configured length", hint: "Pulse", writes: true },
  { command: "cancel", scope: "switch", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "service-start", scope: "service", keys: ["s"], does: "Start it", hint: "Start", writes: true },
  { command: "service-stop", scope: "service", keys: ["p"], does: "Stop it", hint: "Stop", writes: true },
  { command: "service-restart", scope: "service", keys: ["r"], does: "Restart it", hint: "Restart", writes: true },
  { command: "cancel", scope: "service", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "press-short", scope: "inject", keys: ["y"], does: "Press for 120 ms", hint: "Press", writes: true },
  { command: "press-long", scope: "inject", keys: ["h"], does: "Hold for 1 s", hint: "Hold", writes: true },
  { command: "press-edge", scope: "inject", keys: ["e"], does: "One edge: the other level, which stays", hint: "Edge", writes: true },
  {
    command: "inject-message",
    scope: "inject",
    keys: ["m"],
    does: "A message, as if another device had published it",
    hint: "Message",
    writes: true,
  },
  { command: "cancel", scope: "inject", keys: ["escape", "q", "n"], does: "Cancel", hint: "Cancel" },

  { command: "accept", scope: "inject-message", keys: ["enter"], does: "Hand it to the agent", hint: "Inject", writes: true },
  { command: "cancel", scope: "inject-message", keys: ["escape"], does: "Cancel", hint: "Cancel" },

  { command: "accept", scope: "attach", keys: ["enter"], does: "Attach", hint: "Attach" },
  { command: "field-change", scope: "attach", keys: ["tab"], does: "Look only, or be able to arm outputs there", hint: "Look only" },
  { command: "cancel", scope: "attach", keys: ["escape"], does: "Cancel", hint: "Cancel" },
] as const satisfies readonly Key[];
