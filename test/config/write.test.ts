import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRecordedConfig } from "../../agent/recording-file.ts";
import { writeConfig } from "../../config/write.ts";
import { configOf } from "./loading.ts";

const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config/examples");

const everything = `
node: garage
prefix: home
gpio: { driver: sim, board: pi5 }
state_dir: /var/lib/other
mqtt: { server: 192.168.1.10, port: 8883, client_id: "{odd:,user}", command_ttl: 5s }
sys_interval: 1m
inputs:
  porch: { line: 17, bias: pull-up, active: low, debounce: 0ms, events: [press_start, multi_press] }
  bell: { line: pin37, kind: doorbell, event_ttl: 1m }
  "7": { line: SDA1 }
outputs:
  lamp: { line: { chip: "pinctrl-bcm2711", offset: 3 }, max_on: 2h, on_start: keep, on_crash: on }
  gate: { line: 5, pulse: { default: 500ms, max: 2s }, on_broker_lost: { after: 30s, do: off } }
  up: { line: 13, interlock: motor, pulse: 1500ms }
  down: { line: 19, interlock: motor }
  mister: { plug: mister_plug, max_on: 2m }
  fan: { plug: { topic: "0123", relay: 2, failsafe: 5m } }
interlocks: { motor: {} }
sensors:
  attic: { driver: w1, id: 28-0316a2795bff, every: 5s, stale_after: 1m }
  tank: { driver: file, path: /run/level, name: level, unit: l, scale: 0.0000001, offset: -12.5, range: [-12.5, 0.5], report: { every: 10m } }
  hut: { driver: iio, device: bme280@77, only: [humidity], quantities: { humidity: { filter: { median: 5 }, max_change: { by: 0.5, per: 1m } } } }
  ups: { driver: command, command: [/usr/bin/upsc, "a: b"], json: battery.0, timeout: 500ms, filter: { mean: 3 }, report: { delta: 0.2, every: 1h } }
  tent:
    driver: topic
    topic: "tele/+/SENSOR"
    values:
      air_t: { value: 'SCD30."T, air"', unit: °C, unit_from: TempUnit }
      door: { value: 'x ? "ON" : "OFF"', type: enum, options: ["ON", "O, F"] }
    availability: { topic: "a, {b", online: "yes, it is", offline: 'no "' }
    retained: use
    time: Time
    publish: false
  plug: { driver: topic, topic: "$SYS/x", unit: W, availability: { peer: p } }
peers: { p: { topic: p/LWT } }
derive:
  vpd: { vpd: { formula: growbuddy-2022, temperature: tent.air_t, humidity: rh, leaf_offset: -2.5 °F } }
  energy: { integral: plug, unit: kWh, name: energy }
  rh: { value: "{ 'a': b }.a", inputs: { b: plug }, unit: "%", publish: false }
  high: { max: rh, window: 90s }
rules:
  a: { when: { input: porch, gesture: double }, do: [{ output: lamp, set: on, for: 90s }, { output: gate, set: pulse }] }
  b: { when: { input: porch, clicks: 4 }, do: [{ output: lamp, set: off }] }
services: [ssh.service]
log: { level: debug }
`;

describe("a configuration that is written", () => {
  it.each([
    ["with many settings", everything],
    ["that is empty", ""],
    ...readdirSync(folder).map((file): [string, string] => [file, readFileSync(join(folder, file), "utf8")]),
  ])("is read back to the same: %s", (_, text) => {
    const config = configOf(text);
    expect(configOf(writeConfig(config))).toEqual(config);
  });

  it("has no secret in it, and nothing that is as it is by default", () => {
    const config = configOf("mqtt: { server: 192.168.1.10, username: pi, password: hunter2 }\nnode: garage\nsys_interval: 10s\n");
    const text = writeConfig(config);
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("sys_interval");
    expect(configOf(text)).toEqual({ ...config, mqtt: { ...config.mqtt, username: null, password: null } });
  });

  it.each(["username: ev3, password: hunter2", "users: { ev3: hunter2 }"])(
    "has nobody of the built-in broker in it, and is read: %s",
    (user) => {
      const listeners = "listeners: [{ protocol: mqtt, address: 0.0.0.0, port: 1883 }]";
      const text = writeConfig(configOf(`broker: { ${listeners}, anonymous: false, ${user} }`));
      expect(text).not.toMatch(/ev3|hunter2/);
      expect(readRecordedConfig(text).broker).toMatchObject({ username: null, users: {}, anonymous: "false" });
    },
  );
});
