import { maxPulseTime } from "./pulse-time.ts";

/** What somebody wants of a device. `relay` and `slot` count from 0; `relay: "all"` = POWER0. */
export type Command =
  | { do: "power"; relay: number | "all"; word: "ON" | "OFF" | "TOGGLE" | null }
  | { do: "status"; what: number | null }
  | { do: "state" }
  | { do: "tele-period"; value: number | null }
  | { do: "pulse-time"; relay: number | "all"; value: number | null }
  | { do: "mem"; slot: number; value: string | null }
  | { do: "unknown" };

const unknown: Command = { do: "unknown" };
/** A packet of a real one has 1,200 bytes at most. */
export const maxPayload = 1200;
/** Tasmota takes 30 commands at once; STATUS 0 alone is answered by eight messages. */
const maxBacklog = 30;
/** What a Mem keeps, in characters. */
export const maxMem = 256;

const words: Readonly<Record<string, "ON" | "OFF" | "TOGGLE">> = {
  on: "ON",
  "1": "ON",
  true: "ON",
  off: "OFF",
  "0": "OFF",
  false: "OFF",
  toggle: "TOGGLE",
  "2": "TOGGLE",
};

/**
 * The commands behind `cmnd/<t>/`, such as `POWER1`, and its payload: of a Backlog several, `POWER1 ON; PulseTime1 112`, else one. Letter case does
 * not count. What cannot be understood is `unknown`, a Backlog within a Backlog too; a word that POWER does not know asks for the state, as a real
 * device takes it.
 */
export function parseCommands(name: string, payload: string): readonly Command[] {
  if (payload.length > maxPayload) return [unknown];
  if (!/^backlog\d{0,2}$/i.test(name)) return [parseCommand(name, payload)];
  const parts = payload.split(";", maxBacklog).map((part) => part.trim());
  return parts.flatMap((part) => {
    const [, one = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(part) ?? [];
    return part === "" ? [] : [parseCommand(one, rest)];
  });
}

function parseCommand(name: string, payload: string): Command {
  const [, word = "", digits = ""] = /^([a-z]+)(\d{0,2})$/.exec(name.toLowerCase()) ?? [];
  const index = digits === "" ? null : Number(digits);
  const text = payload.trim();
  switch (word) {
    case "power":
      return { do: "power", relay: index === 0 ? "all" : (index ?? 1) - 1, word: words[text.toLowerCase()] ?? null };
    case "status":
      return text === "" ? { do: "status", what: null } : wholeNumber(text, (what) => ({ do: "status", what }));
    case "state":
      return { do: "state" };
    case "teleperiod":
      return text === ""
        ? { do: "tele-period", value: null }
        : wholeNumber(text, (value) => ({ do: "tele-period", value: periodOf(value) }));
    case "pulsetime":
      return pulseTime(index, text);
    case "mem":
      if (index === null || index < 1) return unknown;
      return { do: "mem", slot: index - 1, value: text === "" ? null : text === '"' ? "" : text.slice(0, maxMem) };
    default:
      return unknown;
  }
}

function pulseTime(index: number | null, text: string): Command {
  if (text === "") return { do: "pulse-time", relay: index === null ? "all" : index - 1, value: null };
  return wholeNumber(text, (value) => (value > maxPulseTime ? unknown : { do: "pulse-time", relay: (index ?? 1) - 1, value }));
}

function wholeNumber(text: string, then: (value: number) => Command): Command {
  return /^\d{1,6}$/.test(text) ? then(Number(text)) : unknown;
}

/** Seconds: 0 = never, 1 = as usual, else 10 to 3600. */
function periodOf(value: number): number {
  if (value <= 1) return value === 0 ? 0 : usualTelePeriod;
  return Math.min(3600, Math.max(10, value));
}

const usualTelePeriod = 300;
