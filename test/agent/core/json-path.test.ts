import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { parseJsonPath, readJson, valueAt } from "../../../agent/core/json-path.ts";
import { isPlainPath } from "../../../config/expression.ts";

describe("a plain path", () => {
  it.each([
    ["SCD30.Humidity", ["SCD30", "Humidity"]],
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ['sensors."air, inside".t', ["sensors", "air, inside", "t"]],
    ["`x y`[12]", ["x y", 12]],
    ["'ä'", ["ä"]],
    ["a", ["a"]],
    ["__proto__.x", ["__proto__", "x"]],
    ["", undefined],
    ["true", undefined],
    [".a", undefined],
    ["a.", undefined],
    ["a..b", undefined],
    ["[0].a", undefined],
    ["a[-1]", undefined],
    ["a[0", undefined],
    ['a"b"', undefined],
    ["a b", undefined],
    ["a-b", undefined],
    ["a * 2", undefined],
    ["$.a", undefined],
    ["a.*", undefined],
    [Array(17).fill("a").join("."), undefined],
  ])("%j is taken apart in the core where the configuration says that it is one", (text, path) => {
    expect(parseJsonPath(text)).toEqual(path);
    expect(isPlainPath(text)).toBe(path !== undefined);
  });

  it("finds what JSONata finds, where no list is on the way", async () => {
    const leafs = fc.oneof(fc.integer(), fc.boolean(), fc.string());
    const { object } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, leafs, tie("object")),
      object: fc.dictionary(fc.constantFrom("a", "b", "c d"), tie("value")),
    }));
    const path = fc.array(fc.constantFrom("a", "b", "`c d`"), { minLength: 1, maxLength: 3 }).map((names) => names.join("."));
    await fc.assert(
      fc.asyncProperty(object, path, async (json, text) => {
        expect(valueAt(json, parseJsonPath(text) ?? [])).toEqual(await jsonata(text).evaluate(json));
      }),
      { numRuns: 300 },
    );
  });

  it("finds nothing that the JSON does not say itself", () => {
    const json = JSON.parse('{"a":[1],"t":"text"}');
    for (const text of ["constructor", "__proto__", "a.length", "t.length", "t[0]", "a.x", "a[1]", "toString.name"])
      expect(valueAt(json, parseJsonPath(text) ?? [])).toBeUndefined();
  });
});

describe("JSON of anybody", () => {
  it("is read", () => expect(readJson('{"a":"[[[[{\\"}"}')).toEqual({ ok: true, json: { a: '[[[[{"}' } }));

  it.each([
    ["a deep one", "[".repeat(60_000), "its JSON has more than 32 levels"],
    ["a deep one that is right", `${"[".repeat(33)}${"]".repeat(33)}`, "its JSON has more than 32 levels"],
    ["one that is none", "x", "it is not JSON"],
    ["half of one", '{"a":', "it is not JSON"],
    ["brackets that close first", "]]]]", "it is not JSON"],
  ])("is refused: %s", (_, text, problem) => expect(readJson(text)).toEqual({ ok: false, problem }));
});
