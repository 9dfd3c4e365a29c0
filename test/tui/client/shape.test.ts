import { expect, test } from "vitest";
import { answerShapes, pushShapes } from "../../../tui/client/shape.ts";
import { chips, edges, inputDetail, outputDetail } from "../pins-scene.ts";
import { pinsView, sensor } from "../scene.ts";

const { pin, lines } = answerShapes;

test("the detail of a pin is taken as an agent of this version sends it", () => {
  const interlock = { group: "gate", partners: ["down"], dead_time_ms: 300, mode: "refuse" as const };
  expect(pin?.(outputDetail("lamp", { interlock, on_peer_offline: { peer: "plug", after_ms: 1, do: "off" } }))).toBe(true);
  expect(pin?.(inputDetail("porch", { edges: { since: "", edges } }))).toBe(true);
  expect(lines?.(chips())).toBe(true);
});

test.each([
  [null],
  [{}],
  [{ ...outputDetail("lamp"), interlock: { group: "gate", partners: "down", dead_time_ms: 300, mode: "refuse" } }],
  [{ ...outputDetail("lamp"), pulse_ms: "5 s" }],
  [{ ...inputDetail("porch"), gestures: [null] }],
  [{ ...inputDetail("porch"), edges: { since: "", edges: [{ at: 1 }] } }],
  [{ ...inputDetail("porch"), edges: null }],
])("%j is no detail of a pin", (value) => {
  expect(pin?.(value)).toBe(false);
});

test("lines of another shape are none", () => {
  expect(lines?.([{ label: "chip", name: "gpiochip0", lines: [{ offset: 1 }] }])).toBe(false);
});

const bytes = answerShapes["packet-bytes"];

test("the bytes of a packet are a number, a size and hex, or none", () => {
  expect(bytes?.({ number: 1, size: 2, hex: "c000" })).toBe(true);
  expect(bytes?.(null)).toBe(true);
  for (const odd of [{}, { number: 1, size: 2 }, { number: 1, size: 2, hex: 7 }, "c000", undefined]) expect(bytes?.(odd)).toBe(false);
});

const withSensors = (sensors: unknown) => pushShapes.pins?.({ ...pinsView([]), sensors });

test("sensors are taken as an agent of this version sends them; an older one sends none", () => {
  const words = [{ name: "door", value: "open", unit: null }];
  expect(withSensors([sensor("attic"), sensor("vpd", { values: words, stale_after_ms: null, ts: null, age_ms: null })])).toBe(true);
  expect(withSensors(undefined)).toBe(true);
});

test.each([
  [{}],
  [[null]],
  [[{ ...sensor("attic"), values: [{ name: "t", value: null, unit: null }] }]],
  [[{ ...sensor("attic"), quality: "fine" }]],
])("%j are no sensors", (sensors) => {
  expect(withSensors(sensors)).toBe(false);
});
