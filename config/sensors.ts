import type { Found, Report } from "./check.ts";
import { measure } from "./counting.ts";
import { duration, formatDuration, oneOf, path, text } from "./formats.ts";
import { sensorAppearance } from "./homeassistant.ts";
import { leaf, listOf, mapOf, optional, required } from "./leaf.ts";
import type { Config, SensorConfig } from "./schema.ts";
import { chipOf } from "./sensor-chips.ts";
import { checkPipeline, pipelineSettings, quantitySchema } from "./sensor-pipeline.ts";
import { checkTopicValues, ofTopics, topicSettings, valueName } from "./topic-values.ts";

const second = 1000;
const day = 86_400_000;

/** The families of thermometers that the kernel's w1_therm reads. */
const w1Id = text(
  "1-wire address",
  "the address of a 1-wire thermometer",
  /^(?:10|22|28|3b|42)-[0-9a-f]{12}$/,
  "write the name of its folder in /sys/bus/w1/devices, like 28-0316a2795bff",
);
const zone = text(
  "thermal zone",
  "the type of a thermal zone",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write what stands in /sys/class/thermal/thermal_zone0/type, like cpu-thermal",
);
const device = text(
  "device",
  "the name of a device",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^\u0000-\u001f\u007f-\u009f]{1,200}$/,
  "write what `pinbus sensors` prints, like bme280",
);
const argument = text("argument", "a word of a command", /^\P{Cc}{1,1000}$/u, "write 1 to 1000 characters without control characters");
const jsonPath = text(
  "path in JSON",
  "names with dots between",
  /^[\w-]{1,64}(?:\.[\w-]{1,64}){0,15}$/,
  "write it like battery.charge, or values.0.temperature",
);

export const sensorSchema = {
  driver: required(
    oneOf("w1", "thermal", "iio", "hwmon", "file", "command", "topic"),
    "How it is read: `w1` is a 1-wire thermometer, `thermal` a thermal zone of the kernel, `iio` and `hwmon` are chips that the kernel drives, `file` is any file that holds one number, `command` a program that prints one, `topic` what others publish.",
  ),
  id: optional(w1Id, "Which 1-wire thermometer: the name of its folder in `/sys/bus/w1/devices`."),
  zone: optional(zone, "Which thermal zone: its `type`, since its number may be another one after the next start."),
  device: optional(
    device,
    "Which chip of `iio` or `hwmon`: its name, its label or its place in the device tree, `bme280@76`; `pinbus sensors` prints it.",
  ),
  only: listOf(required(valueName, "A quantity of the chip."), "Which quantities of the chip are read, the main one first.", {
    value: [],
    shown: "all that it has",
  }),
  path: optional(path, "Which file."),
  command: listOf(
    required(argument, "A word of the command."),
    "The program, by its absolute path, and its arguments: `[/usr/bin/apcaccess, -p, BCHARGE]`. No shell reads them.",
  ),
  json: optional(jsonPath, "Where the number stands in the JSON that the command prints: `battery.charge`.", "it prints the number alone"),
  timeout: leaf(duration(100, 9 * second), 5 * second, "How long the command may take; then it is killed."),
  name: leaf(
    valueName,
    "value",
    "What the number of a file or a command, or the payload of a topic, is, as it is published: `level`, `air_pressure`.",
  ),
  unit: optional(measure, "The unit of the number of a file or a command, after `scale`, or of the payload of a topic: `l`, `hPa`."),
  every: leaf(duration(second, day), 60 * second, "How often it is read; not for a topic."),
  stale_after: optional(
    duration(second, 7 * day),
    "For how long a reading holds when no further one succeeds.",
    "three times `every`; `3m` for a topic",
  ),
  ...topicSettings,
  publish: leaf(oneOf("true", "false"), "true", "Whether it is published, or known here alone."),
  homeassistant: optional(
    sensorAppearance,
    "What it is called in Home Assistant, and what it measures if that does not follow from its values.",
  ),
  ...pipelineSettings,
  quantities: mapOf(quantitySchema, "What is different for one quantity of a chip, by its name.", valueName),
};

type Key = keyof SensorConfig;
/** What each driver cannot do without, and what else only it and its like have. */
const own: Readonly<Record<SensorConfig["driver"], { needs: Key; has: readonly Key[] }>> = {
  w1: { needs: "id", has: [] },
  thermal: { needs: "zone", has: [] },
  iio: { needs: "device", has: ["only", "quantities"] },
  hwmon: { needs: "device", has: ["only", "quantities"] },
  file: { needs: "path", has: ["name", "unit"] },
  command: { needs: "command", has: ["json", "timeout", "name", "unit"] },
  topic: { needs: "topic", has: ["name", "unit", "quantities", ...ofTopics] },
};
const ofDrivers = new Set(Object.values(own).flatMap(({ needs, has }) => [needs, ...has]));

/** Sensors: each has what its driver needs, and nothing in vain. */
export function checkSensors(config: Config, found: Found, report: Report): void {
  const { sensors } = config;
  const { place, unread } = found;
  for (const [id, sensor] of Object.entries(sensors)) {
    const path = `sensors.${id}`;
    const { needs, has } = own[sensor.driver];
    const given = sensor[needs];
    if ((given === null || (Array.isArray(given) && given.length === 0)) && !unread.has(`${path}.${needs}`))
      report(path, `the driver ${sensor.driver} needs ${needs}`, `add \`${needs}:\``);
    for (const key of ofDrivers) {
      if (key !== needs && !has.includes(key) && place(`${path}.${key}`).line > 0)
        report(`${path}.${key}`, `it is not used by the driver ${sensor.driver}`, "remove it", "warning");
    }
    const [program] = sensor.command;
    if (program !== undefined && !program.startsWith("/"))
      report(
        `${path}.command`,
        `${JSON.stringify(program)} is not an absolute path`,
        "write the whole path of the program, like /usr/bin/apcaccess",
      );
    if (sensor.driver === "topic" && place(`${path}.every`).line > 0)
      report(`${path}.every`, "it is not used by the driver topic", "remove it", "warning");
    if (sensor.stale_after !== null && sensor.driver !== "topic" && sensor.stale_after <= sensor.every)
      report(`${path}.stale_after`, `it is not longer than every (${formatDuration(sensor.every)})`, "write a longer time");
    checkPipeline(path, sensor, report);
    for (const [name, quantity] of Object.entries(sensor.quantities)) checkPipeline(`${path}.quantities.${name}`, quantity, report);
    checkQuantities(path, sensor, place, report);
  }
  checkTopicValues(config, found, report);
}

/** Of a chip that is known: that it has what is named, and that a calibration is not meant for several quantities at once. */
function checkQuantities(path: string, sensor: SensorConfig, place: Found["place"], report: Report): void {
  const chip = chipOf(sensor.driver, sensor.device);
  if (!chip) return;
  const named = [
    ...sensor.only.map((name) => ({ name, at: `${path}.only` })),
    ...Object.keys(sensor.quantities).map((name) => ({ name, at: `${path}.quantities.${name}` })),
  ];
  for (const { name, at } of named) {
    if (!chip.quantities.includes(name))
      report(at, `${chip.device} is not known to measure ${name}`, `known are ${chip.quantities.join(", ")}`, "warning");
  }
  const [first = ""] = chip.quantities;
  if (Math.min(chip.quantities.length, sensor.only.length || 99) === 1) return;
  for (const key of ["scale", "offset", "range", "max_change"] as const) {
    if (place(`${path}.${key}`).line > 0)
      report(`${path}.${key}`, `${chip.device} has several quantities`, `write it below quantities: {${first}: {${key}: …}}`);
  }
}
