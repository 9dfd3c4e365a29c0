import { type Channel, type ChipSettings, openChip } from "./channels.ts";
import type { SensorDriver, SensorWorld } from "./driver.ts";
import type { DeviceKind } from "./found-device.ts";

// Hardware monitoring: Documentation/hwmon/sysfs-interface of Linux says what each file holds and in which unit.

export const hwmonDevices: DeviceKind = { folder: "class/hwmon", names: /^hwmon\d+$/, said: "hwmon device" };

const kinds = {
  temp: { kind: "temperature", factor: 0.001, decimals: 3 },
  humidity: { kind: "humidity", factor: 0.001, decimals: 2 },
  in: { kind: "voltage", factor: 0.001, decimals: 3 },
  curr: { kind: "current", factor: 0.001, decimals: 3 },
  power: { kind: "power", factor: 0.000001, decimals: 6 },
  energy: { kind: "energy", factor: 0.000001, decimals: 6 },
  freq: { kind: "frequency", factor: 1, decimals: 0 },
  fan: { kind: "fan_speed", factor: 1, decimals: 0 },
  pwm: { kind: "fan_duty", factor: 100 / 255, decimals: 1 },
} as const;

/** A chip under `/sys/class/hwmon`. */
export function openHwmon(world: SensorWorld, settings: ChipSettings): SensorDriver {
  return openChip(world, hwmonDevices, settings, "hwmon", channelsOf);
}

function channelsOf(files: readonly string[]): Channel[] {
  const there = new Set(files);
  const byNumber = [...files].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return byNumber.flatMap((raw): Channel[] => {
    // power1_average: of those that have no power1_input.
    const [, type = "", number = ""] =
      /^(temp|humidity|in|curr|power|energy|freq|fan)(\d{1,3})_(?:input|average)$/.exec(raw) ?? /^(pwm)(\d{1,3})$/.exec(raw) ?? [];
    const known = kinds[type as keyof typeof kinds];
    const key = `${type}${number}`;
    if (!known || (raw.endsWith("_average") && there.has(`${key}_input`))) return [];
    const fault = there.has(`${key}_fault`) ? `${key}_fault` : undefined;
    return [{ key, number, labelFile: `${key}_label`, raw, scale: undefined, offset: undefined, fault, ...known }];
  });
}
