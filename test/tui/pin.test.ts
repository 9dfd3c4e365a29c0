import { expect, test } from "vitest";
import { change, chips, inputDetail, outputDetail, pinsScene } from "./pins-scene.ts";
import { ago, garden, hello, input, output, pinsView, Scene } from "./scene.ts";

const asked = (scene: Scene, type: string) => scene.effects.filter((effect) => effect.type === type);

test("the selected pin is asked for in detail when it is selected, every two seconds, and its edges soon after new ones while they are shown", () => {
  const scene = garden();
  expect(scene.keys("2")).toContainEqual({ type: "pin", id: "pump-relay" });
  expect(scene.keys("G")).toContainEqual({ type: "pin", id: "btn-reset" });
  const before = asked(scene, "pin").length;
  scene.pass(1000);
  expect(asked(scene, "pin").length).toBe(before);
  scene.pass(1000);
  expect(asked(scene, "pin").length).toBe(before + 1);
  scene.keys("e");
  scene.pass(400);
  expect(asked(scene, "pin").length).toBe(before + 1);
  const pins = [output("pump-relay"), input("btn-reset")];
  for (const edges of [1, 2]) {
    scene.pass(400);
    scene.act({ type: "pins", data: pinsView(pins, { edges, at: new Date(scene.now).toISOString() }) });
    expect(asked(scene, "pin").length).toBe(before + 1 + edges);
  }
  // The newest is not decided yet: nothing but another question tells when it is.
  const edge = { at: ago(0), after_ms: null, active: true, accepted: null, note: null };
  scene.act({ type: "pin", detail: inputDetail("btn-reset", { edges: { since: ago(0), edges: [edge] } }) });
  scene.pass(400);
  expect(asked(scene, "pin").length).toBe(before + 4);
  scene.keys("1");
  scene.pass(10_000);
  expect(asked(scene, "pin").length).toBe(before + 4);
});

test("nothing is asked while the view is frozen or the agent is gone, and anew when it is back", () => {
  const scene = garden();
  scene.keys("2");
  scene.act({ type: "pin", detail: outputDetail("pump-relay") });
  scene.keys("z");
  const before = asked(scene, "pin").length;
  scene.pass(5000);
  expect(asked(scene, "pin").length).toBe(before);
  scene.keys("z");
  expect(asked(scene, "pin").length).toBe(before + 1);
  scene.act({ type: "agent-offline", problem: "gone" });
  scene.pass(100);
  expect(asked(scene, "pin").length).toBe(before + 1);
  // Another agent, perhaps: what was asked a moment ago was asked of the one before.
  scene.attach();
  scene.pass(100);
  expect(asked(scene, "pin").length).toBe(before + 2);
  expect(asked(scene, "lines").length).toBe(2);
});

test("of another pin than the one at the freeze the agent is asked once, which the causes say", () => {
  const scene = garden();
  scene.keys("2");
  scene.act({ type: "pin", detail: outputDetail("pump-relay") });
  scene.act({ type: "why", output: "pump-relay", changes: [change(1000, "ON because of the first")] });
  scene.pass(1000);
  scene.keys("z");
  const shown = () => scene.draw(150, 44).text();
  scene.pass(10_000);
  expect(shown()).toContain("because of the first");
  expect(shown()).not.toContain("not frozen");
  const before = asked(scene, "why").length;
  scene.pass(5000);
  scene.keys("j");
  expect(asked(scene, "why").length).toBe(before + 1);
  scene.act({ type: "pin", detail: outputDetail("gate", { pulse_ms: 1234 }) });
  scene.act({ type: "why", output: "gate", changes: [change(500, "ON because of the second")] });
  expect(shown()).toContain("because of the second");
  expect(shown()).toMatch(/not frozen: asked for at \d\d:\d\d:\d\d, after the freeze/);
  scene.pass(10_000);
  scene.act({ type: "pin", detail: outputDetail("gate", { max_on_ms: null }) });
  expect(shown(), "now that is frozen").not.toContain("no max_on");
  expect(asked(scene, "why").length).toBe(before + 1);
  scene.keys("z");
  expect(asked(scene, "why").length).toBe(before + 2);
  expect(shown()).not.toContain("not frozen");
});

test("the lines of the board are asked for once, and again while its picture is shown", () => {
  const scene = garden();
  scene.keys("2");
  scene.act({ type: "lines", chips: chips() });
  for (let n = 0; n < 30; n += 1) scene.pass(1000);
  expect(asked(scene, "lines").length).toBe(1);
  scene.keys("b");
  expect(asked(scene, "lines").length).toBe(2);
  for (let n = 0; n < 20; n += 1) scene.pass(1000);
  expect(asked(scene, "lines").length).toBe(4);
});

test("W leads from any tab to the causes of the output that changed last, over the whole screen", () => {
  const scene = garden();
  scene.act({ type: "pins", data: pinsView([output("lamp"), output("fan", { since: ago(1000) }), input("porch", { since: ago(0) })]) });
  for (const tab of ["3", "4", "5", "6", "7"]) {
    scene.keys(tab, "W");
    expect(scene.state).toMatchObject({ tab: "pins", zoom: true, pins: { pane: 1, list: { selected: "fan" } } });
  }
  expect(asked(scene, "why").at(-1)).toEqual({ type: "why", output: "fan" });
});

test("W on a topic of this node leads to its pin, past a filter; on another topic to the output that changed last", () => {
  const scene = garden();
  const base = hello.base;
  for (const topic of [`${base}/out/lamp/state`, `${base}/in/porch/state`, "other/out/lamp/state"]) scene.message(topic, "1");
  scene.act({ type: "pins", data: pinsView([output("fan", { since: ago(0) }), output("lamp"), input("porch")]) });
  scene.keys("2", "/", ..."fan", "enter");
  for (const [topic, pin] of [
    [`${base}/out/lamp/state`, "lamp"],
    [`${base}/in/porch/state`, "porch"],
    ["other/out/lamp/state", "fan"],
  ] as const) {
    scene.keys("1", "o");
    scene.state.topics.list.selected = topic;
    scene.keys("W");
    expect(scene.state.pins.list.selected).toBe(pin);
    expect(scene.draw().text()).toContain(`Why ${pin}`);
  }
});

test("W without an agent says so and does not break", () => {
  const scene = new Scene({ agent: true });
  scene.keys("W");
  expect(scene.state.tab).toBe("pins");
  scene.keys("l", "h", "e", "b", "r", "W");
  expect(scene.draw().text()).toContain("Why");
});

test("in the causes h and l go to the other pins, j and k through older changes, Esc back to the table", () => {
  const scene = pinsScene();
  scene.keys("W");
  const changes = Array.from({ length: 60 }, (_, n) => change(n * 60_000, n % 2 === 0 ? "ON because of a" : "OFF because of b"));
  scene.act({ type: "why", output: "pump-relay", changes });
  scene.keys("G");
  expect(scene.draw(80, 24).text()).toContain("09:47:02 OFF because of b");
  expect(scene.keys("l")).toContainEqual({ type: "why", output: "fan-relay" });
  expect(scene.draw(80, 24).lines()[1]).toContain("Why fan-relay");
  scene.keys("h", "h");
  expect(scene.state.pins.list.selected).toBe("btn-reset");
  expect(scene.state.zoom).toBe(true);
  scene.keys("escape", "escape");
  expect(scene.state).toMatchObject({ zoom: false, pins: { pane: 0 } });
});

test("q leaves the picture of the board and not the program", () => {
  const scene = pinsScene();
  scene.keys("b");
  expect(scene.keys("q")).toEqual([]);
  expect(scene.state.pins.pane).toBe(0);
  expect(scene.keys("q")).toEqual([{ type: "quit" }]);
});

test("Enter switches the pin whose causes are shown", () => {
  const scene = pinsScene();
  scene.keys("W", "!", "enter");
  expect(scene.draw(80, 24).text()).toContain("pump-relay   GPIO17 (header pin 11)   ON -> OFF");
});

test("an edge and a message are injected through the dialog, on the simulated board only", () => {
  const scene = garden();
  scene.keys("2", "G", "i");
  const [play] = scene.keys("e");
  expect(play).toMatchObject({ type: "play", step: { after_ms: 0, do: "level", input: "btn-reset", active: true } });
  scene.keys("i", "m", ..."plant/x", "space", ..."{1} 2");
  expect(scene.keys("enter")[0]).toMatchObject({ step: { do: "message", topic: "plant/x", payload: "{1} 2" } });
  expect(scene.state.overlay).toBeNull();
});

test("on a frozen screen the dialog names the edge that will be, and not the one that was", () => {
  const scene = garden();
  scene.keys("2", "G", "z");
  scene.act({ type: "pins", data: pinsView([input("btn-reset", { state: "ON" })]) });
  scene.keys("i");
  expect(scene.draw(80, 24).text()).toContain("[e] Edge to inactive");
  expect(scene.keys("e")).toMatchObject([{ type: "play", step: { active: false } }]);
});

test.each([
  ["plant/x", "to plant/x: empty "],
  ["plant/x {1}", "to plant/x: text (not valid JSON), 3 B"],
  ["plant/x {}", "to plant/x: valid JSON, 2 B"],
])("of the message %j to inject the dialog says what the publish dialog says of a payload", (text, told) => {
  const scene = garden();
  scene.keys("2", "G", "i", "m");
  for (const key of text) scene.keys(key === " " ? "space" : key);
  expect(scene.draw(80, 24).text()).toContain(told);
});

test.each(["", " ", "a/+ 1", "#"])("%j is no message to inject", (text) => {
  const scene = garden();
  scene.keys("2", "G", "i", "m");
  for (const key of text) scene.keys(key === " " ? "space" : key);
  expect(scene.keys("enter")).toEqual([]);
  expect(scene.state.overlay?.kind).toBe("inject-message");
  expect(scene.state.notice?.text).toContain("a topic without + and #");
});

test("what is being typed is dropped when the agent goes", () => {
  const scene = garden();
  scene.keys("2", "G", "i", "m", "x");
  scene.act({ type: "agent-offline", problem: "gone" });
  expect(scene.state.overlay).toBeNull();
});

test("with --read-only nothing can be injected", () => {
  const scene = garden({ readOnly: true });
  scene.keys("2", "G", "i", "e", "m", "enter");
  expect(asked(scene, "play")).toEqual([]);
});

test("the detail of a pin that is not selected any more is not taken for the selected one's", () => {
  const scene = garden();
  scene.keys("2", "G");
  scene.act({ type: "pin", detail: inputDetail("door-reed") });
  scene.keys("e");
  expect(scene.draw().text()).toContain("asking for the edges");
});
