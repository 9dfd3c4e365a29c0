import type { Device, Moment } from "./device.ts";
import { powerKey } from "./device.ts";

/** A value as it stands in SENSOR, at its path: `SCD30.Temperature`. */
export interface Figure {
  path: readonly string[];
  value: number | boolean | string;
  /** It is a temperature, so that the unit is told beside it. */
  isTemperature: boolean;
}

/** What it knows of itself at this moment; null where there is nothing to know. */
export interface Facts {
  version: string;
  /** Local time, `2026-11-22T08:52:59`. */
  time: string;
  utc: string;
  startedUtc: string;
  uptimeS: number;
  restartReason: string;
  bootCount: number;
  mac: string;
  hostname: string;
  ip: string | null;
  mqtt: { host: string; port: number; client: string; user: string; count: number; keepaliveS: number };
  /** Per cent, and dBm. */
  wifi: { rssi: number; signal: number } | null;
  /** By the keys of the switches; null = not known. */
  switches: readonly (boolean | null)[];
  /** Those that hold. */
  figures: readonly Figure[];
}

type Json = Record<string, unknown>;

/** What a STATUS with a number may ask for. */
export const statusNumbers = [1, 2, 5, 6, 8, 10, 11] as const;

/** STATE: how it is, and its relays. */
export function stateJson(device: Device, { facts, relays }: Moment): Json {
  const powers = relays.flatMap(({ on }, relay) => (on === null ? [] : [[powerKey(device, relay), on ? "ON" : "OFF"]]));
  const { wifi, mqtt } = facts;
  return {
    Time: facts.time,
    Uptime: uptimeText(facts.uptimeS),
    UptimeSec: facts.uptimeS,
    MqttCount: mqtt.count,
    ...Object.fromEntries(powers),
    ...(wifi && { Wifi: { RSSI: wifi.rssi, Signal: wifi.signal, LinkCount: mqtt.count } }),
    Hostname: facts.hostname,
    ...(facts.ip !== null && { IPAddress: facts.ip }),
  };
}

/** SENSOR: what it measures and senses; null when there is nothing to say. */
export function sensorJson({ switches, tempUnit }: Device, { facts }: Moment): Json | null {
  const json: Json = {};
  for (const [index, key] of switches.entries()) {
    const on = facts.switches[index] ?? null;
    if (on !== null) json[key] = on ? "ON" : "OFF";
  }
  for (const { path, value } of facts.figures) put(json, path, value);
  if (Object.keys(json).length === 0) return null;
  const unit = facts.figures.some(({ isTemperature }) => isTemperature) ? { TempUnit: tempUnit } : {};
  return { Time: facts.time, ...json, ...unit };
}

/** The answer to STATUS `what`; undefined for one that is not known. */
export function statusJson(device: Device, moment: Moment, what: number | null): Json | undefined {
  const { facts, settings } = moment;
  switch (what) {
    case null: {
      const power = moment.relays.reduce((bits, { on }, relay) => bits | (on ? 1 << relay : 0), 0);
      const names = Array.from({ length: Math.max(1, device.relays) }, (_, relay) =>
        relay === 0 ? device.name : `${device.name}${relay + 1}`,
      );
      return {
        Status: {
          Module: 0,
          DeviceName: device.name,
          FriendlyName: names,
          Topic: device.topic,
          ButtonTopic: "0",
          Power: power,
          PowerRetain: device.powerRetain ? 1 : 0,
        },
      };
    }
    case 1: {
      const { restartReason, bootCount } = facts;
      return {
        StatusPRM: {
          GroupTopic: device.group,
          RestartReason: restartReason,
          Uptime: uptimeText(facts.uptimeS),
          StartupUTC: facts.startedUtc,
          BootCount: bootCount,
        },
      };
    }
    case 2:
      return { StatusFWR: { Version: facts.version, BuildDateTime: facts.startedUtc } };
    case 5:
      return {
        StatusNET: {
          Hostname: facts.hostname,
          ...(facts.ip !== null && { IPAddress: facts.ip }),
          Mac: facts.mac.replace(/..(?=.)/g, "$&:"),
        },
      };
    case 6: {
      const { host, port, client, user, count, keepaliveS } = facts.mqtt;
      return {
        StatusMQT: {
          MqttHost: host,
          MqttPort: port,
          MqttClientMask: "DVES_%06X",
          MqttClient: client,
          MqttUser: user,
          MqttCount: count,
          MAX_PACKET_SIZE: 1200,
          KEEPALIVE: keepaliveS,
          SOCKET_TIMEOUT: 4,
        },
      };
    }
    case 8:
    case 10:
      return { StatusSNS: sensorJson(device, moment) ?? { Time: facts.time } };
    case 11:
      return { StatusSTS: stateJson(device, moment) };
    case 3:
      return { StatusLOG: { TelePeriod: settings.telePeriod } };
    case 7:
      return { StatusTIM: { UTC: facts.utc, Local: facts.time } };
    default:
      return undefined;
  }
}

function put(json: Json, path: readonly string[], value: unknown): void {
  const last = path.length - 1;
  let at = json;
  for (const [depth, key] of path.entries()) {
    if (depth === last) at[key] = value;
    else {
      const next = at[key];
      const inner: Json = typeof next === "object" && next !== null ? (next as Json) : {};
      at[key] = inner;
      at = inner;
    }
  }
}

/** `3T02:01:00`. */
function uptimeText(seconds: number): string {
  const [days, rest] = [Math.floor(seconds / 86_400), seconds % 86_400];
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${days}T${two(rest / 3600)}:${two((rest % 3600) / 60)}:${two(rest % 60)}`;
}
