import type { SensorConfig } from "../../config/schema.ts";
import type { SensorDriver, SensorWorld } from "./driver.ts";
import { openFile } from "./file.ts";
import { openThermal } from "./thermal.ts";
import { openW1 } from "./w1.ts";

/** The driver of a checked configuration; undefined for what is not read but told. Nothing is touched before it is read. */
export function openSensor(sensor: SensorConfig, world: SensorWorld): SensorDriver | undefined {
  switch (sensor.driver) {
    case "w1":
      return openW1(world, sensor.id ?? "");
    case "thermal":
      return openThermal(world, sensor.zone ?? "");
    case "file":
      return openFile(world, { ...sensor, path: sensor.path ?? "" });
    case "topic":
      return undefined;
  }
}
