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
  expect(parseFilter("~(").problem).toMatch(/^not a regular expression: missing/);
  expect(lets("~(", "a")).toBe(true);
});

test.each(["(?=a)", "(a)\\1", "((a{100}){100}){100}"])("%j would take too long, and says so", (source) => {
  expect(parseFilter(`~${source}`).problem).toMatch(/^not a regular expression: /);
});

test.each(["(a+)+$", "(a|a)*$", "(a*)*b", "(.*a){12}$", "a*a*a*a*a*a*b", "(a|aa)+$", "([a-z]+)*\\d$"])(
  "%j over a long topic of a is done",
  (source) => {
    const filter = parseFilter(`~${source}`);
    // The time limit of the test is the proof: a backtracking one takes years.
    for (let n = 0; n < 20; n += 1) filter.test(`${"a".repeat(1000 - n)}!`, () => "");
    expect(filter.test(`${"a".repeat(1000)}!`, () => "")).toBe(source === "(a|a)*$");
  },
);

test.each([
  ["^(a|bc)+d?$", "abcabcd"],
  ["^[^/]+/[a-c\\d]{2,3}$", "x/a1"],
  ["\\bx", "a x"],
  ["(?:ab){2}", "xabab"],
  ["温+", "x温温"],
  ["^.$", "🌡"],
  ["A[B-D]", "xaC"],
  ["x.y", "x\ny"],
])("the regular expression %j over %j says what JavaScript's says", (source, name) => {
  expect(lets(`~${source}`, name)).toBe(new RegExp(source, "isu").test(name));
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
