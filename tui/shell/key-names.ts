import type { Token } from "./tokens.ts";

/** A key as the key table names it: `j`, `G`, `?`, `up`, `enter`, `escape`, `space`, `C-c`, `S-tab`, `M-x`, `f5`; with the mouse `click 12 5`. */
export interface KeyEvent {
  name: string;
  /** What it types into a text field; absent for keys that type nothing. */
  text?: string;
}

const csiFinals: Record<string, string> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  E: "clear",
  F: "end",
  H: "home",
  P: "f1",
  Q: "f2",
  S: "f4",
  Z: "S-tab",
};
const csiNumbers: Record<string, string> = {
  "1": "home",
  "2": "insert",
  "3": "delete",
  "4": "end",
  "5": "pageup",
  "6": "pagedown",
  "7": "home",
  "8": "end",
  "11": "f1",
  "12": "f2",
  "13": "f3",
  "14": "f4",
  "15": "f5",
  "17": "f6",
  "18": "f7",
  "19": "f8",
  "20": "f9",
  "21": "f10",
  "23": "f11",
  "24": "f12",
};
const ss3Finals: Record<string, string> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  M: "enter",
  P: "f1",
  Q: "f2",
  R: "f3",
  S: "f4",
};
const consoleFinals: Record<string, string> = { A: "f1", B: "f2", C: "f3", D: "f4", E: "f5" };
const controls: Record<number, string> = { 0: "C-space", 8: "backspace", 9: "tab", 13: "enter", 127: "backspace" };

/** The key of a token; undefined for sequences that are no key. */
export function keyOf(token: Token): KeyEvent | undefined {
  switch (token.kind) {
    case "text":
      return { name: token.text === " " ? "space" : token.text, text: token.text };
    case "control":
      return { name: controlName(token.code) };
    case "escape":
      return { name: "escape" };
    case "meta": {
      const code = token.text.charCodeAt(0);
      const base = code < 0x20 || code === 0x7f ? controlName(code) : token.text === " " ? "space" : token.text;
      return { name: `M-${base}` };
    }
    case "ss3":
      return ss3Key(token.final);
    case "csi":
      return csiKey(token.params, token.final);
    case "junk":
      return undefined;
  }
}

function controlName(code: number): string {
  return controls[code] ?? `C-${String.fromCharCode(code + 0x40).toLowerCase()}`;
}

function ss3Key(final: string): KeyEvent | undefined {
  // The numeric keypad in application mode: j to y are * to 9.
  if (final >= "j" && final <= "y") {
    const text = String.fromCharCode(final.charCodeAt(0) - 0x40);
    return { name: text, text };
  }
  return named(ss3Finals[final], "");
}

function csiKey(params: string, final: string): KeyEvent | undefined {
  const report = final === "M" ? /^<(\d+);(\d+);(\d+)$/.exec(params) : null;
  if (report) return mouseEvent(Number(report[1]), Number(report[2]) - 1, Number(report[3]) - 1);
  if (params === "[") return named(consoleFinals[final], "");
  const match = /^(\d*)(?:;(\d+))?$/.exec(params);
  if (!match) return undefined;
  const [, first = "", modifiers = "1"] = match;
  if (final === "~") return named(csiNumbers[first], modifiers);
  return first === "" || first === "1" ? named(csiFinals[final], modifiers) : undefined;
}

/** A press of the left button or a turn of the wheel; nobody asked for the rest. */
function mouseEvent(button: number, col: number, row: number): KeyEvent | undefined {
  if (button === 0) return { name: `click ${col} ${row}` };
  return button === 64 || button === 65 ? { name: button === 64 ? "wheel-up" : "wheel-down" } : undefined;
}

function named(name: string | undefined, modifiers: string): KeyEvent | undefined {
  if (!name) return undefined;
  const bits = Math.max(0, Number(modifiers || "1") - 1);
  const prefix = `${bits & 4 ? "C-" : ""}${bits & 2 ? "M-" : ""}${bits & 1 ? "S-" : ""}`;
  return { name: prefix + name };
}
