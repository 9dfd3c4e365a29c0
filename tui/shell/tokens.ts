/** What one read from a terminal consists of, cut where the next thing starts. */
export type Token =
  /** One printable code point. */
  | { kind: "text"; text: string }
  /** A C0 control or DEL. */
  | { kind: "control"; code: number }
  /** ESC [ … final; `params` without the final. */
  | { kind: "csi"; params: string; final: string }
  /** ESC O x. */
  | { kind: "ss3"; final: string }
  /** ESC and a key: Alt. */
  | { kind: "meta"; text: string }
  /** ESC alone. */
  | { kind: "escape" }
  /** A reply, an old mouse report, C1 or garbage: not for anybody. */
  | { kind: "junk" };

export interface Cut {
  token: Token;
  /** UTF-16 units that the token takes. */
  length: number;
}

/** An unfinished reply is held to this length. */
const maxHeld = 4_096;
/** No key sends a longer one. */
const maxCsi = 64;

const junk = (length: number): Cut => ({ token: { kind: "junk" }, length });

/** Cuts the first token off `input`; undefined when it is not complete yet. */
export function cutToken(input: string): Cut | undefined {
  const code = input.codePointAt(0);
  if (code === undefined) return undefined;
  if (code === 0x1b) return cutEscape(input);
  if (code < 0x20 || code === 0x7f) return { token: { kind: "control", code }, length: 1 };
  if (code >= 0x80 && code <= 0x9f) return cutC1(input, code);
  if (code === 0xfffd || (code >= 0xd800 && code <= 0xdfff)) return junk(1);
  const text = String.fromCodePoint(code);
  return { token: { kind: "text", text }, length: text.length };
}

function cutEscape(input: string): Cut | undefined {
  if (input.length === 1) return undefined;
  const next = input.charAt(1);
  switch (next) {
    case "[":
      return cutCsi(input, 2);
    case "O":
      return cutSs3(input);
    case "]":
    case "P":
    case "X":
    case "^":
    case "_":
      return cutString(input, 2);
    case "\x1b":
      return { token: { kind: "escape" }, length: 1 };
    default: {
      const text = String.fromCodePoint(input.codePointAt(1) ?? 0);
      return { token: { kind: "meta", text }, length: 1 + text.length };
    }
  }
}

function cutCsi(input: string, start: number): Cut | undefined {
  // The Linux console sends F1 to F5 as ESC [ [ A.
  if (input[start] === "[") {
    const final = input[start + 1];
    return final === undefined ? undefined : { token: { kind: "csi", params: "[", final }, length: start + 2 };
  }
  for (let at = start; at < input.length; at++) {
    const code = input.charCodeAt(at);
    if (code >= 0x20 && code <= 0x3f && at - start < maxCsi) continue;
    if (code < 0x40 || code > 0x7e) return junk(at);
    // The oldest mouse report carries three more characters.
    if (input[at] === "M" && at === start) return input.length < at + 4 ? undefined : junk(at + 4);
    return { token: { kind: "csi", params: input.slice(start, at), final: input.charAt(at) }, length: at + 1 };
  }
  return undefined;
}

function cutSs3(input: string): Cut | undefined {
  const final = input[2];
  if (final === undefined) return undefined;
  return final < " " || final > "~" ? junk(2) : { token: { kind: "ss3", final }, length: 3 };
}

/** OSC, DCS, SOS, PM and APC end with ST, the first also with BEL; a new sequence or CAN cuts them short. */
function cutString(input: string, start: number): Cut | undefined {
  for (let at = start; at < input.length; at++) {
    const code = input.charCodeAt(at);
    if (code === 7 || code === 0x18 || code === 0x1a || code === 0x9c) return junk(at + 1);
    if (code === 0x1b) {
      if (at + 1 >= input.length) return undefined;
      return junk(input[at + 1] === "\\" ? at + 2 : at);
    }
    if (at >= maxHeld) return junk(at);
  }
  return undefined;
}

/** The 8-bit forms are no keys of a UTF-8 terminal: the whole sequence goes. */
function cutC1(input: string, code: number): Cut | undefined {
  if (code === 0x9b) {
    const cut = cutCsi(input, 1);
    return cut && junk(cut.length);
  }
  return code === 0x90 || code === 0x98 || code >= 0x9d ? cutString(input, 1) : junk(1);
}
