import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import { settingOptions } from "../../config/environment.ts";
import type { Appearance, RelayPlatform } from "../../config/homeassistant.ts";
import type { deviceClasses } from "../../config/homeassistant-classes.ts";
import { settingsOf } from "../../config/leaf.ts";
import { configFile, loadConfig } from "../../config/load.ts";
import type { MqttioConfig } from "../../config/mqttio.ts";
import type { OwlcmsConfig } from "../../config/owlcms-boxes.ts";
import { formatProblem } from "../../config/problem.ts";
import {
  type ActionConfig,
  type ConditionConfig,
  type Config,
  type ControllerConfig,
  type PwmConfig,
  type ReactionConfig,
  schema,
  type TasmotaConfig,
  type TriggerConfig,
} from "../../config/schema.ts";
import type { Bias, LineName } from "../../gpio/line.ts";
import { rule } from "../agent/core/fixture.ts";
import { configOf, host, load, saidAbout } from "./loading.ts";

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

const folder = mkdtempSync(join(tmpdir(), "pinbus-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** For each setting three different values, as text. */
const samples: Record<string, [string, string, string]> = {
  node: ["a", "b", "c"],
  "homeassistant.discovery": ["true", "false", "true"],
  "homeassistant.prefix": ["a", "b/c", "d"],
  "homeassistant.status": ["a", "b/c", "d"],
  "homeassistant.name": ["Garage", "Shed", "Loft"],
  "homeassistant.id": ["a", "b", "c"],
  "homeassistant.device_triggers": ["true", "false", "true"],
  "homie.discovery": ["true", "false", "true"],
  "homie.domain": ["a", "b", "c"],
  "homie.id": ["a", "b", "c"],
  "homie.name": ["Garage", "Shed", "Loft"],
  prefix: ["a", "b", "c"],
  "gpio.driver": ["sim", "sysfs", "chardev"],
  "gpio.board": ["pi1", "pi5", "pi4"],
  state_dir: ["/a", "/b", "/c"],
  "control.socket": ["/a", "/b", "/c"],
  "owlcms.platform": ["A", "B", "C"],
  "owlcms.legacy": ["true", "false", "true"],
  "owlcms.down.majority": ["true", "false", "true"],
  "control.view": ["/d", "/e", "/f"],
  "broker.listeners": ["ws://[::1]:9000", "mqtt://127.0.0.2:1884, ws://[::1]:0", "mqtt://127.0.0.1:1885"],
  "carbot.topic": ["a", "b/c", "d"],
  "carbot.silence": ["1s", "500ms", "1m"],
  "broker.username": ["a", "b", "c"],
  "broker.password": ["a", "b", "c"],
  "broker.password_file": ["/a", "/b", "/c"],
  "broker.anonymous": ["true", "true", "true"],
  "broker.sys_interval": ["0s", "1s", "1d"],
  "broker.log.connections": ["on", "off", "on"],
  "broker.log.subscribes": ["on", "off", "on"],
  "broker.log.topics": ["on", "off", "on"],
  "broker.cert": ["/a", "/b", "/c"],
  "broker.key": ["/a", "/b", "/c"],
  "broker.ca": ["/a", "/b", "/c"],
  "broker.require_certificate": ["false", "false", "false"],
  "broker.tls_min": ["1.3", "1.2", "1.3"],
  "broker.origins": ["https://a", "http://b:81, https://c", "*"],
  "broker.acl_file": ["/a", "/b", "/c"],
  "broker.max_connections": ["10", "20", "30"],
  "broker.max_packet": ["1024", "2048", "4096"],
  "broker.connect_timeout": ["1s", "2s", "3s"],
  "broker.keepalive_max": ["10s", "20s", "30s"],
  "broker.max_queued_bytes": ["16384", "20000", "30000"],
  "broker.max_inflight": ["0", "1", "65535"],
  "broker.max_connects": ["10", "20", "30"],
  "broker.max_failed_logins": ["5", "20", "30"],
  "broker.persistence": ["off", "on", "off"],
  "broker.max_queued": ["1", "2", "3"],
  "broker.session_expiry": ["1h", "2h", "3h"],
  "broker.bridge.server": ["10.0.0.1", "broker.local:1884, wss://b/mqtt", "::1"],
  "broker.bridge.port": ["1", "2", "3"],
  "broker.bridge.tls": ["on", "off", "auto"],
  "broker.bridge.ca": ["/a", "/b", "/c"],
  "broker.bridge.cert": ["/a", "/b", "/c"],
  "broker.bridge.key": ["/a", "/b", "/c"],
  "broker.bridge.servername": ["a.local", "b.local", "c"],
  "broker.bridge.tls_min": ["1.3", "1.2", "1.3"],
  "broker.bridge.tls_verify": ["insecure", "on", "insecure"],
  "broker.bridge.username": ["a", "b", "c"],
  "broker.bridge.password": ["a", "b", "c"],
  "broker.bridge.protocol": ["5", "3.1.1", "3.1"],
  "broker.bridge.keepalive": ["10s", "20s", "30s"],
  "broker.bridge.client_id": ["a", "b", "c"],
  "broker.bridge.notifications": ["local", "off", "on"],
  "broker.bridge.max_queued": ["10", "500", "100000"],
  "broker.bridge.message_ttl": ["1s", "2h", "3d"],
  "mqtt.server": ["10.0.0.1", "broker.local:1884, wss://b/mqtt", "::1"],
  "mqtt.port": ["1", "2", "3"],
  "mqtt.tls": ["on", "off", "auto"],
  "mqtt.ca": ["/a", "/b", "/c"],
  "mqtt.cert": ["/a", "/b", "/c"],
  "mqtt.key": ["/a", "/b", "/c"],
  "mqtt.servername": ["a.local", "b.local", "c"],
  "mqtt.tls_min": ["1.3", "1.2", "1.3"],
  "mqtt.tls_verify": ["insecure", "on", "insecure"],
  "mqtt.username": ["a", "b", "c"],
  "mqttio.prefix": ["a/b", "c", "d"],
  "mqttio.client_id": ["a", "b", "c"],
  "mqttio.status.topic": ["a/b", "c", "d"],
  "mqttio.status.running": ["a", "b", "c"],
  "mqttio.status.stopped": ["a", "b", "c"],
  "mqttio.status.dead": ["a", "b", "c"],
  "mqtt.password": ["a", "b", "c"],
  "mqtt.protocol": ["5", "3.1.1", "3.1"],
  "mqtt.keepalive": ["10s", "20s", "30s"],
  "mqtt.client_id": ["a", "b", "c"],
  "mqtt.env": ["owlcms", "off", "owlcms"],
  "mqtt.command_ttl": ["1s", "2s", "3s"],
  sys_interval: ["1s", "2s", "3s"],
  start_spacing: ["1s", "2s", "3s"],
  time_zone: ["Europe/Berlin", "UTC", "America/New_York"],
  "outbox.max_events": ["10", "500", "100000"],
  "outbox.disk": ["on", "off", "on"],
  "outbox.telemetry": ["off", "memory", "disk"],
  "outbox.max_telemetry": ["10", "500", "100000"],
  "outbox.telemetry_ttl": ["10s", "1h", "7d"],
  "location.latitude": ["52.5", "-12.25", "0"],
  "location.longitude": ["13.4", "-170", "0.5"],
  commands: ["diag", "resync, identify", "log-level"],
  services: ["a.service", "b.service, c.timer", "d.socket"],
  "log.level": ["error", "warn", "debug"],
  "log.format": ["text", "journal", "auto"],
  "log.mqtt": ["off", "error", "info"],
};

function at(config: Config, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

/** As the file has it: `ws://[::1]:9000` as a map. */
function listenersOf(text: string): string {
  const written = '{ protocol: $1, address: "$2", port: $3 }';
  return `[${text.replace(/(\w+):\/\/\[?([\d.:]+?)\]?:(\d+)(?=,|$)/g, written)}]`;
}

function yamlOf(path: string, text: string): string {
  const list = ["services", "commands", "broker.origins"].includes(path) || text.includes(", ");
  const value = path === "broker.listeners" ? listenersOf(text) : list ? `[${text}]` : JSON.stringify(text);
  const [section, ...keys] = path.split(".");
  return `${section}: ${keys.reduceRight((inner, key) => `{ ${key}: ${inner} }`, value)}\n`;
}

/** A user name needs a password and the reverse: they come along in the weakest layer. */
function partnerOf(path: string): Record<string, string> {
  const [, owner = "", key = ""] = /^(mqtt|broker|broker\.bridge)\.(cert|key|username|password)$/.exec(path) ?? [];
  const partner = { cert: "KEY", key: "CERT", username: "PASSWORD", password: "USERNAME" }[key];
  if (partner) return { [`PINBUS_${owner.replace(".", "_").toUpperCase()}_${partner}`]: "/p" };
  if (path === "location.latitude") return { PINBUS_LOCATION_LONGITUDE: "1" };
  if (path === "location.longitude") return { PINBUS_LOCATION_LATITUDE: "1" };
  return {};
}

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

  it("has exactly the agreed type", () => {
    expectTypeOf<Config>().toEqualTypeOf<{
      version: number;
      node: string;
      prefix: string;
      gpio: { driver: "auto" | "chardev" | "sysfs" | "sim"; board: "pi1" | "pi4" | "pi5" };
      state_dir: string;
      control: { socket: string; view: string };
      mqtt: {
        server: string[];
        port: number;
        tls: "auto" | "on" | "off";
        ca: string | null;
        cert: string | null;
        key: string | null;
        servername: string | null;
        tls_min: "1.2" | "1.3";
        tls_verify: "on" | "insecure";
        username: string | null;
        password: string | null;
        protocol: "auto" | "5" | "3.1.1" | "3.1";
        keepalive: number;
        client_id: string | null;
        env: "off" | "owlcms";
        command_ttl: number;
      };
      outbox: {
        max_events: number;
        disk: "on" | "off";
        telemetry: "off" | "memory" | "disk";
        max_telemetry: number;
        telemetry_ttl: number;
      };
      broker: {
        listeners: { protocol: "mqtt" | "mqtts" | "ws" | "wss" | null; address: string | null; port: number }[];
        username: string | null;
        password: string | null;
        users: Record<string, string>;
        password_file: string | null;
        anonymous: "true" | "false" | null;
        cert: string | null;
        key: string | null;
        ca: string | null;
        require_certificate: "true" | "false";
        tls_min: "1.2" | "1.3";
        origins: string[];
        sys_interval: number;
        log: { connections: "off" | "on"; subscribes: "off" | "on"; topics: "off" | "on" };
        acl_file: string | null;
        max_connections: number;
        max_packet: number;
        connect_timeout: number;
        keepalive_max: number | null;
        max_queued_bytes: number;
        max_inflight: number;
        max_connects: number;
        max_failed_logins: number;
        persistence: "on" | "off";
        max_queued: number;
        session_expiry: number;
        bridge: {
          server: string[];
          port: number;
          tls: "auto" | "on" | "off";
          ca: string | null;
          cert: string | null;
          key: string | null;
          servername: string | null;
          tls_min: "1.2" | "1.3";
          tls_verify: "on" | "insecure";
          username: string | null;
          password: string | null;
          protocol: "auto" | "5" | "3.1.1" | "3.1";
          keepalive: number;
          client_id: string | null;
          notifications: "on" | "local" | "off";
          max_queued: number;
          message_ttl: number;
          topics: { filter: string; direction: "in" | "out" | "both"; prefix: string; local_prefix: string; qos: number }[];
        };
      };
      commands: ("reload" | "resync" | "identify" | "log-level" | "diag")[];
      sys_interval: number;
      inputs: Record<
        string,
        {
          line: LineName | null;
          evdev: string | null;
          key: string | null;
          grab: "off" | "on";
          bias: Bias;
          active: "high" | "low";
          debounce: number | { kernel: number };
          hold: number;
          window: number;
          repeat: number;
          kind: "button" | "switch" | "doorbell" | "counter" | "encoder";
          events: ("press_start" | "multi_press")[];
          edge: "rising" | "falling" | "both";
          per_unit: number;
          unit: string | null;
          rate: "second" | "minute" | "hour";
          report: number;
          line_b: LineName | null;
          steps_per_detent: number;
          event_ttl: number;
          name: string | null;
          homeassistant: Appearance<never> | null;
        }
      >;
      outputs: Record<
        string,
        {
          line: LineName | null;
          plug: { topic: string; relay: number | null; failsafe: number | "none" | null } | null;
          active: "high" | "low";
          on_start: "off" | "on" | "keep" | "last";
          on_exit: "off" | "on" | "keep";
          on_crash: "off" | "on" | "keep" | null;
          pulse: number | { default: number | null; max: number | null } | null;
          max_on: number | null;
          min_on: number;
          min_off: number;
          interlock: string | null;
          on_broker_lost: { after: number; do: "off" | "on" | "keep" } | null;
          on_peer_offline: {
            peer: string | null;
            topic: string | null;
            payload: string | null;
            after: number;
            do: "off" | "on" | "keep";
          } | null;
          identify: "off" | "on";
          name: string | null;
          homeassistant: Appearance<RelayPlatform> | null;
        }
      >;
      start_spacing: number;
      homeassistant: {
        discovery: "true" | "false";
        prefix: string;
        status: string | null;
        name: string | null;
        id: string | null;
        device_triggers: "true" | "false";
      };
      homie: { discovery: "true" | "false"; domain: string; id: string | null; name: string | null };
      covers: Record<
        string,
        { open: string; close: string; name: string | null; device_class: (typeof deviceClasses)["cover"][number] | null }
      >;
      interlocks: Record<string, { dead_time: number; mode: "switch" | "refuse" }>;
      peers: Record<string, { topic: string; online: string; offline: string; stale_after: number | null; heard: string | null }>;
      sensors: Record<
        string,
        {
          driver: "w1" | "thermal" | "iio" | "hwmon" | "file" | "command" | "topic";
          id: string | null;
          zone: string | null;
          device: string | null;
          only: string[];
          path: string | null;
          command: string[];
          json: string | null;
          timeout: number;
          name: string;
          unit: string | null;
          scale: number;
          offset: number;
          range: number[];
          max_change: { by: number; per: number } | null;
          filter: { kind: "median" | "mean"; of: number } | null;
          report: { delta: number | null; every: number } | null;
          quantities: Record<
            string,
            {
              scale: number | null;
              offset: number | null;
              range: number[];
              max_change: { by: number; per: number } | null;
              filter: { kind: "median" | "mean"; of: number } | null;
              report: { delta: number | null; every: number } | null;
            }
          >;
          every: number;
          stale_after: number | null;
          homeassistant: Appearance<never> | null;
          topic: string | null;
          values: Record<
            string,
            {
              value: string;
              unit: string | null;
              unit_from: string | null;
              type: "number" | "boolean" | "text" | "enum";
              options: string[];
            }
          >;
          availability: { peer: string } | { topic: string; online: string; offline: string } | null;
          time: string | null;
          retained: "use" | "ignore" | null;
          max_payload: number;
          publish: "true" | "false";
        }
      >;
      derive: Record<
        string,
        {
          vpd: {
            formula: "growbuddy-2022" | "growbuddy-2025" | "tetens";
            temperature: string;
            humidity: string;
            leaf_offset: { value: number; unit: "°C" | "°F" };
          } | null;
          dew_point: { temperature: string; humidity: string } | null;
          absolute_humidity: { temperature: string; humidity: string } | null;
          mean: string | null;
          min: string | null;
          max: string | null;
          window: number;
          rate: string | null;
          per: number;
          integral: string | null;
          value: string | null;
          inputs: Record<string, string> | null;
          name: string | null;
          unit: string | null;
          publish: "true" | "false";
        }
      >;
      pwm: Record<string, PwmConfig>;
      rules: Record<
        string,
        {
          when: TriggerConfig[];
          and: ConditionConfig[];
          unless: ConditionConfig[];
          do: ActionConfig[];
          else: ActionConfig[];
          on_stale: ReactionConfig[];
          on_broker_lost: ReactionConfig[];
          min_on: number;
          min_off: number;
          repeat: number | null;
          on_start: "last" | "enabled" | "disabled";
        }
      >;
      controllers: Record<string, ControllerConfig>;
      owlcms: OwlcmsConfig;
      carbot: { topic: string; servos: string[]; motors: { forward: string; backward: string }[]; silence: number };
      time_zone: string | null;
      location: { latitude: number | null; longitude: number | null };
      tasmota: Record<string, TasmotaConfig>;
      mistbuddy: Record<
        string,
        { topic: string; light: string; outputs: string[]; silence: number; on_broker_lost: { after: number; do: "off" | "keep" } }
      >;
      mqttio: MqttioConfig;
      services: (
        | string
        | { unit: string; manager: "system" | "user"; log_file: string | null; control: ("start" | "stop" | "restart")[] }
      )[];
      log: { level: "error" | "warn" | "info" | "debug"; format: "auto" | "text" | "journal"; mqtt: "off" | "error" | "warn" | "info" };
    }>();
  });

  it("puts arguments over the environment, the environment over the file, the file over the default, for every setting", () => {
    const settings = settingsOf(schema);
    expect(Object.keys(samples).sort()).toEqual(settings.map(({ path }) => path).sort());
    // A bridge needs topics as well, which only a file has.
    const byThemselves = settings.filter(({ path }) => path !== "broker.bridge.server");
    fc.assert(
      fc.property(
        fc.constantFrom(...byThemselves),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        ({ path, env, arg }, inFile, inEnv, inArgs) => {
          const [ofFile, ofEnv, ofArgs] = samples[path] ?? ["", "", ""];
          const alone = (text: string): unknown => at(configOf("", { env: { ...partnerOf(path), [env]: text } }), path);
          const fromArgs = inArgs && arg !== undefined;
          const given = inFile || inEnv || fromArgs;
          const result = load(inFile ? yamlOf(path, ofFile) : "", {
            env: { ...(given ? partnerOf(path) : {}), ...(inEnv ? { [env]: ofEnv } : {}) },
            args: fromArgs ? { [arg]: ofArgs } : {},
          });
          if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
          const strongest = fromArgs ? ofArgs : inEnv ? ofEnv : inFile ? ofFile : undefined;
          if (strongest === undefined) expect(at(result.config, path)).toEqual(at(configOf(""), path));
          else expect(at(result.config, path)).toEqual(alone(strongest));
          const source = fromArgs ? `--${arg}` : inEnv ? env : inFile ? /^pinbus\.yaml:1:\d+$/ : "default";
          expect(result.sourceOf(path)).toMatch(source);
        },
      ),
      { numRuns: 120 },
    );
  });

  it("finds the file by argument, then by variable, then at its usual place", () => {
    const env = { PINBUS_CONFIG: "b.yaml" };
    expect(configFile(env, { config: "a.yaml" })).toBe("a.yaml");
    expect(configFile(env)).toBe("b.yaml");
    expect(configFile({})).toBe("/etc/pinbus/pinbus.yaml");
  });

  it("says which file is missing and what to do", () => {
    const file = join(folder, "missing.yaml");
    expect(saidAbout(loadConfig({ file, env: {}, args: {}, host }))).toEqual([`${file}: there is no such file, create it or name another`]);
    expect(saidAbout(loadConfig({ file: folder, env: {}, args: {}, host }))).toEqual([`${folder}: this is a directory, name a file`]);
  });

  it("resolves paths of the file beside it and those of the environment in the current directory", () => {
    const file = join(folder, "paths.yaml");
    writeFileSync(file, "state_dir: state\ncontrol: { socket: control.sock }\nmqtt: { server: a, ca: ../ca.pem }\n");
    const result = loadConfig({ file, env: { PINBUS_STATE_DIR: "here" }, args: {}, host });
    expect(result).toMatchObject({
      ok: true,
      config: {
        state_dir: join(process.cwd(), "here"),
        control: { socket: join(folder, "control.sock"), view: join(folder, "view.sock") },
        mqtt: { ca: join(folder, "../ca.pem") },
      },
    });
  });

  it("names every problem at once, in the order of the file", () => {
    const text = [
      "nod: garage",
      "gpio: { driver: sym }",
      "mqtt: { server: broker.local, port: 0, username: pi }",
      "inputs:",
      "  porch: { line: 17, debounce: 20 }",
      "  Bell: { line: 18 }",
      "outputs:",
      "  lamp: { line: pin11 }",
      "  lamp: { line: 5 }",
      "rules:",
      "  a: { when: { input: prch, gesture: press }, do: [{ output: lmp, set: on }] }",
      "services: [ssh]",
    ].join("\n");
    const result = load(text, { env: { PINBUS_LOG_LEVEL: "loud", PINBUS_MQTT_SERVR: "x" } });
    expect(saidAbout(result)).toEqual([
      'PINBUS_LOG_LEVEL: log.level: "loud" is not one of error, warn, info, debug, write error, warn, info or debug',
      "PINBUS_MQTT_SERVR: warning: no setting has this variable, did you mean PINBUS_MQTT_SERVER?",
      'pinbus.yaml:1:1: the key "nod" is not known, did you mean node?',
      'pinbus.yaml:2:17: gpio.driver: "sym" is not one of auto, chardev, sysfs, sim, did you mean sim?',
      "pinbus.yaml:3:37: mqtt.port: 0 is not a port to connect to, write a number between 1 and 65535",
      "pinbus.yaml:3:50: mqtt.username: there is no mqtt.password beside it, add mqtt.password",
      "pinbus.yaml:5:32: inputs.porch.debounce: 20 has no unit, write it as 20ms, 20s or 20m",
      'pinbus.yaml:6:3: inputs: "Bell" is not an id, write 1 to 32 of the characters a-z, 0-9 and -',
      "pinbus.yaml:8:17: outputs.lamp.line: pin11 (GPIO17) is used by inputs.porch.line already (line 5), give each a line of its own",
      'pinbus.yaml:9:3: "lamp" stands twice, first in line 8, remove one of them',
      "pinbus.yaml:11:23: rules.a.when.input: there is no input prch, did you mean porch?",
      "pinbus.yaml:11:62: rules.a.do[0].output: there is no output lmp, did you mean lamp?",
      'pinbus.yaml:12:12: services[0]: "ssh" is not a systemd unit, write the whole name of a unit, like ssh.service',
    ]);
  });

  it("reads text as it stands, with its zeros and without guessing", () => {
    const config = configOf("node: 0017\nmqtt: { server: a, username: 007, password: 0x10, client_id: true }");
    expect(config).toMatchObject({ node: "0017", mqtt: { username: "007", password: "0x10", client_id: "true" } });
    expect(configOf("outputs: { a: { line: 17, on_start: on, on_exit: keep } }").outputs.a).toMatchObject({
      on_start: "on",
      on_exit: "keep",
    });
  });

  it("knows the variables that are no settings, and treats an empty one as not set", () => {
    const env = {
      PINBUS_CONFIG: "x",
      PINBUS_REQUIRE_ALL: "1",
      PINBUS_MACHINE_NAME: "gpio",
      PINBUS_CONTROL_SOCKET: "/s",
      PINBUS_NODE: "",
      HOME: "/",
    };
    const result = load("", { env });
    expect(saidAbout(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, config: { node: "attic", control: { socket: "/s" } } });
  });

  it("offers an option for each setting and none for a secret", () => {
    const options = Object.keys(settingOptions(schema));
    expect(options).toContain("mqtt-command-ttl");
    expect(options).not.toContain("mqtt-password");
    expect(new Set(settingsOf(schema).map(({ env }) => env)).size).toBe(settingsOf(schema).length);
  });

  it("accepts Windows line ends and an alias", () => {
    expect(configOf("node: garage\r\nprefix: x\r\n")).toMatchObject({ node: "garage", prefix: "x" });
    const { outputs } = configOf("outputs:\n  a: { line: 5, max_on: &limit 2h }\n  b: { line: 6, max_on: *limit }\n");
    expect(outputs.b?.max_on).toBe(7_200_000);
  });
});
