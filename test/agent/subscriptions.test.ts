import { expect, it } from "vitest";
import { subscriptionsOf } from "../../agent/subscriptions.ts";
import { configOf, host } from "../config/loading.ts";

const node = ["out/+/set", "cmd/+", "counter/+/set", "rule/+/set", "status"].map((rest) => `pinbus/garage/${rest}`);

it.each([
  ["nothing", "", []],
  ["a PWM", "pwm: { fan: { line: 18, kind: fan } }", ["pinbus/garage/pwm/+/set"]],
  [
    "a cover",
    "outputs: { up: { line: 5, interlock: g }, down: { line: 6, interlock: g } }\ninterlocks: { g: {} }\ncovers: { gate: { open: up, close: down } }",
    ["pinbus/garage/cover/gate/set"],
  ],
  ["a plug", "outputs: { a: { plug: a, max_on: 1m } }", ["tele/a/LWT", "stat/a/RESULT", "stat/a/POWER", "stat/a/POWER1"]],
  ["a device of Homie", "homie: { discovery: true, id: x }", ["homie/5/x/+/+/set"]],
])("a configuration with %s asks for that and for what every node has", (_, yaml, more) => {
  expect(subscriptionsOf(configOf(`node: garage\n${yaml}\nhomeassistant: { discovery: false }`), host)).toEqual([...node, ...more]);
});
