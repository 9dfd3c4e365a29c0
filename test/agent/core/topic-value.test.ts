import { describe, expect, it } from "vitest";
import { type Almanac, hear, type TopicSource, topicValueOf, type ValueType, valuesOf } from "../../../agent/core/topic-value.ts";
import { mutations, printed, wellFormed } from "./sniffer.ts";

const wall = Date.parse("2022-09-06T06:53:29Z");
const almanac: Almanac = { clockOffset: wall - 100_000, clockSet: true, zone: 7_200_000 };
const now = 100_000;

const number = { unit: null, unit_from: null, type: "number", options: [] } as const;
function sourceOf(values: TopicSource["values"], more: Partial<TopicSource> = {}): TopicSource {
  return { filter: "tele/+/SENSOR", plain: false, values, time: null, maxPayload: 16_384, retained: false, ...more };
}
const sniffer = sourceOf([
  topicValueOf("humidity", { ...number, value: "SCD30.Humidity", unit: "%" }),
  topicValueOf("temperature", { ...number, value: "SCD30.Temperature", unit: "°C", unit_from: "TempUnit" }),
  topicValueOf("light", { ...number, value: "ANALOG.A0" }),
]);

function said(source: TopicSource, payload: string, of: Almanac = almanac) {
  const heard = hear(source, payload, 180_000, of, now);
  if (!heard.ok) return heard.problem;
  const reading = valuesOf(source, heard.json, heard.raw);
  return reading.ok ? reading.values : reading.problem;
}

const good = [
  { name: "humidity", value: 61.6, unit: "%" },
  { name: "temperature", value: 22.11111, unit: "°C" },
  { name: "light", value: 542, unit: null },
];

describe("a message of a SnifferBuddy", () => {
  it("growbuddy 2.3 and 2.4 and 6a and 6b: a value stands at a configured path, whatever the sensor is called, in the unit that TempUnit says", () => {
    expect(said(sniffer, wellFormed)).toEqual(good);
    expect(said(sniffer, wellFormed.replace("71.8", "22.5").replace('"F"', '"C"'))).toEqual([
      good[0],
      { ...good[1], value: 22.5 },
      good[2],
    ]);
  });

  it("growbuddy 2.4: on CircuitPython it has other paths and says its unit elsewhere", () => {
    const circuit = sourceOf([
      topicValueOf("temperature", { ...number, value: "scd40.temperature", unit: "°C", unit_from: "scd40.unit" }),
      topicValueOf("light", { ...number, value: "scd40.light" }),
    ]);
    const reading = { vpd: 1.2, temperature: 71.8, name: "tent", light: 542, co2: 814, humidity: 61.6, unit: "F", version: 0.1 };
    expect(said(circuit, JSON.stringify({ scd40: reading }))).toEqual([good[1], good[2]]);
  });

  it("growbuddy 2.1: malformed JSON: the sample that is printed in document 002, byte for byte, gives no value", () => {
    expect(said(sniffer, printed)).toBe("it is not JSON");
  });

  it.each([
    ["missing", wellFormed.replace("Humidity", "Hum"), "it has no humidity"],
    ["null", wellFormed.replace("61.6", "null"), "it has no humidity"],
    ["a text", wellFormed.replace("61.6", '"61.6"'), "its humidity is not a number"],
    ["too large", wellFormed.replace("61.6", "1e999"), "its humidity is not a number"],
    ["a list", wellFormed.replace("61.6", "[61.6]"), "its humidity is not a number"],
    ["true", wellFormed.replace("61.6", "true"), "its humidity is not a number"],
  ])("growbuddy 2.2: path missing or not a number: %s", (_, payload, problem) => expect(said(sniffer, payload)).toBe(problem));

  it.each([
    ["missing", wellFormed.replace(',"TempUnit":"F"', "")],
    ["not known", wellFormed.replace('"F"', '"X"')],
    ["of something else", wellFormed.replace('"F"', '"hPa"')],
    ["no word", wellFormed.replace('"F"', "1")],
  ])("growbuddy 2.3: unit never assumed: %s", (_, payload) =>
    expect(said(sniffer, payload)).toBe("it does not say in which unit its temperature is"),
  );

  it("growbuddy 2.1: fifty damaged forms give finite values or none, and nothing of them is repeated", () => {
    const forms = mutations();
    expect(forms.length).toBe(50);
    for (const form of forms) {
      const answer = said(sniffer, form);
      if (typeof answer === "string") expect(answer).toMatch(/^it(s humidity| is| has| does|s (temperature|light))[A-Za-z ]*$/);
      else for (const { value } of answer) expect(Number.isFinite(value)).toBe(true);
    }
    expect(forms.filter((form) => typeof said(sniffer, form) === "string").length).toBeGreaterThan(25);
  });
});

describe("a value", () => {
  const typed = (type: ValueType, options: string[] = []) => sourceOf([topicValueOf("x", { ...number, value: "x", type, options })]);
  it.each<[ValueType, unknown, unknown]>([
    ["boolean", true, true],
    ["boolean", "OFF", false],
    ["boolean", 1, true],
    ["boolean", "maybe", "its x is not true or false"],
    ["boolean", 2, "its x is not true or false"],
    ["text", "open", "open"],
    ["text", 5, "5"],
    ["text", "a\u001b[2J", "its x is not a short text"],
    ["text", "x".repeat(257), "its x is not a short text"],
    ["text", { a: 1 }, "its x is not a short text"],
    ["enum", "ON", "ON"],
    ["enum", "on", "its x is not one of its options"],
    ["enum", "constructor", "its x is not one of its options"],
  ])("of type %s takes %j for %j", (type, x, expected) => {
    const answer = said(typed(type, ["ON", "OFF"]), JSON.stringify({ x }));
    expect(typeof answer === "string" ? answer : answer[0]?.value).toBe(expected);
  });

  it.each([
    ["21.4", 21.4],
    [" -3 \n", -3],
    ["1e3", 1000],
    ["", "its level is not a number"],
    ["NaN", "its level is not a number"],
    ["0x10", "its level is not a number"],
    ["21,4", "its level is not a number"],
    ['{"level":1}', "its level is not a number"],
  ])("that is the payload itself: %j is %j", (payload, expected) => {
    const answer = said(sourceOf([topicValueOf("level", { ...number, value: "level" })], { plain: true }), payload);
    expect(typeof answer === "string" ? answer : answer[0]?.value).toBe(expected);
  });
});

describe("the time in a message", () => {
  const timed = sourceOf([topicValueOf("x", { ...number, value: "x" })], { time: ["Time"] });
  const at = (Time: unknown, of: Almanac = almanac) => {
    const heard = hear(timed, JSON.stringify({ x: 1, Time }), 180_000, of, now);
    return heard.ok ? heard.measured : heard.problem;
  };
  it.each([
    ["of this machine's zone", "2022-09-06T08:52:59", 70_000],
    ["in UTC", "2022-09-06T06:52:59Z", 70_000],
    ["of another zone", "2022-09-06T01:52:59.500-05:00", 70_500],
    ["in seconds", wall / 1000 - 30, 70_000],
    ["in milliseconds", wall - 30_000, 70_000],
    ["a little ahead", "2022-09-06T06:53:59Z", 100_000],
    ["to come", "2022-09-06T07:53:29Z", "it says that it is of a time to come"],
    ["too old", "2022-09-06T06:50:29Z", "it is too old"],
    ["none", "yesterday", "it does not say of when it is"],
    ["missing", undefined, "it does not say of when it is"],
    ["impossible", "2022-13-45T99:99:99", "it does not say of when it is"],
  ])("is read: %s", (_, time, expected) => expect(at(time)).toBe(expected));

  it("says nothing while the clock is not set", () => {
    expect(at("2022-09-06T06:52:59Z", { ...almanac, clockSet: false })).toBe("how old it is cannot be told before the clock is set");
  });
});
