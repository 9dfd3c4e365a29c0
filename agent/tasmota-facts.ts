import { networkInterfaces } from "node:os";
import type { TasmotaConfig } from "../config/schema.ts";
import { measuredAt, valueRefOf } from "./core/sensor-ref.ts";
import { isoTime } from "./core/state.ts";
import type { Device, Moment, Settings } from "./profile/tasmota/device.ts";
import type { Facts, Figure } from "./profile/tasmota/telemetry.ts";
import type { LinkView } from "./protocol.ts";
import type { Current } from "./shell/current.ts";

/** What a device is told of itself besides the state of the agent. */
export interface Self extends Pick<Facts, "version" | "mac" | "hostname" | "bootCount"> {
  client: string;
  user: string;
  keepaliveS: number;
  /** Monotonic ms. */
  startedAt: number;
}

export interface MomentSources {
  device: TasmotaConfig;
  tempUnit: Device["tempUnit"];
  self: Self;
  settings: Settings;
  link: LinkView;
  /** Monotonic ms. */
  now: number;
}

/** A device as it is now, out of the state of the agent. */
export function momentOf({ plan, state }: Current, { device, tempUnit, self, settings, link, now }: MomentSources): Moment {
  const level = (input: string) => {
    const found = state.inputs[plan.inputIndex.get(input) ?? -1];
    return found === undefined || found.problem !== null ? null : (found.debounce.settled ?? null);
  };
  const { startedAt, client, user, keepaliveS, ...known } = self;
  const [, host = link.server, port = "1883"] = /^(.*):(\d+)$/.exec(link.server) ?? [];
  return {
    relays: device.relays.map((id) => {
      const output = state.outputs[plan.outputIndex.get(id) ?? -1];
      return { on: output?.written ?? null, leftMs: output?.pulseEnds == null ? 0 : Math.max(0, output.pulseEnds - now) };
    }),
    settings: { ...settings, mem: settings.mem.map((text, slot) => memOf(device.mem[slot]?.input ?? null, text, level)) },
    facts: {
      ...known,
      time: isoTime({ clockOffset: state.clockOffset + state.zone }, now).slice(0, 19),
      utc: isoTime(state, now).slice(0, 19),
      startedUtc: isoTime(state, startedAt).slice(0, 19),
      uptimeS: Math.floor((now - startedAt) / 1000),
      restartReason: "Software/System restart",
      ip: addressHere(),
      mqtt: { host, port: Number(port), client, user, count: link.reconnects + 1, keepaliveS },
      wifi: null,
      switches: device.switches.map(({ input }) => level(input)),
      figures: device.sensors.flatMap(({ path, sensor }) => figureOf({ plan, state }, path, sensor, tempUnit)),
    },
  };
}

/** A Mem that is bound to an input says how that is, and nobody can set it. */
function memOf(input: string | null, text: string, level: (input: string) => boolean | null): string {
  if (input === null) return text;
  const on = level(input);
  return on === null ? "" : on ? "1" : "0";
}

function figureOf({ plan, state }: Pick<Current, "plan" | "state">, path: string, sensor: string, tempUnit: Device["tempUnit"]): Figure[] {
  const ref = valueRefOf(plan.sensorIndex, sensor);
  const measured = ref && state.sensors[ref.sensor]?.stale === false ? measuredAt(state, ref) : undefined;
  if (measured === undefined) return [];
  const isTemperature = measured.unit === "°C" || measured.unit === "°F";
  const value =
    isTemperature && typeof measured.value === "number"
      ? inUnit(measured.value, measured.unit === "°F" ? "F" : "C", tempUnit)
      : measured.value;
  return [{ path: path.split("."), value, isTemperature }];
}

/** Tasmota tells temperatures with one digit. */
function inUnit(value: number, from: Device["tempUnit"], to: Device["tempUnit"]): number {
  const there = from === to ? value : to === "F" ? (value * 9) / 5 + 32 : ((value - 32) * 5) / 9;
  return Math.round(there * 10) / 10;
}

/** The first address by which others reach this machine. */
function addressHere(): string | null {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return found.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? null;
}
