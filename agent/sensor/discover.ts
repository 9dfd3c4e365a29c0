import type { SensorConfig } from "../../config/schema.ts";
import { chipOf, plainDevice } from "../../config/sensor-chips.ts";
import type { SensorWorld } from "./driver.ts";
import { type DeviceKind, type Identity, identities } from "./found-device.ts";
import { hwmonDevices } from "./hwmon.ts";
import { iioDevices } from "./iio.ts";

type Driver = SensorConfig["driver"];
/** The setting by which a driver knows its sensor. */
type Key = "id" | "device" | "zone";

/** Something that is connected, and how a configuration names it. */
export interface Connected {
  driver: Driver;
  key: Key;
  value: string;
  /** Of a chip that is known. */
  chip: string | undefined;
}

/** Thermometers that w1_therm reads, by the family in front of their address. */
const thermometers: Readonly<Record<string, string>> = { 10: "DS18S20", 22: "DS1822", 28: "DS18B20", "3b": "DS1825", 42: "DS28EA00" };

/** Everything that the kernel shows and a driver can read, without reading any value. */
export async function connected(world: SensorWorld, signal: AbortSignal): Promise<Connected[]> {
  const [wires, iio, hwmon, zones] = await Promise.all([
    wiresOf(world, signal),
    chipsOf(world, "iio", iioDevices, signal),
    chipsOf(world, "hwmon", hwmonDevices, signal),
    zonesOf(world, signal),
  ]);
  // A thermal zone shows itself under hwmon too, with another spelling; so do the thermometers of the 1-wire bus.
  const twice = new Set([...zones.map(({ value }) => value.replaceAll("-", "_")), "w1_slave_temp"]);
  return [...wires, ...iio, ...hwmon.filter(({ value }) => !twice.has(value)), ...zones];
}

async function wiresOf({ sysfs, files }: SensorWorld, signal: AbortSignal): Promise<Connected[]> {
  const listed = await files.list(`${sysfs}/bus/w1/devices`, signal);
  const names = listed.ok ? listed.names.filter((name) => /^(?:10|22|28|3b|42)-[0-9a-f]{12}$/.test(name)).sort() : [];
  return names.map((value) => ({ driver: "w1", key: "id", value, chip: thermometers[value.slice(0, 2)] }));
}

async function chipsOf(world: SensorWorld, driver: "iio" | "hwmon", kind: DeviceKind, signal: AbortSignal): Promise<Connected[]> {
  const all = await identities(world, kind, signal);
  const named = all.map((device) => ({ device, short: shortName(driver, device) })).filter(({ short }) => short !== "");
  return named.map(({ device, short }) => {
    const alone = named.filter((other) => other.short === short).length === 1;
    const value = alone ? short : device.label || device.tree.replace(/^.*\//, "") || short;
    return { driver, key: "device", value, chip: chipOf(driver, short)?.chip };
  });
}

/** The device tree tells chips apart that share a driver's name, and one that is called after its address (`1-0040`); else `dht11` of `dht11@4`. */
function shortName(driver: string, { name, tree }: Identity): string {
  const fromTree = plainDevice(tree);
  const better = chipOf(driver, fromTree) !== undefined || (/^\d+-[0-9a-f]{4}$/.test(name) && tree !== "");
  return better ? fromTree : plainDevice(name);
}

async function zonesOf({ sysfs, files }: SensorWorld, signal: AbortSignal): Promise<Connected[]> {
  const folder = `${sysfs}/class/thermal`;
  const listed = await files.list(folder, signal);
  const zones = listed.ok ? listed.names.filter((name) => /^thermal_zone\d+$/.test(name)) : [];
  const types = await Promise.all(zones.map((zone) => files.read(`${folder}/${zone}/type`, signal)));
  const names = types.flatMap((type) => (type.ok && type.text.trim() !== "" ? type.text.trim() : []));
  return [...new Set(names)].sort().map((value) => ({ driver: "thermal", key: "zone", value, chip: undefined }));
}
