import { expect, test } from "vitest";
import { defaultSettings, maxPins } from "../../tui/kept.ts";
import { topicIndex } from "../../tui/moves.ts";
import { garden, Scene } from "./scene.ts";
import { golden } from "./view/golden.ts";

const paths = (scene: Scene) => scene.state.topics.store.rows().map(({ path }) => path);
const selected = (scene: Scene) => scene.state.topics.store.rows()[topicIndex(scene.state)]?.path;
const pinned = (...pins: string[]) => new Scene({ settings: { ...defaultSettings, pins } }).online();

test("pinned topics and branches stand on top, in the order of the file, and nowhere else", () => {
  const scene = pinned("b/two", "z");
  for (const topic of ["a/one", "b/one", "b/two", "z/x/y"]) scene.message(topic, "1");
  scene.keys("o");
  expect(paths(scene)).toEqual(["b/two", "z", "z/x", "z/x/y", "a", "a/one", "b", "b/one"]);
});

test("P pins the selection, which stays selected, and unpins it; the file is told", () => {
  const scene = new Scene().online();
  for (const topic of ["a/one", "b/one"]) scene.message(topic, "1");
  scene.keys("o", "G");
  expect(scene.keys("P")).toEqual([{ type: "keep", change: { pin: "b/one" } }]);
  expect(paths(scene)).toEqual(["b/one", "a", "a/one", "b"]);
  expect(selected(scene)).toBe("b/one");
  expect(scene.keys("P")).toEqual([{ type: "keep", change: { unpin: "b/one" } }]);
  expect(paths(scene)).toEqual(["a", "a/one", "b", "b/one"]);
  expect(selected(scene)).toBe("b/one");
});

test("a pinned topic below a pinned branch stands beside it", () => {
  const scene = pinned("a", "a/one");
  for (const topic of ["a/one", "a/two"]) scene.message(topic, "1");
  scene.keys("o");
  expect(paths(scene)).toEqual(["a", "a/two", "a/one"]);
});

test("a filter filters pinned ones too, and a frozen view stays", () => {
  const scene = pinned("b", "c");
  for (const topic of ["a/x", "b/x", "b/y"]) scene.message(topic, "1");
  scene.keys("/", ..."x", "enter");
  expect(paths(scene)).toEqual(["b", "b/x", "a", "a/x"]);
  scene.keys("escape", "z");
  const before = paths(scene);
  scene.message("c/new", "1");
  expect(paths(scene)).toEqual(before);
  scene.keys("z");
  expect(paths(scene)).toContain("c");
});

test("there is an end to it", () => {
  const scene = pinned(...Array.from({ length: maxPins }, (_, at) => `p/${at}`));
  scene.message("a", "1");
  expect(scene.keys("P")).toEqual([]);
  expect(scene.state.notice?.text).toContain("100 are pinned already");
});

golden("Pinned", () => {
  const scene = garden({ settings: { ...defaultSettings, pins: ["plant/room2/climate", "plant/room1"] } });
  scene.keys("o", "g");
  return scene;
}, []);
