import { expect, it } from "vitest";
import { diffConfig } from "../../config/diff.ts";
import { configOf } from "./loading.ts";

const base = `
inputs: { porch: { line: 17, debounce: 30ms } }
outputs: { lamp: { line: 27, max_on: 2h }, fan: { line: 6 } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`;
const differences = (before: string, after: string) =>
  diffConfig(configOf(before), configOf(after)).map(({ path, before, after }) => `${path}: ${before} -> ${after}`);

it("two spellings of one configuration do not differ", () => {
  expect(differences(base, base.replace("2h", "120m").replace("line: 6", "line: 6, active: high"))).toEqual([]);
  expect(
    differences(base, base.replace("lamp: { line: 27, max_on: 2h }, fan: { line: 6 }", "fan: { line: 6 }, lamp: { line: 27, max_on: 2h }")),
  ).toEqual([]);
});

it("each setting that differs is named with both values as they stand in the file, an item that came or went as a whole", () => {
  const after = `
inputs: { porch: { line: pin11 }, bell: { line: 5, bias: pull-up } }
outputs: { lamp: { line: 27, on_start: on } }
rules: { porch-lamp: { when: { input: porch, gesture: hold }, do: [{ output: lamp, set: on, for: 5m }] } }
services: [mosquitto.service, cron.service]
broker: { listeners: [{ port: 1884 }] }
`;
  expect(differences(base, after)).toEqual([
    "broker.listeners: { protocol: mqtt } -> { port: 1884 }",
    "inputs.porch.line: GPIO17 -> pin11",
    "inputs.porch.debounce: 30ms -> 20ms",
    "inputs.bell: null -> { line: GPIO5, bias: pull-up }",
    "outputs.lamp.on_start: off -> on",
    "outputs.lamp.max_on: 2h -> none",
    "outputs.fan: { line: GPIO6 } -> null",
    "rules.porch-lamp.when: { input: porch, gesture: press } -> { input: porch, gesture: hold }",
    "rules.porch-lamp.do: { output: lamp, set: toggle } -> { output: lamp, set: on, for: 5m }",
    "services: none -> mosquitto.service, cron.service",
  ]);
});

it("an item with items of its own is told as a whole, and one of these by its name", () => {
  const tent = 'sensors: { tent: { driver: topic, topic: a/b, values: { rh: { value: H, unit: "%" }, t: { value: T } } } }\n';
  expect(differences("", tent)).toEqual([
    "sensors.tent: null -> { driver: topic, topic: a/b, values: { rh: { value: H, unit: % }, t: { value: T } } }",
  ]);
  expect(differences(tent, tent.replace("value: H", "value: RH"))).toEqual(["sensors.tent.values.rh.value: H -> RH"]);
  expect(differences("", "sensors: { cpu: { driver: thermal, zone: soc } }\n")).toEqual([
    "sensors.cpu: null -> { driver: thermal, zone: soc }",
  ]);
});

it("a secret that differs is named and never shown", () => {
  const with_ = (password: string) => `mqtt: { server: 192.168.1.10, username: pi, password: ${password} }\n`;
  expect(differences(with_("first"), with_("second"))).toEqual(["mqtt.password: (hidden) -> (hidden)"]);
});
