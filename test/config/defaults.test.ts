import { describe, expect, it } from "vitest";
import { rule } from "../agent/core/fixture.ts";
import { configOf } from "./loading.ts";

const noBox = {
  platform: null,
  legacy: "false",
  referees: {},
  controller: { led: [], buzzer: [] },
  down: { light: [], horn: [], majority: "false" },
  timekeeper: { start: null, stop: null, one_minute: null, two_minutes: null, toggle: null },
  clock: { horn: [] },
  jury: {
    members: {},
    referees: {},
    verdict: { good: null, bad: null },
    summon: { "1": null, "2": null, "3": null, all: null, controller: null },
    deliberation: null,
    challenge: null,
    technical: null,
    resume: null,
  },
  startup: [],
};

describe("loadConfig", () => {
  it("gives every default for an empty file", () => {
    for (const text of ["", "\n", "# nothing\n", "---\n", "{}", "inputs:\noutputs:\nmqtt:\n", "\ufeff"]) {
      expect(configOf(text)).toEqual({
        version: 1,
        node: "attic",
        prefix: "pinbus",
        gpio: { driver: "auto", board: "pi4" },
        state_dir: "/var/lib/pinbus",
        control: { socket: "/run/pinbus/control.sock", view: "/run/pinbus/view.sock" },
        mqtt: {
          server: [],
          port: 1883,
          tls: "auto",
          ca: null,
          cert: null,
          key: null,
          servername: null,
          tls_min: "1.2",
          tls_verify: "on",
          username: null,
          password: null,
          protocol: "auto",
          keepalive: 60_000,
          client_id: null,
          env: "off",
          command_ttl: 10_000,
        },
        broker: {
          listeners: [{ protocol: "mqtt", address: null, port: 1883 }],
          username: null,
          password: null,
          users: {},
          password_file: null,
          anonymous: null,
          sys_interval: 10_000,
          log: { connections: "off", subscribes: "off", topics: "off" },
          cert: null,
          key: null,
          ca: null,
          require_certificate: "false",
          tls_min: "1.2",
          origins: [],
          acl_file: null,
          max_connections: 100,
          max_packet: 262_144,
          connect_timeout: 10_000,
          keepalive_max: null,
          max_queued_bytes: 1_048_576,
          max_inflight: 20,
          max_connects: 3000,
          max_failed_logins: 60,
          persistence: "on",
          max_queued: 1000,
          session_expiry: 5_184_000_000,
          bridge: {
            server: [],
            port: 1883,
            tls: "auto",
            ca: null,
            cert: null,
            key: null,
            servername: null,
            tls_min: "1.2",
            tls_verify: "on",
            username: null,
            password: null,
            protocol: "auto",
            keepalive: 60_000,
            client_id: null,
            notifications: "on",
            max_queued: 10_000,
            message_ttl: 604_800_000,
            topics: [],
          },
        },
        sys_interval: 10_000,
        inputs: {},
        outputs: {},
        pwm: {},
        start_spacing: 0,
        interlocks: {},
        peers: {},
        rules: {},
        controllers: {},
        owlcms: noBox,
        carbot: { topic: "carbot/move", servos: [], motors: [], silence: 2000 },
        time_zone: null,
        outbox: { max_events: 10_000, disk: "on", telemetry: "memory", max_telemetry: 10_000, telemetry_ttl: 86_400_000 },
        location: { latitude: null, longitude: null },
        sensors: {},
        tasmota: {},
        mistbuddy: {},
        mqttio: {
          prefix: "",
          client_id: null,
          status: { topic: "status", running: "running", stopped: "stopped", dead: "dead" },
          inputs: [],
          outputs: [],
          sensors: [],
        },
        covers: {},
        homeassistant: {
          discovery: "false",
          prefix: "homeassistant",
          status: null,
          name: null,
          id: null,
          device_triggers: "false",
        },
        homie: { discovery: "false", domain: "homie", id: null, name: null },
        derive: {},
        services: [],
        commands: ["resync"],
        log: { level: "info", format: "auto", mqtt: "warn" },
      });
    }
  });

  it("gives an item the defaults of its kind", () => {
    const config = configOf(
      "inputs: { a: { line: 17 } }\noutputs: { b: { line: pin13 } }\nrules: { c: { when: { input: a, gesture: hold }, do: [{ output: b, set: on }] } }\nbroker: { listeners: [{}] }",
    );
    expect(config.inputs).toEqual({
      a: {
        line: { kind: "gpio", gpio: 17 },
        evdev: null,
        key: null,
        grab: "off",
        bias: "as-is",
        active: "high",
        debounce: 20,
        hold: 600,
        window: 300,
        repeat: 200,
        edge: "rising",
        per_unit: 1,
        unit: null,
        rate: "hour",
        report: 1000,
        line_b: null,
        steps_per_detent: 4,
        kind: "button",
        events: [],
        event_ttl: 10_000,
        name: null,
        homeassistant: null,
      },
    });
    expect(config.outputs).toEqual({
      b: {
        line: { kind: "pin", pin: 13 },
        plug: null,
        active: "high",
        on_start: "off",
        on_exit: "off",
        on_crash: null,
        pulse: null,
        max_on: null,
        min_on: 0,
        min_off: 0,
        interlock: null,
        on_broker_lost: null,
        on_peer_offline: null,
        identify: "off",
        name: null,
        homeassistant: null,
      },
    });
    expect(config.rules).toEqual({
      c: rule([{ input: "a", gesture: "hold" }], [{ output: "b", set: "on" }]),
    });
    expect(config.broker.listeners).toEqual([{ protocol: null, address: null, port: 1883 }]);
  });

  it.each([
    ["", "false"],
    ["homeassistant:", "true"],
    ["homeassistant: { name: Garage Pi }", "true"],
    ["homeassistant: { discovery: false }", "false"],
  ])("takes the section as the wish to be discovered, unless it says otherwise: %s", (text, discovery) => {
    expect(configOf(text).homeassistant.discovery).toBe(discovery);
  });

  it("takes the section homie in the same way", () => {
    expect(["", "homie:", "homie: { discovery: false }"].map((text) => configOf(text).homie.discovery)).toEqual(["false", "true", "false"]);
  });

  it("never shares a default between two configurations", () => {
    const first = configOf("inputs: { a: { line: 17 } }");
    first.broker.listeners.push({ protocol: "mqtt", address: null, port: 1 });
    first.services.push("x");
    Object.assign(first.inputs.a ?? {}, { debounce: 1 });
    expect(configOf("").broker.listeners).toHaveLength(1);
    expect(configOf("").services).toEqual([]);
    expect(configOf("inputs: { a: { line: 17 } }").inputs.a?.debounce).toBe(20);
  });
});
