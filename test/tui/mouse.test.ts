import { describe, expect, test } from "vitest";
import { topicIndex } from "../../tui/moves.ts";
import { garden, type Scene } from "./scene.ts";

const selected = (scene: Scene) => scene.state.topics.store.rows()[topicIndex(scene.state)]?.path;
/** Where a text stands on the screen. */
function find(scene: Scene, text: string): string {
  const lines = scene.draw().lines();
  const row = lines.findIndex((line) => line.includes(text));
  expect(row, text).toBeGreaterThanOrEqual(0);
  return `${lines[row]?.indexOf(text)} ${row}`;
}
const click = (scene: Scene, text: string) => scene.act({ type: "key", key: `click ${find(scene, text)}` });
const withMouse = () => {
  const scene = garden();
  scene.keys("o", "m");
  return scene;
};

test("it is off until m, and off again after m", () => {
  const scene = garden();
  scene.keys("o");
  click(scene, "2 Pins");
  expect(scene.state.tab).toBe("topics");
  expect(scene.keys("m")).toEqual([{ type: "mouse", on: true }]);
  expect(scene.keys("m")).toEqual([{ type: "mouse", on: false }]);
});

describe("a click", () => {
  test("takes a tab, whatever part of its name is met", () => {
    for (const text of ["2 Pins", "Pins ", " 2 Pins"]) {
      const scene = withMouse();
      click(scene, text);
      expect(scene.state.tab, text).toBe("pins");
    }
    const small = withMouse();
    small.draw(40, 12);
    click(small, "5 6");
    expect(small.state.tab).toBe("services");
  });

  test("selects a row of each list, and what is no row selects nothing", () => {
    const scene = withMouse();
    click(scene, "relay1");
    expect(selected(scene)).toBe("plant/room1/relay1");
    click(scene, "heartbeat");
    expect(selected(scene)).toBe("site/heartbeat");
    click(scene, "History");
    scene.act({ type: "key", key: "click 3 20" });
    expect(selected(scene)).toBe("site/heartbeat");
    scene.keys("2");
    click(scene, "door-reed");
    expect(scene.state.pins.list.selected).toBe("door-reed");
    click(scene, "NAME ");
    expect(scene.state.pins.list.selected).toBe("door-reed");
    scene.keys("5");
    click(scene, "nope.service");
    expect(scene.state.services.list.selected).toBe("nope.service");
  });

  test("on the title of a list that is scrolled selects nothing, not even what is above its first row", () => {
    const scene = withMouse();
    for (let at = 0; at < 100; at += 1) scene.message(`many/${at}`, "1");
    scene.keys("G");
    scene.draw();
    const before = selected(scene);
    for (const row of [1, 22]) {
      scene.act({ type: "key", key: `click 5 ${row}` });
      expect(selected(scene)).toBe(before);
    }
  });

  test("on a hint does what its key does, in a dialog too", () => {
    const scene = withMouse();
    click(scene, "Publish ");
    expect(scene.state.overlay?.kind).toBe("publish");
    click(scene, "Esc Cancel");
    expect(scene.state.overlay?.kind).toBe("publish");
    scene.act({ type: "key", key: `click ${scene.draw().lines()[23]?.indexOf("Presets")} 23` });
    expect(scene.state.overlay).toMatchObject({ list: { index: 0 } });
  });

  test("anywhere does no harm", () => {
    const scene = withMouse();
    for (let col = -1; col <= 80; col += 7) for (let row = -1; row < 23; row += 1) scene.act({ type: "key", key: `click ${col} ${row}` });
    scene.act({ type: "key", key: "click NaN 1e9" });
    expect(scene.effects.filter(({ type }) => type === "set" || type === "publish" || type === "quit")).toEqual([]);
  });
});

test("the wheel moves three rows, in a menu one", () => {
  const scene = withMouse();
  scene.keys("g");
  scene.act({ type: "key", key: "wheel-down" });
  expect(topicIndex(scene.state)).toBe(3);
  scene.act({ type: "key", key: "wheel-up" });
  expect(topicIndex(scene.state)).toBe(0);
  scene.keys(":");
  scene.act({ type: "key", key: "wheel-down" });
  expect(scene.state.overlay).toMatchObject({ index: 1 });
});
