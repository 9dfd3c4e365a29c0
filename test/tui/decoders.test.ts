import { encode as toMsgpack } from "@msgpack/msgpack";
import { encode as toCbor } from "cborg";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decoders } from "../../tui/decoders.ts";
import type { Message } from "../../tui/topic.ts";
import { formsOf, preview, readValue, type ValueMode } from "../../tui/value.ts";

function message(bytes: Uint8Array): Message {
  return { at: 0, number: 0, bytes: Buffer.from(bytes).toString("latin1"), size: bytes.length, retained: "no", qos: 0 };
}

const hex = (text: string) => message(Buffer.from(text.replaceAll(" ", ""), "hex"));
const read = (of: Message, mode: ValueMode = "auto", previous?: Message) => {
  const { form, lines } = readValue(of, { mode, width: 60, decoders, previous });
  return { form, lines: lines.map(({ text }) => text) };
};

test("CBOR is recognised by its content and written on lines", () => {
  expect(read(message(toCbor({ t: 21.5, ok: true, ids: [1, -2], none: null })))).toEqual({
    form: "CBOR",
    lines: ["{", '  "t": 21.5,', '  "ok": true,', '  "ids": [', "    1,", "    -2", "  ],", '  "none": null', "}"],
  });
});

test("MessagePack is recognised by its content and written on lines", () => {
  expect(read(message(toMsgpack({ t: 21.5, ok: false, ids: [1, -2], none: null })))).toEqual({
    form: "MessagePack",
    lines: ["{", '  "t": 21.5,', '  "ok": false,', '  "ids": [', "    1,", "    -2", "  ],", '  "none": null', "}"],
  });
});

test("numbers keep what they are: floats, NaN, integers of 64 bits", () => {
  expect(read(hex("85 f9 3c 00 f9 7e 00 f9 7c 00 1b ff ff ff ff ff ff ff ff 3b ff ff ff ff ff ff ff ff")).lines).toEqual([
    "[",
    "  1.0,",
    "  NaN,",
    "  Infinity,",
    "  18446744073709551615,",
    "  -18446744073709551616",
    "]",
  ]);
  expect(read(message(toMsgpack([2n ** 64n - 1n, -(2n ** 63n), 1.5, Number.NaN], { useBigInt64: true }))).lines).toEqual([
    "[",
    "  18446744073709551615,",
    "  -9223372036854775808,",
    "  1.5,",
    "  NaN",
    "]",
  ]);
});

test("byte strings, tags, dates and big numbers are readable", () => {
  expect(read(hex("84 43 010203 c1 1a 514b67b0 c2 49 010000000000000000 c0 74 323031332d30332d32315432303a30343a30305a")).lines).toEqual([
    "[",
    "  h'010203',",
    "  1(1363896240 = 2013-03-21T20:04:00.000Z),",
    "  2(h'010000000000000000' = 18446744073709551616),",
    '  0("2013-03-21T20:04:00Z")',
    "]",
  ]);
  const packed = toMsgpack([new Date(1_363_896_240_000), new Uint8Array([1, 2])]);
  expect(read(message(packed)).lines).toEqual(["[", "  timestamp(2013-03-21T20:04:00.000Z),", "  h'0102'", "]"]);
  expect(read(hex("92 d4 05 aa 01")).lines).toEqual(["[", "  ext(5, h'aa'),", "  1", "]"]);
});

test("keys of any kind are shown, in their order, and none of them reaches a prototype", () => {
  expect(read(hex("a5 02 01 01 02 82 01 02 03 69 5f5f70726f746f5f5f 04 f4 05")).lines).toEqual([
    "{",
    "  2: 1,",
    "  1: 2,",
    "  [1, 2]: 3,",
    '  "__proto__": 4,',
    "  false: 5",
    "}",
  ]);
  expect(read(hex("82 a9 5f5f70726f746f5f5f 01 92 01 02 03")).lines).toEqual(["{", '  "__proto__": 1,', "  [1, 2]: 3", "}"]);
});

test("a repeated key is shown each time", () => {
  expect(read(hex("a2 61 61 01 61 61 02")).lines).toEqual(["{", '  "a": 1,', '  "a": 2', "}"]);
});

test("containers without a length end with their break", () => {
  expect(read(hex("bf 61 61 9f 01 02 ff 61 62 80 ff")).lines).toEqual(["{", '  "a": [', "    1,", "    2", "  ],", '  "b": []', "}"]);
});

test.each([
  ["a byte too many", "82 01 02 03"],
  ["a byte too few", "82 01"],
  ["a break that ends nothing", "82 01 ff"],
  ["a map that ends after a key", "bf 61 61 ff"],
  ["text that is no UTF-8", "a1 61 61 61 ff"],
  ["a tag of nothing", "81 c1"],
  ["an array that claims four thousand million elements", "dd ff ff ff ff 01"],
  ["a string that claims four thousand million bytes", "81 7a ff ff ff ff 61"],
  ["MessagePack's byte that is never used", "92 c1 01"],
  ["MessagePack text that is no UTF-8", "91 a1 ff"],
  ["nine tags on one value", `81 ${"c1".repeat(9)} 01`],
])("%s is shown as hex", (_what, bytes) => {
  expect(read(hex(bytes)).form).toBe("hex");
});

test("nesting is followed 32 deep and not further", () => {
  expect(read(hex(`${"81".repeat(32)}f6`)).form).toBe("CBOR");
  expect(read(hex(`${"81".repeat(33)}f6`)).form).toBe("hex");
  expect(read(hex("91".repeat(16_000))).form).toBe("hex");
});

test("arrays that claim much inside of each other cost nothing", () => {
  const before = process.memoryUsage().rss;
  expect(read(hex("dc3fff".repeat(5000))).form).toBe("hex");
  // As the library would make them they are 650 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});

test("a payload longer than 16 kB is not tried", () => {
  expect(read(message(toCbor({ data: new Uint8Array(16_000) }))).form).toBe("CBOR");
  expect(read(message(toCbor({ data: new Uint8Array(17_000) }))).form).toBe("hex");
});

test("a lone number is hex until it is asked for as something else", () => {
  expect(read(hex("f9 3c 00")).form).toBe("hex");
  expect(read(hex("f9 3c 00"), "cbor")).toEqual({ form: "CBOR", lines: ["1.0"] });
  expect(formsOf(hex("f9 3c 00"), decoders)).toEqual(["auto", "diff", "hex", "cbor"]);
});

test("d goes round the forms that fit: the other of two, and text as it came for JSON", () => {
  // An array of two byte strings, or a map from 65 to nothing, twice.
  const both = hex("82 41 c0 41 c0");
  expect(read(both)).toEqual({ form: "CBOR", lines: ["[", "  h'c0',", "  h'c0'", "]"] });
  expect(formsOf(both, decoders)).toEqual(["auto", "diff", "hex", "msgpack"]);
  expect(read(both, "msgpack")).toEqual({ form: "MessagePack", lines: ["{", "  65: null,", "  65: null", "}"] });
  expect(formsOf(message(Buffer.from('{"a":1}')), decoders)).toEqual(["auto", "diff", "hex", "text"]);
  expect(read(message(Buffer.from('{"a":1}')), "text").lines).toEqual(['{"a":1}']);
  expect(formsOf(message(Buffer.from("on")), decoders)).toEqual(["auto", "diff", "hex"]);
});

test("text is never taken for CBOR or MessagePack", () => {
  for (const decoder of decoders) expect(read(message(Buffer.from("a")), decoder.mode).form).toBe("text");
});

test("a diff compares what was decoded", () => {
  const [before, now] = [
    { t: 21.25, ok: true },
    { t: 21.5, ok: true },
  ];
  const lines = ["  {", '-   "t": 21.25,', '+   "t": 21.5,', '    "ok": true', "  }"];
  expect(read(message(toCbor(now)), "diff", message(toCbor(before)))).toEqual({ form: "CBOR diff", lines });
  expect(read(message(toMsgpack(now)), "diff", message(toMsgpack(before)))).toEqual({ form: "MessagePack diff", lines });
  expect(read(message(toCbor(now)), "diff").form).toBe("CBOR, nothing before it");
});

test("each line has a name, and a number its figure", () => {
  const { lines } = readValue(message(toCbor({ room: { t: 21.5 }, on: true, l: [7] })), { mode: "auto", width: 40, decoders });
  expect(lines.filter(({ figure }) => figure !== undefined).map(({ id, figure }) => [id, figure])).toEqual([
    ["$.l[0]", 7],
    ["$.on", 1],
    ["$.room.t", 21.5],
  ]);
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
});

test("a long string is shown on many lines of which one has the name", () => {
  const { lines } = readValue(message(toCbor({ s: "x".repeat(100) })), { mode: "auto", width: 20, decoders });
  expect(lines.filter(({ id }) => id === "$.s").length).toBe(1);
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
});

test("what was encoded is what is read, and no bytes make it throw or run away", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(value, (some) => {
      // -0 and floats that are whole have a form of their own.
      const text = JSON.stringify(some);
      if (!/^[[{]/.test(text) || text.length < 3) return;
      for (const [name, encoded] of [
        ["cbor", toCbor(JSON.parse(text))],
        ["msgpack", toMsgpack(JSON.parse(text))],
      ] as const) {
        const of = message(encoded);
        const { form, lines } = readValue(of, { mode: name, width: 100_000, decoders });
        if (form === "CBOR" || form === "MessagePack")
          expect(JSON.parse(lines.map((line) => line.text).join("\n"))).toEqual(JSON.parse(text));
      }
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<ValueMode>("auto", "cbor", "msgpack", "diff"), (bytes, mode) => {
      const { lines } = readValue(message(bytes), { mode, width: 40, decoders, previous: message(bytes.slice(1)) });
      expect(lines.length).toBeLessThanOrEqual(2100);
    }),
    { numRuns: 2000 },
  );
});

test("control characters in keys and values are written as escapes", () => {
  expect(read(message(toCbor({ "\u001b[2J": "\u0007" }))).lines[1]).toBe('  "\\u001b[2J": "\\u0007"');
});

test("a list shows short ones on one line, and the bytes of long ones", () => {
  expect(preview(message(toCbor({ t: 21.5, on: true })), 40, decoders)).toBe('{ "t": 21.5, "on": true }');
  expect(preview(message(toCbor({ t: new Uint8Array(300) })), 10, decoders)).toBe("hex a16174");
  expect(preview(message(toCbor({ t: 21.5 })), 10)).toBe("hex a16174");
});
