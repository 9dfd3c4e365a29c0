import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Change, defaultSettings, type Preset } from "../../tui/kept.ts";
import { amend, readSettings } from "../../tui/settings.ts";

const lamp: Preset = { name: "lamp on", topic: "pinbus/gh-01/out/lamp/set", payload: "ON", qos: 1, retain: false };

/** Half a surrogate pair is no text that a file could hold. */
const wellFormed = (text: string) => Buffer.from(text).toString() === text;

const whole = `# mine
theme: high-contrast
background: light
tabs: [pins, topics]   # the pins first
pins:
  - plant/room1       # the one I look after
  - "- dash is quoted"
presets:
  - { name: lamp on, topic: pinbus/gh-01/out/lamp/set, payload: "ON", qos: 1 }
  - { name: bytes, topic: a/b, payload: 00ff, format: hex, retain: true }
filters: ["#", plant/+/climate, $SYS/#]
`;

test("every setting is read", () => {
  const { settings, faults } = readSettings(whole.replace('  - "- dash is quoted"\n', ""));
  expect(faults).toEqual([]);
  expect(settings).toEqual({
    theme: "high-contrast",
    background: "light",
    tabs: ["pins", "topics"],
    pins: ["plant/room1"],
    presets: [lamp, { name: "bytes", topic: "a/b", payload: "00ff", format: "hex", qos: 0, retain: true }],
    filters: ["#", "plant/+/climate", "$SYS/#"],
  });
});

test.each(["", "# nothing yet\n", "---\n", "null\n", "pins:\ntabs:\n"])("%j is no fault, and says nothing", (text) => {
  expect(readSettings(text)).toEqual({ settings: defaultSettings, faults: [] });
});

describe("what is wrong is said with its line and what to do, and the rest counts", () => {
  test.each([
    ["theme: mono\nthem: x", "2:1", '"them" is no setting', "did you mean theme?"],
    ["theme: mono\nzzz: x", "2:1", '"zzz" is no setting', "write one of theme, background, tabs, pins, presets, filters"],
    ["theme: mono\nbackground: [1]", "2:13", 'background: "" is not known', "write one of auto, dark, light"],
    ["theme: mono\ntabs: [pinz]", "2:8", 'tabs[0]: "pinz" is not known', "did you mean pins?"],
    ["theme: mono\npins: a/b", "2:7", "pins is not a list", "write each item in a line of its own with `- ` in front"],
    ["theme: mono\npins: [a/#]", "2:8", "pins[0]: + and # are for filters: a branch is pinned by its name", "write one text"],
    ["theme: mono\npresets: [{ topic: a }]", "2:11", "presets[0] has no name", "add `name:`"],
    ["theme: mono\npresets: [{ name: a, topic: a, qos: 3 }]", "2:37", "presets[0].qos is not 0, 1 or 2", "write 0, 1 or 2"],
    [
      "theme: mono\npresets: [{ name: a, topic: a, retain: yes }]",
      "2:40",
      "presets[0].retain is neither true nor false",
      "write true or false",
    ],
    ["theme: mono\nfilters: [a/#/b]", "2:11", "filters[0]: this is no topic filter", "write one text"],
    ["theme: mono\ntheme: default", "2:1", '"theme" stands twice, first in line 1', "remove one of them"],
  ])("%j", (text, place, message, fix) => {
    const { settings, faults } = readSettings(text);
    expect(settings.theme).toBe("mono");
    expect(faults.map(({ line, column }) => `${line}:${column}`)).toEqual([place]);
    expect(faults[0]?.message).toBe(message);
    expect(faults[0]?.fix).toContain(fix);
  });

  test("a file that is no YAML at all gives the defaults", () => {
    const { settings, faults } = readSettings("theme: [\n");
    expect(settings).toEqual(defaultSettings);
    expect(faults).toHaveLength(1);
  });
});

describe("a change", () => {
  /** The blanks in front of a comment and within brackets are the library's. */
  const blank = (text: string) => text.replace(/ +/g, " ").replace(/([[{]) | ([\]}])/g, "$1$2");

  test("leaves comments and every other line as they are", () => {
    expect(blank(amend(whole, { pin: "site/energy" }))).toBe(blank(whole.replace('quoted"\n', 'quoted"\n  - site/energy\n')));
    expect(blank(amend(whole, { unpin: "- dash is quoted" }))).toBe(blank(whole.replace('  - "- dash is quoted"\n', "")));
    const changed = amend(whole, { preset: { ...lamp, payload: "OFF" } });
    expect(readSettings(changed).settings.presets[0]).toEqual({ ...lamp, payload: "OFF" });
    expect(changed).toContain("# the one I look after");
    const removed = amend(whole, { unpreset: "lamp on" });
    expect(blank(removed)).toBe(blank(whole.replace(/ {2}- \{ name: lamp on.*\n/, "")));
    expect(amend(removed, { unpreset: "lamp on" })).toBe(removed);
  });

  test("makes what is not there yet", () => {
    expect(amend("", { pin: "a/b" })).toBe("pins:\n  - a/b\n");
    expect(amend("# mine\n", { pin: "a/b" })).toBe("# mine\n\npins:\n  - a/b\n");
    expect(amend("pins:\n", { pin: "a/b" })).toBe("pins:\n  - a/b\n");
  });

  test("leaves numbers as they were written", () => {
    const payloads = ["007", "00", "12345678901234567890", "+5", "1e3", "0x00ff"];
    const text = `presets:\n${payloads.map((each) => `  - { name: p${each}, topic: a, payload: ${each} }\n`).join("")}  - { name: 1, topic: a }\npins: [1e3]\n`;
    const { presets, pins } = readSettings(amend(text, { pin: "b" })).settings;
    expect(presets.map(({ payload }) => payload)).toEqual([...payloads, ""]);
    expect(pins).toEqual(["1e3", "b"]);
    expect(readSettings(amend(text, { unpin: "1e3" })).settings.pins).toEqual([]);
    expect(
      readSettings(amend(text, { preset: { ...lamp, name: "1" } }))
        .settings.presets.map(({ name }) => name)
        .at(-1),
    ).toBe("1");
    expect(readSettings(amend(text, { preset: { ...lamp, name: "1" } })).settings.presets).toHaveLength(payloads.length + 1);
  });

  test("that is there already changes nothing", () => {
    expect(amend(whole, { pin: "plant/room1" })).toBe(whole);
    expect(amend("", { unpin: "a" })).toBe("");
  });

  test("survives being written and read, whatever a topic or a payload holds", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom("yes", "1.0", "0x10", "- a", "# b", "a: b", "~", "!x", "*y", "\n\n", "\tx", "1e3"),
    );
    const topic = text.filter((each) => each !== "" && !/[+#]/.test(each) && !each.startsWith("$") && wellFormed(each));
    const change: fc.Arbitrary<Change> = fc.oneof(
      fc.record({ pin: topic }),
      fc.record({
        preset: fc.record({
          name: topic,
          topic,
          payload: text.filter((each) => wellFormed(each)),
          qos: fc.constantFrom(0, 1, 2),
          retain: fc.boolean(),
        }),
      }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const { settings, faults } = readSettings(changes.reduce(amend, whole));
        expect(faults).toEqual([]);
        for (const each of changes) {
          if ("pin" in each) expect(settings.pins).toContain(each.pin);
        }
        const last = new Map(changes.flatMap((each) => ("preset" in each ? [[each.preset.name, each.preset] as const] : [])));
        for (const [name, preset] of last) expect(settings.presets.find((each) => each.name === name)).toEqual(preset);
      }),
      { numRuns: 40 },
    );
  });
});
