import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InputFilter } from "../../../tui/shell/input-filter.ts";
import type { KeyEvent } from "../../../tui/shell/key-names.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Seen {
  filter: InputFilter;
  events: string[];
  keys: KeyEvent[];
}

function listen(options?: ConstructorParameters<typeof InputFilter>[1]): Seen {
  const events: string[] = [];
  const keys: KeyEvent[] = [];
  const filter = new InputFilter(
    {
      key(key) {
        keys.push(key);
        events.push(key.name);
      },
      paste: (text) => events.push(`paste:${text}`),
      focus: (focused) => events.push(focused ? "focusin" : "focusout"),
      ack: () => events.push("ack"),
    },
    options,
  );
  return { filter, events, keys };
}

/** Sends each part as one read and waits until nothing is unfinished. */
function read(...parts: (string | Buffer)[]): string[] {
  const { filter, events } = listen();
  for (const part of parts) filter.push(Buffer.from(part));
  vi.advanceTimersByTime(1_000);
  return events;
}

const table: [what: string, bytes: string, events: string[]][] = [
  ["a letter", "j", ["j"]],
  ["a capital", "G", ["G"]],
  ["the space bar", " ", ["space"]],
  ["Enter", "\r", ["enter"]],
  ["a line feed", "\n", ["C-j"]],
  ["Ctrl and a letter", "\x03\x0c\x1a", ["C-c", "C-l", "C-z"]],
  ["Tab both ways", "\t\x1b[Z", ["tab", "S-tab"]],
  ["Backspace of both kinds", "\x7f\x08", ["backspace", "backspace"]],
  ["arrows in both modes", "\x1b[A\x1b[B\x1bOC\x1bOD", ["up", "down", "right", "left"]],
  ["Home and End of all kinds", "\x1b[H\x1b[1~\x1bOH\x1b[F\x1b[4~\x1b[8~", ["home", "home", "home", "end", "end", "end"]],
  ["the six-key block", "\x1b[2~\x1b[3~\x1b[5~\x1b[6~", ["insert", "delete", "pageup", "pagedown"]],
  ["modifiers", "\x1b[1;5A\x1b[1;2B\x1b[1;3C\x1b[1;8D\x1b[3;5~", ["C-up", "S-down", "M-right", "C-M-S-left", "C-delete"]],
  ["function keys of three families", "\x1bOP\x1b[11~\x1b[[A\x1b[15~\x1b[24~", ["f1", "f1", "f1", "f5", "f12"]],
  ["Alt and a letter", "\x1bx\x1b\x7f", ["M-x", "M-backspace"]],
  ["Escape alone", "\x1b", ["escape"]],
  ["Escape twice", "\x1b\x1b", ["escape", "escape"]],
  ["Escape and then an arrow", "\x1b\x1b[A", ["escape", "up"]],
  ["letters of other languages", "é日", ["é", "日"]],
  ["an emoji as one text", "😀", ["😀"]],
  ["three keys in one read", "j\x1b[Ak", ["j", "up", "k"]],
  ["a focus change", "\x1b[I\x1b[O", ["focusin", "focusout"]],
  ["an acknowledgement", "\x1b[0n", ["ack"]],
  ["an acknowledgement between keys", "j\x1b[0nk", ["j", "ack", "k"]],
  ["a paste", "\x1b[200~rm -rf\r\x1b[A\x1b[201~j", ["paste:rm -rf\r\x1b[A", "j"]],
  ["an empty paste", "\x1b[200~\x1b[201~", ["paste:"]],
  ["a paste without marks", "quit now\ry", ["paste:quit now\ny"]],
  ["eight typed letters", "abcdefgh", ["a", "b", "c", "d", "e", "f", "g", "h"]],
  ["a held key after a stall", "jjjjjjjjjj", Array<string>(10).fill("j")],
  ["an OSC reply with BEL", "\x1b]11;rgb:1111/2222/3333\x07j", ["j"]],
  ["an OSC reply with ST", "\x1b]11;rgb:1111/2222/3333\x1b\\j", ["j"]],
  ["an OSC that a key cuts short", "\x1b]11;rgb\x1b[A", ["up"]],
  ["DCS, APC, PM and SOS replies", "\x1bP>|xterm\x1b\\\x1b_G\x1b\\\x1b^p\x1b\\\x1bXs\x1b\\j", ["j"]],
  ["device attributes", "\x1b[?62;4;6c\x1b[>41;354;0cj", ["j"]],
  ["a mode report", "\x1b[?2026;2$yj", ["j"]],
  ["a cursor position report", "\x1b[24;80Rj", ["j"]],
  ["mouse reports: a press and the wheel", "\x1b[<0;33;12M\x1b[<64;1;1M\x1b[<65;300;90Mj", ["click 32 11", "wheel-up", "wheel-down", "j"]],
  ["mouse reports that nobody asked for", "\x1b[<0;33;12m\x1b[<2;1;1M\x1b[<35;1;1M\x1b[<0;1M\x1b[M !!\x1b[32;5;5Mj", ["j"]],
  ["C1 controls", "\u009b2Jj\u0085\u009d0;t\u009ck", ["j", "k"]],
  ["a sequence with a control in it", "\x1b[1\x03", ["C-c"]],
];

describe("the input filter", () => {
  it.each(table)("reads %s", (_, bytes, events) => {
    expect(read(bytes)).toEqual(events);
  });

  it.each(table.filter(([what]) => !/without marks|held key|typed letters/.test(what)))(
    "reads %s when it comes byte by byte",
    (_, bytes, events) => {
      // Escape in front of something is Alt or a sequence, however slowly it comes.
      expect(read(...[...Buffer.from(bytes)].map((byte) => Buffer.of(byte)))).toEqual(events);
    },
  );

  it("reads the same keys however the bytes are cut", () => {
    const sequence = fc.constantFrom(...table.filter(([what]) => !/without marks|held key|typed|Escape|empty/.test(what)));
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 4 }), fc.array(fc.nat(200), { maxLength: 12 }), (rows, cuts) => {
        const bytes = Buffer.concat(rows.map(([, text]) => Buffer.from(text)));
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        const parts = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        expect(read(...parts)).toEqual(rows.flatMap(([, , events]) => events));
      }),
    );
  });

  it("types emoji and letters as text, and nothing for other keys", () => {
    const { filter, keys } = listen();
    filter.push(Buffer.from("😀 \x1b[A"));
    expect(keys).toEqual([{ name: "😀", text: "😀" }, { name: "space", text: " " }, { name: "up" }]);
  });

  it("waits 30 ms before it believes in Escape", () => {
    const { filter, events } = listen();
    filter.push(Buffer.from("\x1b"));
    vi.advanceTimersByTime(29);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(events).toEqual(["escape"]);
  });

  it("takes an arrow that comes in two reads for one arrow", () => {
    const { filter, events } = listen();
    filter.push(Buffer.from("\x1b"));
    vi.advanceTimersByTime(20);
    filter.push(Buffer.from("[A"));
    expect(events).toEqual(["up"]);
  });

  it("drops and counts a sequence whose end never comes", () => {
    const { filter, events } = listen();
    filter.push(Buffer.from("\x1b[12;3"));
    vi.advanceTimersByTime(500);
    filter.push(Buffer.from("j"));
    expect(events).toEqual(["j"]);
    expect(filter.dropped).toBe(1);
  });

  it("holds an endless reply to 4,096 characters and needs no more memory for the rest", () => {
    const { filter, events } = listen();
    filter.push(Buffer.from("\x1b]52;c;"));
    for (let i = 0; i < 100; i++) filter.push(Buffer.alloc(1_000, "Ab"));
    filter.push(Buffer.from("\x07"));
    expect(events.filter((event) => !event.startsWith("paste:"))).toEqual(["C-g"]);
  });

  it("caps a paste and still finds its end", () => {
    const { filter, events } = listen({ maxPaste: 10 });
    filter.push(Buffer.from("\x1b[200~0123456"));
    filter.push(Buffer.from(`${"x".repeat(1_000)}\x1b[20`));
    filter.push(Buffer.from("1~j"));
    expect(events).toEqual(["paste:0123456xxx", "j"]);
    expect(filter.dropped).toBe(1);
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (reads) => {
        const { filter, keys } = listen();
        for (const bytes of reads) filter.push(Buffer.from(bytes));
        vi.advanceTimersByTime(1_000);
        filter.reset();
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        for (const { text } of keys) expect(text ?? "").not.toMatch(/[\x00-\x1f\x7f-\x9f\ufffd]/);
      }),
    );
  });
});
