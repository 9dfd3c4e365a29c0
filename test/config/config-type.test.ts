import { expectTypeOf, it } from "vitest";
import type { Appearance, RelayPlatform } from "../../config/homeassistant.ts";
import type { deviceClasses } from "../../config/homeassistant-classes.ts";
import type { MqttioConfig } from "../../config/mqttio.ts";
import type { OwlcmsConfig } from "../../config/owlcms-boxes.ts";
import type {
  ActionConfig,
  ConditionConfig,
  Config,
  ControllerConfig,
  PwmConfig,
  ReactionConfig,
  TasmotaConfig,
  TriggerConfig,
} from "../../config/schema.ts";
import type { Bias, LineName } from "../../gpio/line.ts";

it("the configuration has exactly the agreed type", () => {
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
    services: (string | { unit: string; manager: "system" | "user"; log_file: string | null; control: ("start" | "stop" | "restart")[] })[];
    log: { level: "error" | "warn" | "info" | "debug"; format: "auto" | "text" | "journal"; mqtt: "off" | "error" | "warn" | "info" };
  }>();
});
