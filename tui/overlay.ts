import type { Editor } from "./editor.ts";
import type { PublishOverlay } from "./publish.ts";
import type { ClearOverlay } from "./retained.ts";

/** A dialog that lies over the tab and takes the keys. */
export type Overlay =
  | { kind: "filter"; field: Editor; before: string }
  | { kind: "help" | "palette"; field: Editor; index: number; top: number }
  | (PublishOverlay | ClearOverlay)
  /** `level`: of a PWM, what is sent in place of the word. */
  | { kind: "switch"; output: string; word: "ON" | "OFF"; level?: number }
  | { kind: "service"; unit: string }
  | { kind: "inject"; input: string }
  | { kind: "inject-message"; field: Editor }
  /** `forced` = it cannot be more than a look. */
  | { kind: "attach"; base: string; field: Editor; readOnly: boolean; forced: boolean; problem: string | null };
