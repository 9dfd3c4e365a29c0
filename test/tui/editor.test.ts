import fc from "fast-check";
import { expect, test } from "vitest";
import { type Editor, edit, editor, insert, maxEditorLength, shown } from "../../tui/editor.ts";

const typed = (start: Editor, ...keys: string[]) => keys.reduce((field, key) => edit(field, key) ?? insert(field, key), start);

test("text goes in at the cursor", () => {
  expect(typed(editor("ad"), "left", "b", "c")).toEqual({ text: "abcd", cursor: 3 });
});

test("an emoji is one step and one deletion", () => {
  expect(typed(editor("a😀b"), "left", "backspace")).toEqual({ text: "ab", cursor: 1 });
});

test("the shell's editing keys work", () => {
  expect(typed(editor("one two  "), "C-w").text).toBe("one ");
  expect(typed(editor("one two"), "home", "right", "C-k").text).toBe("o");
  expect(typed(editor("one two"), "left", "C-u").text).toBe("o");
  expect(typed(editor("abc"), "C-a", "delete").text).toBe("bc");
});

test("line ends of a paste become spaces, so a field stays one line", () => {
  expect(insert(editor(), "a\r\nb\u0007c\u009bd").text).toBe("a b c d");
});

test("a field has an end", () => {
  expect(insert(editor("x"), "y".repeat(100_000)).text.length).toBe(maxEditorLength);
});

test("a key that does not edit is nobody's here", () => {
  expect(edit(editor("a"), "f1")).toBeUndefined();
});

test("the cursor is always visible", () => {
  expect(shown(editor("abcdef"), 4)).toBe("def_");
  expect(shown({ text: "abcdef", cursor: 0 }, 4)).toBe("_abc");
});

test("any keys keep the cursor inside the text", () => {
  const key = fc.constantFrom("left", "right", "home", "end", "backspace", "delete", "C-u", "C-k", "C-w", "x", "😀", " ");
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const field = typed(editor(), ...keys);
      expect(field.cursor).toBeGreaterThanOrEqual(0);
      expect(field.cursor).toBeLessThanOrEqual(Array.from(field.text).length);
    }),
  );
});
