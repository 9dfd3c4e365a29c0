import type { SensorConfig } from "../../config/schema.ts";
import { chipOf } from "../../config/sensor-chips.ts";
import { openCommand } from "./command.ts";
import type { SensorDriver, SensorWorld } from "./driver.ts";
import { openFile } from "./file.ts";
import { openHwmon } from "./hwmon.ts";
import { openIio } from "./iio.ts";
import { openThermal } from "./thermal.ts";
import { openW1 } from "./w1.ts";

/** The driver of a checked configuration; undefined for what is not read but told. Nothing is touched before it is read. */
export function openSensor(sensor: SensorConfig, world: SensorWorld): SensorDriver | undefined {
  const { driver, device, only } = sensor;
  const chip = { device: device ?? "", only, chip: chipOf(driver, device) };
  switch (driver) {
    case "w1":
      return openW1(world, sensor.id ?? "");
    case "thermal":
      return openThermal(world, sensor.zone ?? "");
    case "iio":
      return openIio(world, chip);
    case "hwmon":
      return openHwmon(world, chip);
    case "command":
      return openCommand(world, sensor);
    case "file":
      return openFile(world, { ...sensor, path: sensor.path ?? "" });
    case "topic":
      return undefined;
  }
}
