import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planOf } from "../../../agent/core/plan.ts";
import type { Component } from "../../../agent/profile/component.ts";
import { byteLength, discoveryDocument, discoveryDocuments, type Identity } from "../../../agent/profile/discovery.ts";
import type { Config } from "../../../config/schema.ts";
import { objectionsTo } from "../../twin/homeassistant-schema.ts";
import { configOf, rule, when } from "../core/fixture.ts";
import { World } from "../core/world.ts";

const identity: Identity = {
  uid: "pinbus-4f1c0a9b22de",
  version: "1.0.0",
  model: "Raspberry Pi 5 Model B Rev 1.0",
  quantities: (id) =>
    id === "air"
      ? [quantity("temperature", "°C"), quantity("humidity", "%")]
      : [quantity(id === "attic" ? "temperature" : "level", id === "attic" ? "°C" : "l")],
};
const quantity = (name: string, unit: string | null) => ({ name, unit });

/** One of everything. */
const garage = configOf({
  inputs: {
    porch: { name: "Porch button" },
    hall: { events: ["press_start", "multi_press"] },
    door: { kind: "switch", homeassistant: { as: null, name: null, device_class: "garage_door" } },
    bell: { kind: "doorbell" },
    knob: { kind: "encoder", line_b: { kind: "gpio", gpio: 9 } },
    power: { kind: "counter", per_unit: 1000, unit: "kWh" },
    tap: { kind: "counter", unit: "m³", homeassistant: { as: null, name: null, device_class: "water" } },
  },
  outputs: {
    lamp: { identify: "on" },
    strip: { homeassistant: { as: "light", name: null, device_class: null } },
    strike: { homeassistant: { as: "lock", name: null, device_class: null } },
    hose: { homeassistant: { as: "valve", name: null, device_class: "water" } },
    opener: { pulse: 500 },
    "gate-up": { interlock: "gate" },
    "gate-down": { interlock: "gate" },
  },
  interlocks: { gate: { dead_time: 300, mode: "switch" } },
  covers: { gate: { open: "gate-up", close: "gate-down", device_class: "gate" } },
  sensors: { attic: {}, air: { every: 30_000 }, tank: { name: "level", unit: "l" } },
  rules: { "porch-lamp": when("porch press", ["lamp", "toggle"]) },
  commands: ["resync", "reload", "identify"],
  services: ["mosquitto.service"],
  homeassistant: { discovery: "true", name: "Garage Pi" },
});

type Parts = Parameters<typeof configOf>[0];
const documentOf = (config: Config) => discoveryDocument(planOf(config), config, identity);
const componentsOf = (config: Config) => documentOf(config).components;
const components = componentsOf(garage);
const P = "pinbus/garage";
const online = [{ topic: `${P}/status` }];
const known = (id: string, kind: "in" | "out") => ({
  topic: `${P}/${kind}/${id}/state`,
  value_template: "{{ 'offline' if value == 'UNKNOWN' else 'online' }}",
});
const line = (id: string, kind: "in" | "out") => ({ availability_mode: "all", availability: [...online, known(id, kind)] });

describe("the document for Home Assistant", () => {
  it("home-assistant 1.4: is one that its closed schema takes, with all kinds of things in it", () => {
    expect(objectionsTo(JSON.stringify(documentOf(garage)))).toEqual([]);
  });

  it("home-assistant 1.4: is so for any configuration", () => {
    const id = fc.stringMatching(/^[a-z0-9-]{1,32}$/).filter((text) => text !== "constructor");
    const input = fc.record({
      kind: fc.constantFrom("button", "switch", "doorbell", "counter", "encoder"),
      unit: fc.constantFrom(null, "kWh", "m³", "x"),
      events: fc.subarray<"press_start" | "multi_press">(["press_start", "multi_press"]),
    });
    const output = fc.record({ pulse: fc.constantFrom(null, 500), identify: fc.constantFrom("on" as const, "off" as const) });
    fc.assert(
      fc.property(fc.dictionary(id, input, { maxKeys: 6 }), fc.dictionary(id, output, { maxKeys: 6 }), (inputs, outputs) => {
        const config = configOf({ inputs: inputs as Parts["inputs"] & {}, outputs, commands: ["identify"] });
        expect(objectionsTo(JSON.stringify(documentOf(config)))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("home-assistant 1.1 and 6: has device, origin, components and qos, and nothing else", () => {
    const { components: _, ...root } = documentOf(garage);
    expect(root).toEqual({
      device: {
        identifiers: ["pinbus-4f1c0a9b22de"],
        name: "Garage Pi",
        manufacturer: "Raspberry Pi",
        model: "Raspberry Pi 5 Model B Rev 1.0",
        sw_version: "1.0.0",
      },
      origin: { name: "pinbus", sw_version: "1.0.0" },
      qos: 1,
    });
  });

  it("home-assistant 1.5: says per component when it is available, and never at the root", () => {
    expect(documentOf(garage)).not.toHaveProperty("availability");
    const without = Object.entries(components).filter(([, { availability }]) => availability === undefined);
    expect(without.map(([key]) => key)).toEqual(["in_porch", "in_hall", "in_bell", "in_knob", "node_online"]);
  });

  it("home-assistant 1.3: uses no abbreviation", () => {
    const keys = Object.values(components).flatMap((component) => Object.keys(component));
    for (const short of ["~", "uniq_id", "stat_t", "cmd_t", "avty", "dev_cla", "val_tpl", "p"]) expect(keys).not.toContain(short);
  });

  it("home-assistant 1.8: takes its ids from the machine, so that another name of the node duplicates nothing", () => {
    const renamed = componentsOf({ ...garage, node: "shed", prefix: "home" });
    const ids = (found: Record<string, Component>) => Object.entries(found).map(([key, { unique_id }]) => [key, unique_id]);
    expect(ids(renamed)).toEqual(ids(components));
    expect(components.out_lamp?.unique_id).toBe("pinbus-4f1c0a9b22de_out_lamp");
    expect(renamed.out_lamp?.command_topic).toBe("home/shed/out/lamp/set");
  });

  it("home-assistant 1.9: retains no command, and shows nothing before it was seen", () => {
    const commanded = Object.values(components).filter(({ command_topic }) => command_topic !== undefined);
    expect(commanded.length).toBeGreaterThan(8);
    for (const { platform, retain, optimistic } of commanded)
      expect({ retain, optimistic }).toEqual({ retain: false, optimistic: platform === "button" ? undefined : false });
  });

  it("home-assistant 1.10: has no secret, user name or path", () => {
    const config = {
      ...garage,
      state_dir: "/var/lib/secret-place",
      mqtt: { ...garage.mqtt, username: "secret-user", password: "secret-word" },
    };
    expect(JSON.stringify(documentOf(config))).not.toMatch(/secret|\/var\//);
  });
});

describe("what appears in Home Assistant", () => {
  it.each<[string, Partial<Component>]>([
    [
      "in_porch",
      {
        platform: "event",
        name: "Porch button",
        device_class: "button",
        event_types: ["press_end", "long_press_start", "long_press_end"],
        state_topic: `${P}/in/porch/event`,
      },
    ],
    ["in_bell", { platform: "event", name: "Bell", device_class: "doorbell", event_types: ["ring"], state_topic: `${P}/in/bell/event` }],
    ["in_knob", { platform: "event", name: "Knob", event_types: ["rotate_right", "rotate_left"], state_topic: `${P}/in/knob/event` }],
    [
      "in_door_state",
      {
        platform: "binary_sensor",
        name: "Door",
        device_class: "garage_door",
        state_topic: `${P}/in/door/state`,
        payload_on: "ON",
        payload_off: "OFF",
        ...line("door", "in"),
      },
    ],
    [
      "out_lamp",
      {
        platform: "switch",
        name: "Lamp",
        state_topic: `${P}/out/lamp/state`,
        command_topic: `${P}/out/lamp/set`,
        json_attributes_topic: `${P}/out/lamp/attr`,
        retain: false,
        optimistic: false,
        ...line("lamp", "out"),
      },
    ],
    [
      "out_opener_button",
      {
        platform: "button",
        name: "Opener",
        command_topic: `${P}/out/opener/set`,
        json_attributes_topic: `${P}/out/opener/attr`,
        payload_press: "PULSE",
        retain: false,
        ...line("opener", "out"),
      },
    ],
    [
      "cover_gate",
      {
        platform: "cover",
        name: "Gate",
        device_class: "gate",
        command_topic: `${P}/cover/gate/set`,
        state_topic: `${P}/cover/gate/state`,
        payload_open: "OPEN",
        payload_close: "CLOSE",
        payload_stop: "STOP",
        state_opening: "opening",
        state_closing: "closing",
        state_stopped: "stopped",
        retain: false,
        optimistic: false,
        availability_mode: "all",
        availability: [...online, known("gate-up", "out"), known("gate-down", "out")],
      },
    ],
    [
      "in_power_total",
      {
        platform: "sensor",
        name: "Power",
        device_class: "energy",
        unit_of_measurement: "kWh",
        state_class: "total_increasing",
        state_topic: `${P}/counter/power/state`,
        value_template: "{{ value_json.total }}",
        availability: online,
      },
    ],
    [
      "in_power_rate",
      {
        platform: "sensor",
        name: "Power rate",
        device_class: "power",
        unit_of_measurement: "kW",
        state_class: "measurement",
        state_topic: `${P}/counter/power/state`,
        value_template: "{{ value_json.rate }}",
        availability: online,
      },
    ],
    [
      "s_attic_temperature",
      {
        platform: "sensor",
        name: "Attic",
        device_class: "temperature",
        unit_of_measurement: "°C",
        state_class: "measurement",
        state_topic: `${P}/sensor/attic/state`,
        value_template: "{{ value_json.temperature }}",
        expire_after: 180,
        availability_mode: "all",
        availability: [...online, { topic: `${P}/sensor/attic/availability` }],
      },
    ],
    [
      "rule_porch-lamp",
      {
        platform: "switch",
        name: "Rule porch lamp",
        entity_category: "config",
        command_topic: `${P}/rule/porch-lamp/set`,
        state_topic: `${P}/rule/porch-lamp/state`,
        retain: false,
        optimistic: false,
        availability: online,
      },
    ],
    [
      "node_online",
      {
        platform: "binary_sensor",
        name: "Online",
        device_class: "connectivity",
        entity_category: "diagnostic",
        state_topic: `${P}/status`,
        payload_on: "online",
        payload_off: "offline",
      },
    ],
    [
      "sys_host_boot_time",
      {
        platform: "sensor",
        name: "Boot time",
        device_class: "timestamp",
        entity_category: "diagnostic",
        state_topic: `${P}/$SYS/host/boot_time`,
        availability: online,
      },
    ],
    [
      "cmd_identify_lamp",
      {
        platform: "button",
        name: "Identify Lamp",
        command_topic: `${P}/cmd/identify`,
        payload_press: '{"output":"lamp"}',
        retain: false,
        availability: online,
        device_class: "identify",
        entity_category: "config",
      },
    ],
  ])("home-assistant 3 and 6: %s", (key, expected) => {
    expect(components[key]).toEqual({ unique_id: `${identity.uid}_${key}`, ...expected });
  });

  it("home-assistant 3: names the payloads of a lock and a valve, of which on is open", () => {
    expect(components.out_strike_lock).toMatchObject({
      payload_unlock: "ON",
      state_unlocked: "ON",
      payload_lock: "OFF",
      state_locked: "OFF",
    });
    expect(components.out_hose_valve).toMatchObject({
      device_class: "water",
      payload_open: "ON",
      state_closed: "OFF",
      reports_position: false,
    });
    expect(components.out_strip_light).toMatchObject({ platform: "light" });
  });

  it("home-assistant 3: shows a pair as a cover alone, unless somebody wants its outputs too", () => {
    expect(Object.keys(components).filter((key) => key.includes("gate-"))).toEqual([]);
    const both = structuredClone(garage);
    Object.assign(both.outputs["gate-up"] ?? {}, { homeassistant: { as: "switch", name: null, device_class: null } });
    expect(componentsOf(both)).toHaveProperty("out_gate-up");
  });

  it("home-assistant 3: has an entity for each value of a sensor", () => {
    expect(components.s_air_humidity).toMatchObject({ name: "Air humidity", device_class: "humidity", expire_after: 90 });
    expect(components.s_tank_level).toMatchObject({ name: "Tank", device_class: "volume_storage", unit_of_measurement: "L" });
  });

  it("home-assistant 3: leaves counters of the network off until somebody enables them", () => {
    const network = Object.entries(components).filter(([key]) => key.includes("network"));
    expect(network).toHaveLength(4);
    for (const [, component] of network) expect(component.enabled_by_default).toBe(false);
  });

  it.each<[string, Config["commands"], string[]]>([
    ["none", ["resync"], []],
    ["reload", ["reload"], ["cmd_reload"]],
    ["both", ["reload", "identify"], ["cmd_reload", "cmd_identify_lamp"]],
  ])("home-assistant 3: has the buttons that commands allows: %s", (_, commands, keys) => {
    expect(Object.keys(componentsOf({ ...garage, commands })).filter((key) => key.startsWith("cmd_"))).toEqual(keys);
  });

  it("home-assistant 3: has device triggers only where they are asked for, and those of clicks that can come", () => {
    const old = componentsOf({ ...garage, homeassistant: { ...garage.homeassistant, device_triggers: "true" } });
    const triggers = Object.entries(old).filter(([, { platform }]) => platform === "device_automation");
    expect(triggers.filter(([, { subtype }]) => subtype === "porch").map(([, { type }]) => type)).toEqual([
      "button_short_press",
      "button_long_press",
      "button_long_release",
    ]);
    expect(triggers.filter(([, { subtype }]) => subtype === "hall")).toHaveLength(7);
    expect(Object.values(components).some(({ platform }) => platform === "device_automation")).toBe(false);
    expect(objectionsTo(JSON.stringify({ ...documentOf(garage), components: old }))).toEqual([]);
  });
});

describe("home-assistant 2: the events of a button are those that its configuration can produce", () => {
  const types = (parts: Parts) => componentsOf(configOf(parts)).in_porch?.event_types;
  const single = ["press_end", "long_press_start", "long_press_end"];
  it.each<[string, Parts, string[]]>([
    ["nothing is bound", { inputs: { porch: {} } }, single],
    ["a click is bound", { inputs: { porch: {} }, outputs: { lamp: {} }, rules: { a: when("porch click", ["lamp", "on"]) } }, single],
    [
      "a double click is bound",
      {
        inputs: { porch: {} },
        outputs: { lamp: {} },
        rules: { a: rule([{ input: "porch", gesture: "double" }], [{ output: "lamp", set: "on" }]) },
      },
      ["press_end", "multi_press_end", "multi_press_ongoing", ...single.slice(1)],
    ],
    ["presses are listed", { inputs: { porch: { events: ["press_start"] } } }, ["press_start", ...single]],
    ["a doorbell", { inputs: { porch: { kind: "doorbell" } } }, ["ring"]],
  ])("%s", (_, parts, expected) => {
    expect(types(parts)).toEqual(expected);
  });
});

describe("home-assistant 2: what a button sends", () => {
  const bound = (gesture: "click" | "double" | "triple"): Parts => ({
    inputs: { porch: {} },
    outputs: { lamp: {} },
    rules: { a: rule([{ input: "porch", gesture }], [{ output: "lamp", set: "on" }]) },
  });
  const sentBy = (world: World) =>
    world.published
      .filter(({ topic }) => topic === `${P}/in/porch/event`)
      .map(({ payload }) => JSON.parse(payload) as { event_type: string });

  it.each<[string, Parts]>([
    ["nothing is bound", { inputs: { porch: {} } }],
    ["a double click is bound", bound("double")],
    ["a triple click is bound", bound("triple")],
    ["presses are listed", { inputs: { porch: { events: ["press_start", "multi_press"] } } }],
    ["a doorbell", { inputs: { porch: { kind: "doorbell" } } }],
  ])("was announced, whatever somebody does with it: %s", (_, parts) => {
    const config = configOf(parts);
    const announced = componentsOf(config).in_porch?.event_types;
    const presses = fc.array(fc.tuple(fc.integer({ min: 30, max: 1500 }), fc.integer({ min: 30, max: 600 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(presses, (all) => {
        const world = new World(config);
        for (const [held, pause] of all) world.press("porch", held, pause);
        world.advance(1000);
        const sent = sentBy(world).map(({ event_type }) => event_type);
        expect(sent.length).toBeGreaterThan(0);
        expect(announced).toEqual(expect.arrayContaining(sent));
      }),
      { numRuns: 50 },
    );
  });

  it("is one press_end for one click, and none for two", () => {
    const world = new World(configOf(bound("double")));
    world.press("porch", 100, 1000);
    expect(sentBy(world).map(({ event_type }) => event_type)).toEqual(["press_end"]);
    world.press("porch", 100, 100);
    world.press("porch", 100, 1000);
    expect(sentBy(world).slice(1)).toMatchObject([
      { event_type: "multi_press_ongoing", multi_press_count: 2 },
      { event_type: "multi_press_end", multi_press_count: 2 },
    ]);
  });

  it("has no availability, and is not retained: it would be replayed", () => {
    const events = Object.values(components).filter(({ platform }) => platform === "event");
    expect(events).toHaveLength(4);
    for (const event of events) expect(Object.keys(event).filter((key) => key.startsWith("availability"))).toEqual([]);
    const world = new World(configOf(bound("double")));
    world.press("porch", 100, 1000);
    expect(world.published.filter(({ topic, retain }) => topic.endsWith("/event") && retain)).toEqual([]);
  });
});

describe("home-assistant 1.6: what is more than the broker takes in one packet", () => {
  const plan = planOf(garage);
  const whole = JSON.stringify(discoveryDocument(plan, garage, identity)).length;
  const documents = (largest: number) => discoveryDocuments(plan, garage, identity, largest);

  it("is one document while it fits", () => {
    expect([...documents(whole + 1000).keys()]).toEqual(["homeassistant/device/pinbus-4f1c0a9b22de/config"]);
  });

  it("is two of the same device, which have every component once", () => {
    const parts = documents(whole - 1000);
    expect([...parts.keys()]).toEqual([
      "homeassistant/device/pinbus-4f1c0a9b22de-io/config",
      "homeassistant/device/pinbus-4f1c0a9b22de-sys/config",
    ]);
    const [io, sys] = [...parts.values()];
    expect({ ...io?.components, ...sys?.components }).toEqual(components);
    expect(Object.keys(io?.components ?? {}).length + Object.keys(sys?.components ?? {}).length).toBe(Object.keys(components).length);
    expect(io?.device).toEqual(sys?.device);
    for (const part of parts.values()) expect(objectionsTo(JSON.stringify(part))).toEqual([]);
  });

  it("is counted in the bytes of UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(byteLength(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});
