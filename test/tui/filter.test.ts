import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFilter } from "../../tui/filter.ts";

const lets = (filter: string, name: string, payload = "") => parseFilter(filter).test(name, () => payload);

test.each([
  ["room", "plant/Room1/t", true],
  ["room", "plant/t", false],
  ["!room", "plant/room1", false],
  ["!room", "plant/t", true],
  ["~^plant/.*[0-9]$", "plant/room1", true],
  ["~^plant$", "plant/room1", false],
  ["!~^plant", "plant/room1", false],
  ["plant/+/t", "plant/a/t", true],
  ["plant/+/t", "plant/a/b/t", false],
  ["plant/#", "plant", true],
  ["plant/#", "plant/a/b", true],
  ["+/#", "plant/a", true],
  ["#", "$SYS/broker", false],
  ["+/broker", "$SYS/broker", false],
  ["$SYS/#", "$SYS/broker", true],
  ["", "anything", true],
  ["!", "anything", true],
])("the filter %j lets %j through: %j", (filter, name, expected) => {
  expect(lets(filter, name)).toBe(expected);
});

test("=text looks into the payload", () => {
  expect(lets("=On", "a", '{"state":"ON"}')).toBe(true);
  expect(lets("!=on", "a", '{"state":"ON"}')).toBe(false);
  expect(parseFilter("!=on").live).toBe(true);
});

test("a broken regular expression says so and hides nothing", () => {
  expect(parseFilter("~(").problem).toBe("not a regular expression");
  expect(lets("~(", "a")).toBe(true);
});

test("# in the middle is refused as MQTT refuses it", () => {
  expect(parseFilter("a/#/b").problem).toBe("# only as the last level");
});

test("no text makes the parser throw, and !x is the opposite of x", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, name) => {
      const filter = parseFilter(text);
      const inverse = parseFilter(`!${text}`);
      if (filter.problem !== null || text === "" || "!~=".includes(text)) return;
      if (/^!+[~=]?$/.test(text)) return;
      expect(inverse.test(name, () => "x")).toBe(!filter.test(name, () => "x"));
    }),
  );
});
