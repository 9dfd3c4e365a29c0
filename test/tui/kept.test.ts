import { expect, test } from "vitest";
import { menuEntries } from "../../tui/dialogs.ts";
import { defaultSettings } from "../../tui/kept.ts";
import { entriesOf, keyTable } from "../../tui/keys.ts";
import { tabs } from "../../tui/model.ts";
import { garden } from "./scene.ts";
import { golden } from "./view/golden.ts";

const does = (text: string, kind: "help" | "palette" = "palette") => menuEntries(garden().state, kind, text).map((entry) => entry.does);

test("the palette changes the theme, which no key does", () => {
  const scene = garden();
  expect(scene.keys(":", ..."theme mono", "enter")).toEqual([{ type: "theme", theme: "mono" }]);
  expect(scene.state.notice?.text).toContain('"theme: mono" in the settings file keeps it');
  expect(scene.keys(":", ..."high contr", "enter")).toEqual([{ type: "theme", theme: "high-contrast" }]);
});

test("the palette has every action of the tab, by words in any order, by its scope, and by its key", () => {
  expect(does("")).toEqual(entriesOf("topics", false).map((entry) => entry.does));
  expect(does("retained below")).toEqual([]);
  expect(does("below selection")).toEqual(expect.arrayContaining([expect.stringContaining("Clear the local history")]));
  expect(does("topics fold all")).toEqual(["Unfold all branches", "Fold all branches"]);
  expect(does("D")).toContain("Clear what the broker keeps below the selection, through a dialog");
  expect(does("Ctrl-L")).toContain("Repaint the whole screen");
  expect(does("nothing like that")).toEqual([]);
});

test("help lists keys, so no preset", () => {
  const scene = garden({ settings: { ...defaultSettings, presets: [{ name: "lamp", topic: "a", payload: "", qos: 0, retain: false }] } });
  expect(menuEntries(scene.state, "help", "preset lamp")).toEqual([]);
  expect(menuEntries(scene.state, "palette", "preset lamp")).toHaveLength(1);
});

test("each entry without a key is found by its words in every tab", () => {
  for (const entry of keyTable.filter(({ keys }) => keys.length === 0)) {
    for (const { id } of tabs) expect(entriesOf(id, false), entry.does).toContain(entry);
    expect(entriesOf("publish", false)).not.toContain(entry);
  }
});

test("the tabs of the settings are shown, the first one at the start; a number still leads to the others", () => {
  const scene = garden({ settings: { ...defaultSettings, tabs: ["pins", "topics"] } });
  const header = () => scene.draw().lines()[0] ?? "";
  expect(header()).toMatch(/^ 1 Topics \[2 Pins\] +gh-01 LIVE$/);
  scene.keys("]");
  expect(scene.state.tab).toBe("topics");
  scene.keys("[");
  expect(scene.state.tab).toBe("pins");
  scene.keys("5");
  expect(header()).toMatch(/^ 1 Topics {2}2 Pins \[5 Services\] +gh-01 LIVE$/);
  scene.keys("]");
  expect(header()).toMatch(/^\[1 Topics\] 2 Pins +gh-01 LIVE$/);
});

golden("Palette", () => {
  const scene = garden();
  scene.keys(":");
  return scene;
}, ["down"]);
golden("Help, filtered", () => {
  const scene = garden();
  scene.keys("?", ..."fold");
  return scene;
}, []);
