import { expect, it } from "vitest";
import { writeConfig } from "../../config/write.ts";
import { configOf } from "./loading.ts";

const text = `
outputs: { mister: { line: 17 } }
rules:
  mist:
    when: { topic: tele/snifferbuddy/SENSOR, value: "SCD30.Humidity", below: 55, hysteresis: 3, stale_after: 3m }
    do: [{ publish: cmnd/mister/PulseTime, payload: "220" }, { publish: cmnd/mister/POWER, payload: "ON" }]
    else: [{ publish: cmnd/mister/POWER, payload: "OFF" }]
    on_stale: else
    on_broker_lost: none
`;

it("makes a sensor of a value out of a message, and a trigger on it", () => {
  const { rules, sensors } = configOf(text);
  expect(rules.mist?.when).toMatchObject([{ topic: null, value: null, stale_after: null, sensor: "mist-value", below: 55, hysteresis: 3 }]);
  expect(sensors["mist-value"]).toMatchObject({
    driver: "topic",
    topic: "tele/snifferbuddy/SENSOR",
    values: { value: { value: "SCD30.Humidity" } },
    stale_after: 180_000,
  });
});

it("keeps the words for what happens when a value is stale over writing and reading", () => {
  const local = configOf(`
outputs: { mister: { line: 17 } }
sensors: { tent: { driver: file, path: /tmp/humidity, name: humidity } }
rules:
  mist:
    when: { sensor: tent.humidity, below: 55, hysteresis: 3, for: 30s }
    and: [{ sensor: tent.humidity, above: 1 }]
    do: [{ output: mister, set: on }]
    else: [{ output: mister, set: off }]
    on_stale: { do: else, after: 10s }
    on_broker_lost: none
    min_off: 1m
    repeat: 2m
`);
  expect(local.rules.mist).toMatchObject({ on_stale: [{ do: "else", after: 10_000 }], on_broker_lost: [{ do: "none" }] });
  expect(configOf(writeConfig(local)).rules).toEqual(local.rules);
});
