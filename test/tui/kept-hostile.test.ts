import { expect, test } from "vitest";
import { defaultSettings } from "../../tui/kept.ts";
import { attributesOf } from "../../tui/shell/attributes.ts";
import { Grid } from "../../tui/shell/grid.ts";
import { drawFrame } from "../../tui/view/frame.ts";
import { Scene } from "./scene.ts";

const evil = "\u001b]0;x\u0007\u009b2J\u009d0;t\u009c\u202e\u2066\ud800\r\n\t{red-fg}日本👨‍👩‍👧";
const topic = `${evil}/${evil}`;
const preset = { name: evil, topic, payload: evil, qos: 0, retain: false } as const;
/** What would move, colour, answer or turn around: nothing of it may be in a cell. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function open(): Scene {
  const scene = new Scene({ settings: { ...defaultSettings, pins: [evil], presets: [preset] } }).online();
  scene.message(topic, evil, true);
  scene.keys("o", "g");
  return scene;
}

const screens: Record<string, (scene: Scene) => void> = {
  "a pinned branch": (scene) => scene.keys("P", "P"),
  "a preset in the palette": (scene) => scene.keys(":", ..."preset"),
  "a preset in the list": (scene) => scene.keys("p", "C-o"),
  "a preset in the dialog": (scene) => scene.keys("p", "C-o", "enter", "tab"),
  "what was pasted": (scene) => {
    scene.keys("p", "tab");
    scene.act({ type: "paste", text: evil });
    scene.keys("C-t");
  },
  "a branch to clear": (scene) => {
    scene.keys("D");
    scene.act({ type: "retained", event: { kind: "found", topics: 1, path: evil } });
  },
  "the progress": (scene) => {
    scene.keys("D");
    scene.act({ type: "retained", event: { kind: "found", topics: 1, path: evil } });
    scene.keys("1", "enter");
  },
  "the end": (scene) => scene.act({ type: "retained", event: { kind: "ended", text: evil, ok: false } }),
};

test.each(Object.keys(screens))("hostile text in %s becomes harmless cells", (name) => {
  const scene = open();
  screens[name]?.(scene);
  for (const ascii of [false, true]) {
    const grid = new Grid({ ascii, attributes: attributesOf(256) });
    for (const [cols, rows] of [
      [40, 12],
      [80, 24],
      [150, 44],
    ] as const) {
      scene.act({ type: "resize", cols, rows });
      grid.begin(cols, rows);
      drawFrame(scene.state, grid, scene.now);
      grid.finish();
      expect(grid.chars.filter((char) => dangerous.test(char))).toEqual([]);
      expect(grid.chars.join("")).toMatch(/red-fg|0;x/);
    }
  }
});
