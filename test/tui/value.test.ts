import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message } from "../../tui/topic.ts";
import { jsonLines, preview, readValue, textOf, valueLines } from "../../tui/value.ts";

function message(payload: string | Buffer): Message {
  const bytes = Buffer.from(payload);
  return { at: 0, number: 0, bytes: bytes.toString("latin1"), size: bytes.length, retained: "no", qos: 0 };
}

const indentJson = (text: string) => jsonLines(text)?.map((line) => line.text);

test("JSON is indented without changing a number or a key", () => {
  expect(indentJson('{"n":1.0,"big":12345678901234567890,"a":[],"o":{},"l":[1,"x,y"],"n":2}')).toEqual([
    "{",
    '  "n": 1.0,',
    '  "big": 12345678901234567890,',
    '  "a": [],',
    '  "o": {},',
    '  "l": [',
    "    1,",
    '    "x,y"',
    "  ],",
    '  "n": 2',
    "}",
  ]);
});

test("the lines of any JSON say the same as the JSON", () => {
  fc.assert(
    fc.property(fc.json({ depthSize: "small" }), (text) => {
      const lines = indentJson(text);
      if (lines !== undefined) expect(JSON.parse(lines.join("\n"))).toEqual(JSON.parse(text));
    }),
  );
});

test("deep nesting neither throws nor makes endless lines", () => {
  expect(indentJson("[".repeat(30_000) + "]".repeat(30_000))?.length).toBeLessThan(2100);
});

test("bytes that are no text are shown as hex", () => {
  const binary = message(Buffer.from([0xff, 0, 0x41, 1, 2, 3, 4, 5, 6]));
  expect(textOf(binary)).toBeUndefined();
  expect(valueLines(binary, "auto", 40)).toEqual(["0000 ff 00 41 01 02 03 04 05 ..A.....", "0008 06                      ."]);
  expect(preview(binary, 12)).toBe("hex ff004101");
});

test("a preview is one line and never cuts a character in two", () => {
  expect(preview(message("a\n  b"), 20)).toBe("a b");
  expect(preview(message("é".repeat(100)), 3)).toBe("ééé");
});

test("nothing is called empty", () => {
  expect(preview(message(""), 10)).toBe("(empty)");
  expect(valueLines(message(""), "auto", 10)).toEqual(["(empty)"]);
});

test("a diff names what went and what came", () => {
  expect(valueLines(message('{"t":21.4,"ok":true}'), "diff", 40, message('{"t":21.3,"ok":true}'))).toEqual([
    "  {",
    '-   "t": 21.3,',
    '+   "t": 21.4,',
    '    "ok": true',
    "  }",
  ]);
});

test("a value of which only a part is kept says so", () => {
  expect(valueLines({ ...message("abc"), size: 900 }, "auto", 40).at(-1)).toBe("... 3 of 900 bytes kept");
});

test("JSON of which only a part is kept is indented as far as it goes", () => {
  const cut = (text: string, at: number) => ({ ...message(Buffer.from(text).subarray(0, at)), size: Buffer.byteLength(text) });
  const text = '{"room":"Küche, [groß]","values":[{"t":21.0},{"t":22}],"last":"x"}';
  expect(readValue(cut(text, 50), { mode: "auto", width: 60, decoders: [] })).toMatchObject({ form: "JSON, cut" });
  expect(valueLines(cut(text, 50), "auto", 60)).toEqual([
    "{",
    '  "room": "Küche, [groß]",',
    '  "values": [',
    "    {",
    '      "t": 21.0',
    "    }",
    "  ]",
    "}",
    "... 50 of 68 bytes kept",
  ]);
  // Within a character, and before anything is whole.
  expect(valueLines(cut(text, 11), "auto", 60)).toEqual(['{"room":"K', "... 11 of 68 bytes kept"]);
  expect(valueLines(cut("[INFO] started, [1, 2", 18), "auto", 60)[0]).toBe("[INFO] started, [1");
});

test("JSON that was cut within a hostile string costs no more than any other", () => {
  const bytes = `{"a":1,"${'\\"'.repeat(30_000)}\\\n`;
  expect(readValue({ ...message(bytes), size: 100_000 }, { mode: "auto", width: 60, decoders: [] })).toMatchObject({ form: "JSON, cut" });
  // What follows a line end that is not allowed there is still within the string.
  const within = `{"a":1,"b\\\n,${",".repeat(9)}`;
  expect(readValue({ ...message(within), size: 100_000 }, { mode: "auto", width: 60, decoders: [] })).toMatchObject({ form: "JSON, cut" });
});

test("whatever is cut wherever, it is shown as text and never throws", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, at) => {
      const bytes = Buffer.from(text);
      const kept = at % (bytes.length + 1);
      const { form, lines } = readValue(
        { ...message(bytes.subarray(0, kept)), size: bytes.length + 1 },
        { mode: "auto", width: 60, decoders: [] },
      );
      expect(form).toMatch(/^(text|JSON, cut)$/);
      expect(lines.at(-1)?.text).toBe(`... ${kept} of ${bytes.length + 1} bytes kept`);
    }),
  );
});

test("long lines are wrapped to the pane, wide characters to half of it", () => {
  expect(valueLines(message("x".repeat(25)), "auto", 10)).toEqual(["x".repeat(10), "x".repeat(10), "x".repeat(5)]);
  expect(valueLines(message("字".repeat(8)), "auto", 10)).toEqual(["字".repeat(5), "字".repeat(3)]);
});
