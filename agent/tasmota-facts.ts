import { networkInterfaces } from "node:os";
import type { TasmotaConfig } from "../config/schema.ts";
import { isoTime } from "./core/iso-time.ts";
import { valueRefOf } from "./core/sensor-ref.ts";
import { convert } from "./core/unit.ts";
import { valueNow } from "./core/value.ts";
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

/** A device as it is now, out of the state of the agent. What it knows of itself is found out when an answer needs it. */
export function momentOf(current: Current, sources: MomentSources): Moment {
  const { plan, state } = current;
  const { device, settings, now } = sources;
  let facts: Facts | undefined;
  return {
    relays: device.relays.map((id) => {
      const output = state.outputs[plan.outputIndex.get(id) ?? -1];
      return { on: output?.written ?? null, leftMs: output?.pulseEnds == null ? 0 : Math.max(0, output.pulseEnds - now) };
    }),
    settings: { ...settings, mem: settings.mem.map((text, slot) => memOf(current, device.mem[slot]?.input ?? null, text)) },
    get facts() {
      facts ??= factsOf(current, sources);
      return facts;
    },
  };
}

function factsOf(current: Current, { device, tempUnit, self, link, now }: MomentSources): Facts {
  const { state } = current;
  const { startedAt, client, user, keepaliveS, ...known } = self;
  const [, host = link.server, port = "1883"] = /^(.*):(\d+)$/.exec(link.server) ?? [];
  return {
    ...known,
    time: isoTime({ clockOffset: state.clockOffset + state.zone }, now).slice(0, 19),
    utc: isoTime(state, now).slice(0, 19),
    startedUtc: isoTime(state, startedAt).slice(0, 19),
    uptimeS: Math.floor((now - startedAt) / 1000),
    restartReason: "Software/System restart",
    ip: addressHere(),
    mqtt: { host, port: Number(port), client, user, count: link.reconnects + 1, keepaliveS },
    wifi: null,
    switches: device.switches.map(({ input }) => levelOf(current, input)),
    figures: device.sensors.flatMap(({ path, sensor }) => figureOf(current, path, sensor, `°${tempUnit}`, now)),
  };
}

/** Null while the level of an input is not known. */
function levelOf({ plan, state }: Current, input: string): boolean | null {
  const found = state.inputs[plan.inputIndex.get(input) ?? -1];
  return found === undefined || found.problem !== null ? null : (found.debounce.settled ?? null);
}

/** A Mem that is bound to an input says how that is, and nobody can set it. */
function memOf(current: Current, input: string | null, text: string): string {
  if (input === null) return text;
  const on = levelOf(current, input);
  return on === null ? "" : on ? "1" : "0";
}

function figureOf({ plan, state }: Current, path: string, sensor: string, unit: "°C" | "°F", at: number): Figure[] {
  const ref = valueRefOf(plan.sensorIndex, sensor);
  const now = ref && valueNow(plan, state, ref, at);
  if (now?.is !== "known") return [];
  const isTemperature = now.unit === "°C" || now.unit === "°F";
  const there = isTemperature && typeof now.value === "number" ? convert(now.value, now.unit, unit) : undefined;
  // Tasmota tells temperatures with one digit.
  return [{ path: path.split("."), value: there === undefined ? now.value : Math.round(there * 10) / 10, isTemperature }];
}

/** The first address by which others reach this machine. */
function addressHere(): string | null {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return found.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? null;
}
