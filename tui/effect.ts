import type { LogView, ServiceVerb, SimStep, SwitchWord, TraceEntry, View } from "../agent/protocol.ts";
import type { KeptEffect } from "./kept.ts";
import type { Publication } from "./model.ts";

/** What `update` wants done; `tui/main.ts` does it. */
export type Effect =
  | { type: "publish"; publication: Publication }
  | { type: "set"; output: string; state: SwitchWord }
  | { type: "set-level"; output: string; level: number }
  | { type: "press"; input: string; forMs: number }
  /** What the world does to the simulated board at once. */
  | { type: "play"; step: SimStep; done: string }
  | { type: "why"; output: string }
  | { type: "pin"; id: string }
  | { type: "lines" }
  /** Asks for the packets after this number, `wait` ms from now. */
  | { type: "trace"; after: number; wait: number }
  | { type: "packet-bytes"; number: number }
  /** Asks for what came to a log after this line, `wait` ms from now. */
  | { type: "service-log"; unit: string; from: LogView["from"]; run: number; after: number; wait: number }
  | { type: "control-service"; unit: string; verb: ServiceVerb }
  | { type: "record-start" }
  | { type: "record"; entries: readonly TraceEntry[] }
  | { type: "record-stop" }
  | { type: "record-messages"; on: boolean }
  /** `step` = one message more; `skip` = no more waiting for the next one. */
  | { type: "replay"; speed: number; paused: boolean; step: boolean; skip: boolean }
  | { type: "watch"; views: readonly View[] }
  /** Asks the broker once more for what it keeps under these topic filters. */
  | { type: "refresh"; filters: readonly string[] }
  | KeptEffect
  /** Looks at another node over ssh, and comes back. */
  | { type: "attach"; destination: string; readOnly: boolean }
  | { type: "copy"; text: string }
  | { type: "repaint" }
  | { type: "suspend" }
  /** `all` = where the person came from, too. */
  | { type: "quit"; all?: true };

/** Who does it: one function for each kind. */
export type Performers<T extends Effect["type"] = Effect["type"]> = { [K in T]: (effect: Effect & { type: K }) => void };

/** So many bytes of a text go to the clipboard of the terminal. */
export const maxCopied = 8 * 1024;

/** Nothing is to be done outside. */
export const none: readonly Effect[] = [];
