import { expect, it } from "vitest";
import { load, saidAbout } from "./loading.ts";

const told = (topic: string, more = "") => `{ driver: topic, topic: "${topic}"${more} }`;

it.each([
  ["one that is inside another", ["tele/#", "tele/+/SENSOR"], []],
  ["the same twice", ["tele/+/SENSOR", "tele/+/SENSOR"], []],
  ["two that are apart", ["tele/+/SENSOR", "stat/+/SENSOR"], []],
  ["a topic in a filter", ["tele/+/SENSOR", "tele/tent/SENSOR"], []],
  [
    "two that cross",
    ["tele/+/SENSOR", "tele/tent/#"],
    [
      "pinbus.yaml:3:31: warning: sensors.s1.topic: some topics are in sensors.s0.topic as well, write filters that are apart: some brokers send what two of them match twice",
    ],
  ],
])("filters of two sensors: %s", (_, topics, expected) => {
  const text = `sensors:\n${topics.map((topic, index) => `  s${index}: ${told(topic)}\n`).join("")}`;
  expect(saidAbout(load(text))).toEqual(expected);
});

it("a retained message that counts as new is worth a word, unless it says of when it is", () => {
  const values = ", values: { x: { value: x } }";
  expect(saidAbout(load(`sensors: { a: ${told("a/b", `, retained: use${values}`)} }`))).toEqual([
    "pinbus.yaml:1:56: warning: sensors.a.retained: how old a retained message is is not known: it counts as new, add `time:`, the field that says when it was measured",
  ]);
  expect(saidAbout(load(`sensors: { a: ${told("a/b", `, retained: use, time: Time${values}`)} }`))).toEqual([]);
});

it.each(["#", "+/#", "pinbus/attic/sensor/tent/state", "pinbus/+/sensor/tent/state"])("%s takes in topics of this node", (topic) => {
  expect(saidAbout(load(`sensors: { a: ${told(topic)} }`))[0]).toContain("it takes in topics of this node itself");
});
