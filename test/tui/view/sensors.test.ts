import { expect, test } from "vitest";
import { ago, garden, input, noon, output, pinsView, type Scene, sensor } from "../scene.ts";
import { golden } from "./golden.ts";

const tent = (humidity: number, temperature: number, age: number) =>
  sensor("tent", {
    driver: "topic",
    used_by: ["rule mist", "derived vpd"],
    values: [
      { name: "humidity", value: humidity, unit: "%" },
      { name: "temperature", value: temperature, unit: "°C" },
    ],
    ts: ago(age),
    age_ms: age,
  });
const reservoir = [{ name: "level", value: 312.5, unit: "l" }];
const others = [
  sensor("attic", { quality: "failed", reason: "CRC error: its answer was damaged on the wire", ts: ago(95_000), age_ms: 95_000 }),
  sensor("water-reservoir", {
    ...{ driver: "file", quality: "stale", reason: "no reading for 180 s", values: reservoir },
    ...{ ts: ago(742_000), age_ms: 742_000 },
  }),
  sensor("cpu", { driver: "thermal", quality: "unknown", values: [], ts: null, age_ms: null }),
];

/** A tent that was read ten times, and sensors that cannot be relied on. */
function sensorsScene(): Scene {
  const scene = garden();
  scene.keys("2");
  const pins = [output("mister", { cause: "rule mist" }), input("door-reed", { offset: 22, header: 15 })];
  for (let round = 10; round >= 0; round -= 1) {
    scene.now = noon - round * 60_000;
    const view = { at: new Date(scene.now).toISOString() };
    const now = { ...tent(48 + round / 2, 21 + (round % 3) / 10, 0), ts: view.at, age_ms: 0 };
    scene.act({ type: "pins", data: pinsView(pins, { ...view, sensors: [now, ...others] }) });
  }
  scene.now = noon + 4000;
  scene.state.pins.list.selected = "tent";
  return scene;
}

golden("Sensors", sensorsScene, ["W", "l"]);

const rowOf = (scene: Scene, id: string, cols = 80) =>
  scene
    .draw(cols, 24)
    .lines()
    .find((line) => line.slice(2).startsWith(id)) ?? "";

test("the age of a reading counts up between two pushes, and stands still in a frozen view", () => {
  const scene = sensorsScene();
  expect(rowOf(scene, "tent")).toMatch(/48 % +4s /);
  scene.pass(60_000);
  expect(rowOf(scene, "tent")).toMatch(/48 % +1m04s /);
  scene.keys("z");
  const frozen = scene.draw().lines().slice(2, 18);
  scene.pass(60_000);
  scene.act({
    type: "pins",
    data: pinsView(scene.state.pins.data?.data.pins ?? [], { sensors: [{ ...tent(70, 30, 0), ts: new Date(scene.now).toISOString() }] }),
  });
  expect(scene.draw().lines().slice(2, 18)).toEqual(frozen);
});

test("of a sensor that cannot be relied on the state is a word, with a mark, and no old value", () => {
  const scene = sensorsScene();
  expect(rowOf(scene, "attic", 150)).toMatch(/^! attic .* failed +1m39s .*! CRC error: /);
  expect(rowOf(scene, "water-reservoir")).toMatch(/^! water-reservoir.* stale +12m26s/);
  expect(rowOf(scene, "cpu")).toMatch(/^! cpu .* unknown +--/);
});

test("Enter on a sensor tells more of it, and neither Enter nor i can touch a pin", () => {
  const scene = sensorsScene();
  expect(scene.keys("!", "enter")).toEqual([]);
  expect(scene.state.overlay).toBeNull();
  const words = scene.draw().text().replaceAll(/\s+/g, " ");
  expect(words).toContain("Sensor tent");
  expect(words).toContain("used by rule mist, derived vpd");
  expect(words).toContain("humidity 48 % 48 .. 53 % seen in 10m04s");
  scene.keys("i");
  expect(scene.state.overlay).toBeNull();
  expect(scene.draw().text()).toContain("pinbus sim sensor tent VALUE");
});

test("a sensor is found by a filter, by its topic, and copied with its value", () => {
  const scene = sensorsScene();
  scene.keys("/", "t", "e", "n", "t", "enter");
  expect(scene.draw().text()).not.toContain("mister");
  scene.keys("y");
  expect(scene.effects).toContainEqual(expect.objectContaining({ text: "tent 48 %, 21 °C" }));
  scene.keys("escape", "1");
  scene.message("pinbus/gh-01/sensor/attic/state", "{}", true);
  scene.keys("O", "o");
  scene.state.topics.list.selected = "pinbus/gh-01/sensor/attic/state";
  scene.keys("W");
  expect(scene.draw().text()).toContain("Sensor attic");
});

test("hostile names, values and reasons stay in their row and move nothing", () => {
  const scene = sensorsScene();
  const evil = "\u001b[2J\u009b2J\u001b]0;x\u0007\u202e\ud800漢\n";
  const values = [
    { name: evil, value: evil, unit: evil },
    { name: "a", value: Number.NaN, unit: evil },
    { name: "b", value: 1e300, unit: null },
    { name: "c", value: true, unit: evil.repeat(1000) },
  ];
  for (const quality of ["ok", "failed"] as const) {
    const entry = sensor("tent", { values, quality, reason: evil, ts: evil, driver: evil, age_ms: -1e300, used_by: [evil] });
    scene.act({ type: "pins", data: pinsView([], { sensors: [entry, { ...entry, id: evil }] }) });
    for (const [cols, rows] of [
      [80, 24],
      [150, 44],
      [40, 12],
    ] as const) {
      for (const keys of [["W"], ["e"], ["b"], ["r"], ["_", "escape"]]) {
        scene.keys(...keys);
        expect(scene.draw(cols, rows).lines().length).toBe(rows);
      }
    }
  }
});

test("an agent that tells of no sensors shows none", () => {
  const scene = garden();
  scene.keys("2");
  expect(scene.draw().text()).not.toContain("tent");
});
