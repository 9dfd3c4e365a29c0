import { beforeAll, expect, test } from "vitest";
import { change, edges, inputDetail, outputDetail, pinsScene } from "../pins-scene.ts";
import { ago, controller, garden, input, noon, output, pinsView, type Scene, sensor } from "../scene.ts";
import { golden } from "./golden.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

golden("Pins", pinsScene, ["W", "r"]);
golden("Pins: the edges of an input", () => {
  const scene = select(pinsScene(), "door-reed");
  scene.act({ type: "pin", detail: inputDetail("door-reed", { edges: { since: ago(60_000), edges } }) });
  scene.keys("e");
  return scene;
}, []);
golden("Pins: the board", () => {
  const scene = pinsScene();
  scene.keys("b");
  return scene;
}, ["G"]);
golden("Pins: the switch dialog", () => {
  const scene = pinsScene();
  scene.keys("!", "enter");
  return scene;
}, []);
golden("Pins: why, over the whole screen", () => {
  const scene = pinsScene();
  scene.keys("W");
  return scene;
}, []);

golden("Pins: a PWM and its dialog", () => {
  const scene = withPwm();
  select(scene, "arm").keys("!", "enter", "+");
  return scene;
}, []);

golden("Pins: controllers", () => {
  const scene = pinsScene();
  const sensors = (at: number, value: number) => [
    sensor("tent", { ts: ago(at), age_ms: at, values: [{ name: "temperature", value, unit: "°C" }] }),
    sensor("soil", { quality: "stale", reason: "no reading for 3 min", age_ms: 190_000 }),
  ];
  const controllers = [
    controller("cool"),
    controller("water", { sensor: "soil", value: null, held: "soil is stale", on: false, output: 0 }),
    controller("night-heat", { enabled: false, held: "it is disabled", setpoint: 18, on: false, output: 0, output_unit: "s" }),
    controller("flap", { output: 1500, output_unit: "µs" }),
  ];
  const { pins, rules } = scene.state.pins.data?.data ?? { pins: [], rules: [] };
  for (const [index, value] of [24, 25, 26, 25.5, 26.4].entries())
    scene.act({ type: "pins", data: pinsView(pins, { rules, controllers, sensors: sensors(12_000 - index * 1000, value) }) });
  scene.keys("C");
  return scene;
}, []);

test("without controllers their pane says so, and of an older agent that it does not tell", () => {
  const scene = pinsScene();
  scene.keys("C");
  expect(text(scene)).toContain("older than this terminal");
  scene.act({ type: "pins", data: pinsView([output("lamp")], { controllers: [] }) });
  expect(text(scene)).toContain("no controller is configured");
});

function withPwm(): Scene {
  const scene = pinsScene();
  const fan = { kind: "fan" as const, value: 40, target: null, unit: "%" as const, low: 0, high: 100 };
  const arm = { kind: "servo" as const, value: 1200, target: null, unit: "µs" as const, low: 1000, high: 2000 };
  scene.act({
    type: "pins",
    data: pinsView([
      output("vent", { line: "GPIO18", offset: 18, header: 12, cause: "curve", pwm: fan }),
      output("arm", { line: "GPIO13", offset: 13, header: 33, cause: "mqtt", pwm: arm }),
    ]),
  });
  return scene;
}

function select(scene: Scene, id: string): Scene {
  scene.state.pins.list.selected = id;
  return scene;
}

const text = (scene: Scene, cols = 80, rows = 24) => scene.draw(cols, rows).text();

test("the contract says which minimum still runs, and what the partners of an interlock do", () => {
  const scene = select(pinsScene(), "gate");
  const interlock = { group: "gate", partners: ["fan-relay", "nobody"], dead_time_ms: 300, mode: "switch" as const };
  scene.act({ type: "pin", detail: outputDetail("gate", { interlock, min_off_ms: 60_000 }) });
  const words = text(scene, 150, 44).replaceAll(/\s+/g, " ");
  expect(words).toContain("min_on 30 s (29s left)");
  expect(words).toContain("min_off 1 min".replace("1 min", "60 s"));
  expect(words).toContain("interlock gate (fan-relay off, nobody unknown; dead time 300 ms)");
  expect(words).toContain("0.2s left (end of the pulse)");
});

test("an output that its interlock keeps off has LOCK at its state, and why", () => {
  const scene = select(pinsScene(), "valve-1");
  const lines = scene.draw(80, 24).lines();
  expect(lines.find((line) => line.startsWith("> valve-1"))).toMatch(/ off LOCK .*interlock/);
  expect(text(scene)).toContain("LOCK interlock pumps: pump-relay is on");
});

test("what is told of one pin is never shown as another one's", () => {
  const scene = pinsScene();
  scene.keys("j");
  expect(text(scene)).not.toContain("max_on 2 h");
  expect(text(scene)).toContain("asking for the causes");
});

test("the change that made the present state tells why, not a refusal that came after it", () => {
  const scene = pinsScene();
  const changes = [change(1000, "REFUSED: it is locked"), change(5000, "ON because the agent started"), change(9000, "OFF because of x")];
  scene.act({ type: "why", output: "pump-relay", changes });
  expect(text(scene)).toContain(" ON since 10:33:18 (12m44s) because the agent started");
});

test("an input tells how long each of its gestures takes, and why", () => {
  const scene = select(pinsScene(), "btn-reset");
  scene.act({ type: "pin", detail: inputDetail("btn-reset") });
  scene.keys("W");
  const words = text(scene);
  expect(words).toContain("click acts 300 ms after it opens: window, because double is bound");
  expect(words).toContain("repeat acts 800 ms after it closes, then every 200 ms: hold and repeat");
  expect(words).toContain("debounce 20 ms");
});

test("the advice about a contact stands in the message line of the tab", () => {
  const scene = pinsScene();
  expect(scene.draw(80, 24).lines()[22]).toBe(" advice: door-reed bounces 40 ms, set debounce 50ms");
  scene.keys("1");
  expect(text(scene)).not.toContain("advice:");
});

test("an older agent tells neither contract nor edges nor whether a rule is on", () => {
  const scene = garden();
  scene.keys("2", "j", "j", "j", "e");
  expect(text(scene)).toContain("an agent older than this terminal keeps none");
  scene.keys("r");
  expect(text(scene)).toMatch(/porch {2}on +last fired/);
});

test("the board tells who else holds a line, and where there is no header the lines by their names", () => {
  const scene = pinsScene();
  scene.keys("b");
  expect(text(scene)).toMatch(/32 *GPIO12 +held by spi-dc/);
  const named = { offset: 3, name: "relay_3", header: null, holder: "pinbus:lamp", direction: "output" as const, id: "lamp" };
  const unnamed = { ...named, offset: 4, name: "", holder: "", id: null };
  scene.act({ type: "lines", chips: [{ label: "pcf8574", name: "gpiochip2", lines: [named, unnamed] }] });
  scene.act({ type: "pins", data: pinsView([output("lamp", { chip: "pcf8574", offset: 3, header: null })]) });
  const lines = scene.draw(80, 24).lines();
  expect(lines[2]).toMatch(/^ {2}relay_3 +> lamp ON out +pcf8574$/);
  expect(lines[3]).toBe("");
});

test("hostile names, notes and holders stay in their row and move nothing", () => {
  const evil = "\u001b[2J\u009b2J\u001b]0;x\u0007\u202e\ud800漢\n";
  const scene = pinsScene();
  const pins = [
    output("lamp", { cause: evil, interlocked: evil }),
    input("porch", { gesture: evil, advice: evil, header: 13, offset: 27 }),
  ];
  const controllers = [
    controller(evil, { sensor: evil, unit: evil, held: evil, since: evil }),
    controller("x".repeat(500), { sensor: "porch.x", why: evil, value: 1e300, setpoint: -1e-300, output: Number.NaN, output_unit: "s" }),
  ];
  const rules = [{ id: evil, text: evil, fired: 1, last: evil, enabled: true, rests_until: evil, problem: evil }];
  scene.act({ type: "pins", data: pinsView(pins, { rules, controllers, sensors: [sensor(evil)], at: ago(0) }) });
  scene.act({ type: "why", output: "lamp", changes: [change(1000, evil, { until: evil, at: evil, allowed_at: evil })] });
  const interlock = { group: evil, partners: [evil], dead_time_ms: Number.NaN, mode: "switch" as const };
  scene.act({ type: "pin", detail: outputDetail("lamp", { interlock, on_peer_offline: { peer: evil, after_ms: -1, do: "on" } }) });
  const line = { offset: 2, name: evil, header: 3, holder: evil, direction: "input" as const, id: null };
  scene.act({ type: "lines", chips: [{ label: evil, name: evil, lines: [line, { ...line, header: 1e9 }] }] });
  for (const keys of [["W"], ["e"], ["b"], ["r"], ["C"], ["!", "h"], ["enter"]]) {
    scene.keys(...keys);
    for (const [cols, rows] of [
      [80, 24],
      [150, 44],
      [40, 12],
    ] as const)
      expect(scene.draw(cols, rows).lines().length).toBe(rows);
  }
  select(scene, "porch");
  const edge = { at: evil, after_ms: Number.NaN, active: true, accepted: false, note: evil };
  const gesture = { gesture: evil, after: "opens" as const, ms: 1, why: evil, every_ms: 1 };
  scene.act({ type: "pin", detail: inputDetail("porch", { gestures: [gesture], edges: { since: evil, edges: [edge] } }) });
  scene.keys("escape", "e");
  expect(scene.draw(80, 24).lines().length).toBe(24);
});

test("a wide screen shows the wave of two minutes, a smaller one of 30 s", () => {
  const scene = pinsScene();
  expect(text(scene, 150, 44)).toContain("WAVE (120 s)");
  expect(text(scene)).toContain("WAVE (30 s)");
  expect(noon).toBe(scene.now);
});

test.each([
  ["vent", ["+", "y"], [{ type: "set-level", output: "vent", level: 50 }]],
  ["vent", ["-", "-", "y"], [{ type: "set-level", output: "vent", level: 20 }]],
  ["vent", ["-", "-", "-", "-", "-", "-", "y"], [{ type: "set-level", output: "vent", level: 0 }]],
  ["arm", ["+", "+", "+", "+", "+", "+", "+", "+", "+", "+", "y"], [{ type: "set-level", output: "arm", level: 2000 }]],
  ["arm", ["-", "-", "-", "y"], [{ type: "set-level", output: "arm", level: 0 }]],
  ["vent", ["y"], [{ type: "set", output: "vent", state: "OFF" }]],
])("of %s the keys %j in the dialog send its level, within its limits", (id, keys, sent) => {
  const scene = select(withPwm(), id);
  scene.keys("!", "enter");
  scene.effects.length = 0;
  scene.keys(...keys);
  expect(scene.effects.filter(({ type }) => type.startsWith("set"))).toEqual(sent);
});

test("on a wide screen each pin has who holds its line, as the kernel says it; what it does not say is absent", () => {
  const shown = pinsScene();
  const chips = structuredClone(shown.state.pins.more.chips ?? []);
  const [line] = chips[0]?.lines.filter(({ offset }) => offset === 27) ?? [];
  if (line !== undefined) line.holder = "spi0 CS1\u001b[31m";
  shown.act({ type: "lines", chips });
  const row = (id: string) =>
    shown
      .draw(150, 44)
      .lines()
      .find((each) => each.slice(2).startsWith(id)) ?? "";
  const from = row("NAME").indexOf("HOLDER");
  const holder = (id: string) =>
    row(id)
      .slice(from, from + 13)
      .trimEnd();
  expect(holder("pump-relay")).toBe("pinbus");
  expect(holder("fan-relay")).toMatch(/^spi0 CS1.\[31$/);
  expect(holder("gate")).toBe("");
  expect(shown.draw(80, 24).text()).not.toContain("HOLDER");
});
