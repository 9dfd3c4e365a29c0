import { type Channel, type ChipSettings, openChip } from "./channels.ts";
import type { SensorDriver, SensorWorld } from "./driver.ts";
import type { DeviceKind } from "./found-device.ts";

// Industrial I/O: Documentation/ABI/testing/sysfs-bus-iio of Linux says what each file holds and in which unit.

export const iioDevices: DeviceKind = { folder: "bus/iio/devices", names: /^iio:device\d+$/, said: "IIO device" };

interface Kind {
  kind: string;
  /** From the unit of the kernel to ours. */
  factor: number;
  decimals: number;
}

const ppm = { factor: 10_000, decimals: 1 };
const dust = { factor: 1, decimals: 2 };
const kinds: Readonly<Record<string, Kind>> = {
  temp: { kind: "temperature", factor: 0.001, decimals: 3 },
  humidityrelative: { kind: "humidity", factor: 0.001, decimals: 2 },
  pressure: { kind: "pressure", factor: 10, decimals: 3 },
  illuminance: { kind: "illuminance", factor: 1, decimals: 2 },
  voltage: { kind: "voltage", factor: 0.001, decimals: 6 },
  current: { kind: "current", factor: 0.001, decimals: 6 },
  power: { kind: "power", factor: 0.001, decimals: 6 },
  energy: { kind: "energy", factor: 1, decimals: 3 },
  resistance: { kind: "resistance", factor: 1, decimals: 3 },
  distance: { kind: "distance", factor: 1000, decimals: 1 },
  concentration_co2: { kind: "carbon_dioxide", ...ppm },
  concentration_voc: { kind: "volatile_organic_compounds_parts", ...ppm },
  massconcentration_pm1: { kind: "pm1", ...dust },
  massconcentration_pm2p5: { kind: "pm25", ...dust },
  massconcentration_pm4: { kind: "pm4", ...dust },
  massconcentration_pm10: { kind: "pm10", ...dust },
  electricalconductivity: { kind: "conductivity", factor: 1_000_000, decimals: 3 },
  proximity: { kind: "proximity", factor: 1, decimals: 6 },
  ph: { kind: "ph", factor: 1, decimals: 4 },
  uvindex: { kind: "uv_index", factor: 1, decimals: 3 },
};

/** `in_temp_input`, `in_voltage3_raw`, `in_concentration_co2_raw`, `in_voltage0-voltage1_raw` */
const pattern = /^in_([a-z]+)(\d{0,3})(?:-\1(\d{1,3}))?((?:_[a-z0-9]+)*)_(input|raw)$/;

/** A chip under `/sys/bus/iio`. */
export function openIio(world: SensorWorld, settings: ChipSettings): SensorDriver {
  return openChip(world, iioDevices, settings, "iio", channelsOf);
}

function channelsOf(files: readonly string[]): Channel[] {
  const there = new Set(files);
  const byNumber = [...files].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return byNumber.flatMap((raw): Channel[] => {
    const [, type = "", number = "", second, modifier = "", form] = pattern.exec(raw) ?? [];
    // A chip may show both, and has then worked the value out itself.
    if (form === "raw" && there.has(raw.replace(/raw$/, "input"))) return [];
    const exact = kinds[`${type}${modifier}`];
    const known = exact ?? kinds[type];
    if (known === undefined) return [];
    // The modifier of a known kind stays in its name: temperature_ambient and temperature_object.
    const kind = exact ? known.kind : `${known.kind}${modifier}`;
    const channel = raw.replace(/_(?:input|raw)$/, "");
    const shared = [channel, `in_${type}${modifier}`, second === undefined ? `in_${type}` : `in_${type}-${type}`, `in_${type}`, "in"];
    const of = (what: string) => (form === "raw" ? shared.map((name) => `${name}_${what}`).find((file) => there.has(file)) : undefined);
    const { factor, decimals } = known;
    const key = channel.slice("in_".length);
    const pair = second === undefined ? number : `${number}_${second}`;
    const special = second !== undefined;
    const labelFile = `${channel}_label`;
    return [
      { key, kind, number: pair, labelFile, special, raw, scale: of("scale"), offset: of("offset"), factor, decimals, fault: undefined },
    ];
  });
}
