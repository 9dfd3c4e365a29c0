import { describe, expect, test } from "vitest";
import { defaultSettings, type Preset } from "../../tui/kept.ts";
import { payloadBytes, payloadFact, publishWarning } from "../../tui/publication.ts";
import { garden, output, pinsView, Scene } from "./scene.ts";
import { golden } from "./view/golden.ts";

const preset: Preset = { name: "lamp on", topic: "home/lamp/set", payload: "ON", qos: 1, retain: false };
const withPresets = () =>
  garden({ settings: { ...defaultSettings, presets: [preset, { ...preset, name: "fan off", topic: "home/fan/set", payload: "OFF" }] } });
const notice = (scene: Scene) => scene.state.notice?.text;

describe("what is typed becomes bytes", () => {
  test.each([
    ["text", "on it", "on it"],
    ["json", '{"a":1}', '{"a":1}'],
    ["hex", "00 ff\n0A", "\u0000\u00ff\n"],
    ["hex", "", ""],
  ] as const)("%s %j", (format, payload, bytes) => {
    expect(payloadBytes({ payload, format })?.toString(format === "hex" ? "latin1" : "utf8")).toBe(bytes);
  });

  test.each([
    ["json", "{"],
    ["json", ""],
    ["hex", "0"],
    ["hex", "0g"],
    ["hex", "0x10"],
  ] as const)("%s %j is refused, and nothing is sent", (format, payload) => {
    expect(payloadBytes({ payload, format })).toBeUndefined();
    const scene = garden();
    scene.keys("p", "C-u", ..."a/b", "S-tab", ...(format === "json" ? ["space"] : ["space", "space"]), "tab", "tab", ...payload);
    expect(scene.keys("C-s")).toEqual([]);
    expect(notice(scene)).toContain("nothing was sent");
  });

  test.each([
    ["text", '{"a":1}', "valid JSON, 7 B"],
    ["text", '{"a":1', "text (not valid JSON), 6 B"],
    ["text", "25", "text, 2 B"],
    ["json", "25", "valid JSON, 2 B"],
    ["hex", "00ff", "2 B"],
    ["text", "ä", "text, 2 B"],
  ] as const)("%s %j is told as %s", (format, payload, text) => {
    expect(payloadFact({ payload, format, retain: false })).toEqual({ text, ok: true });
  });
});

test("the format is chosen in the dialog and goes out with the publication", () => {
  const scene = garden();
  scene.keys("p", "C-u", ..."a/b", "S-tab", "space", "space", "tab", "tab", ..."00 ff");
  expect(scene.keys("C-s")).toEqual([
    { type: "publish", publication: { topic: "a/b", payload: "00 ff", format: "hex", qos: 0, retain: false } },
  ]);
});

test("a payload has lines: typed, pasted, and walked through", () => {
  const scene = garden();
  scene.keys("p", "C-u", ..."a/b", "tab");
  scene.act({ type: "paste", text: "{\r\n\t1\u0007\r" });
  scene.keys("}", "C-j", "x", "up", "backspace", "down");
  const [effect] = scene.keys("C-s");
  expect(effect).toMatchObject({ publication: { payload: "{\n\t1 \n\nx" } });
});

test("up and down leave the payload at its ends", () => {
  const scene = garden();
  scene.keys("p", "tab", "a", "C-j", "b", "up");
  expect(scene.state.overlay).toMatchObject({ field: 1, payload: { cursor: 1 } });
  scene.keys("up");
  expect(scene.state.overlay).toMatchObject({ field: 0 });
  scene.keys("down", "down", "down");
  expect(scene.state.overlay).toMatchObject({ field: 2 });
});

test("a topic has one line, whatever is pasted", () => {
  const scene = garden();
  scene.keys("p", "C-u");
  scene.act({ type: "paste", text: "a/b\nc" });
  expect(scene.keys("C-s")).toMatchObject([{ publication: { topic: "a/b c" } }]);
});

describe("at a topic of a pinbus the command to it is suggested, with what would change something", () => {
  test.each([
    ["out/lamp/state", "ON", "out/lamp/set", "OFF"],
    ["out/lamp/state", "OFF", "out/lamp/set", "ON"],
    ["out/lamp/attr", "{}", "out/lamp/set", "TOGGLE"],
    ["rule/night/state", "ON", "rule/night/set", "OFF"],
    ["counter/meter/state", "{}", "counter/meter/set", '{"set":0}'],
  ])("%s %s", (topic, payload, set, suggested) => {
    const scene = new Scene().online().attach();
    scene.message(`pinbus/gh-01/${topic}`, payload, true);
    scene.keys("o", "G", "p");
    expect(scene.keys("C-s")).toMatchObject([{ publication: { topic: `pinbus/gh-01/${set}`, payload: suggested, retain: false } }]);
  });

  test("but not at what is no command, and not at somebody else's", () => {
    const scene = new Scene().online().attach();
    scene.message("pinbus/gh-01/in/porch/state", "ON", true);
    scene.message("tasmota/out/lamp/state", "ON", true);
    scene.keys("o", "G", "p");
    expect(scene.state.overlay).toMatchObject({ topic: { text: "tasmota/out/lamp/state" }, payload: { text: "" } });
  });
});

test("a retained command is warned of, clearing one is not", () => {
  expect(publishWarning({ topic: "pinbus/gh-01/out/lamp/set", payload: "ON", retain: true })).toContain("pinbus refuses it");
  expect(publishWarning({ topic: "pinbus/gh-01/out/lamp/set", payload: "ON", retain: false })).toBeNull();
  expect(publishWarning({ topic: "pinbus/gh-01/out/lamp/set", payload: "", retain: true })).toBeNull();
  const scene = garden();
  scene.keys("p", "C-u", ..."a/set", "tab", ..."ON", "tab", "tab", "space");
  expect(scene.draw().text()).toContain("! a retained command comes again at each start: pinbus refuses it");
});

describe("presets", () => {
  test("Ctrl-T keeps the publication under a name, in the file too", () => {
    const scene = garden();
    scene.keys("p", "C-u", ..."home/lamp/set", "tab", ..."ON", "tab", "space", "C-t", "C-u", ..."lamp on");
    expect(scene.keys("enter")).toEqual([{ type: "keep", change: { preset } }]);
    expect(scene.state.kept.presets).toEqual([preset]);
    expect(scene.state.overlay?.kind).toBe("publish");
    // The same name again is the same preset.
    scene.keys("C-t", "C-u", ..."lamp on", "enter");
    expect(scene.state.kept.presets).toHaveLength(1);
  });

  test("a preset needs a name and a topic, and Esc goes back to the publication", () => {
    const scene = garden();
    scene.keys("p", "C-u", "C-t", "C-u", ..."x", "enter");
    expect(notice(scene)).toBe("a topic is needed");
    scene.keys("C-u", "enter");
    expect(scene.state.kept.presets).toEqual([]);
    scene.keys("escape");
    expect(scene.state.overlay).toMatchObject({ kind: "publish", name: null });
    scene.keys("escape");
    expect(scene.state.overlay).toBeNull();
  });

  test("Ctrl-O lists them with the history, filtered as one types", () => {
    const scene = withPresets();
    scene.keys("p", "C-u", ..."a/b", "tab", ..."hello", "C-s");
    scene.keys("p", "C-o", ..."FAN", "enter");
    expect(scene.keys("C-s")).toMatchObject([{ publication: { topic: "home/fan/set", payload: "OFF", qos: 1 } }]);
    scene.keys("p", "C-o", "down", "down", "down", "down", "enter");
    expect(scene.keys("C-s")).toMatchObject([{ publication: { topic: "a/b", payload: "hello" } }]);
  });

  test("Ctrl-X pressed twice removes one, in the file too; a move in between, or another preset, begins anew", () => {
    const scene = withPresets();
    scene.keys("p", "C-o");
    expect(scene.keys("C-x")).toEqual([]);
    expect(notice(scene)).toBe("Ctrl-X once more removes the preset lamp on, from the settings file too");
    expect(scene.keys("down", "C-x")).toEqual([]);
    expect(scene.keys("C-x")).toEqual([{ type: "keep", change: { unpreset: "fan off" } }]);
    expect(notice(scene)).toBe("the preset fan off is removed");
    expect(scene.state.kept.presets).toEqual([preset]);
    scene.keys("C-x", ..."lam");
    expect(scene.keys("C-x"), "what is typed begins anew").toEqual([]);
    expect(scene.keys("C-x")).toEqual([{ type: "keep", change: { unpreset: "lamp on" } }]);
    expect(scene.keys("C-u", "C-x")).toEqual([]);
    expect(notice(scene)).toBe("only a preset can be removed: the others are of this session");
  });

  test("the palette finds them, and opens the dialog with one", () => {
    const scene = withPresets();
    scene.keys(":", ..."preset lamp", "enter");
    expect(scene.keys("C-s")).toMatchObject([{ publication: { topic: "home/lamp/set", payload: "ON" } }]);
  });

  test("with --read-only there is none of it", () => {
    const scene = garden({ readOnly: true, settings: { ...defaultSettings, presets: [preset] } });
    scene.keys(":", ..."preset lamp", "enter");
    expect(scene.state.overlay).toBeNull();
  });
});

test("hostile text of the settings file and the bus stays on its row", () => {
  const evil = "\u001b]0;x\u0007\u009b2J\u202e\ud800\n日本";
  const scene = garden({ settings: { ...defaultSettings, presets: [{ ...preset, name: evil, payload: evil }] } });
  for (const keys of [["p", "C-o"], ["enter"]]) {
    scene.keys(...keys);
    for (const [cols, rows] of [
      [40, 12],
      [80, 24],
    ] as const) {
      for (const line of scene.draw(cols, rows).lines()) expect(line).not.toContain("\n");
    }
  }
});

const typing = () => {
  const scene = withPresets();
  scene.act({ type: "pins", data: pinsView([output("lamp")]) });
  scene.keys("p", "C-u", ..."pinbus/gh-01/out/lamp/set", "S-tab", "space", "tab", "tab", ...'{"state":"ON",', "C-j", ...'"for_ms":30000}');
  return scene;
};
golden("Publish", typing, ["C-o"]);
golden("Publish: presets and history", () => {
  const scene = typing();
  scene.keys("C-s", "p", "C-o", "down");
  return scene;
}, []);
golden("Publish: the name of a preset", () => {
  const scene = typing();
  scene.keys("C-t");
  return scene;
}, []);
