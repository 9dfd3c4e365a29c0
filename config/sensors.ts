import type { Found, Report } from "./check.ts";
import { decimal } from "./clock-formats.ts";
import { measure } from "./counting.ts";
import { duration, formatDuration, oneOf, path, text } from "./formats.ts";
import { leaf, optional, required } from "./leaf.ts";
import type { Config } from "./schema.ts";
import { checkTopicValues, ofTopics, topicSettings, valueName } from "./topic-values.ts";

const second = 1000;
const day = 86_400_000;
const number = decimal(-999_999, 999_999);

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
export const sensorSchema = {
  driver: required(
    oneOf("w1", "thermal", "file", "topic"),
    "How it is read: `w1` is a 1-wire thermometer, `thermal` a thermal zone of the kernel, `file` any file that holds one number, `topic` what others publish.",
  ),
  id: optional(w1Id, "Which 1-wire thermometer: the name of its folder in `/sys/bus/w1/devices`."),
  zone: optional(zone, "Which thermal zone: its `type`, since its number may be another one after the next start."),
  path: optional(path, "Which file."),
  name: leaf(valueName, "value", "What the number in a file, or the payload of a topic, is, as it is published: `level`, `air_pressure`."),
  unit: optional(measure, "The unit of the number in a file, after `scale`, or of the payload of a topic: `l`, `hPa`."),
  scale: leaf(number, 1, "The number in a file is multiplied by this."),
  offset: leaf(number, 0, "This is then added to it."),
  every: leaf(duration(second, day), 60 * second, "How often it is read; not for a topic."),
  stale_after: optional(
    duration(second, 7 * day),
    "For how long a reading holds when no further one succeeds.",
    "three times `every`; `3m` for a topic",
  ),
  ...topicSettings,
  publish: leaf(oneOf("true", "false"), "true", "Whether it is published, or known here alone."),
};

const own = { w1: "id", thermal: "zone", file: "path", topic: "topic" } as const;
const ofFiles = ["name", "unit", "scale", "offset"] as const;
const others = {
  w1: [...ofFiles, ...ofTopics],
  thermal: [...ofFiles, ...ofTopics],
  file: ofTopics,
  topic: ["scale", "offset", "every"],
} as const;

/** Sensors: each has what its driver needs, and nothing in vain. */
export function checkSensors(config: Config, found: Found, report: Report): void {
  const { sensors } = config;
  const { place, unread } = found;
  for (const [id, sensor] of Object.entries(sensors)) {
    const path = `sensors.${id}`;
    const needed = own[sensor.driver];
    if (sensor[needed] === null && !unread.has(`${path}.${needed}`))
      report(path, `the driver ${sensor.driver} needs ${needed}`, `add \`${needed}:\``);
    const unused = [...Object.values(own).filter((key) => key !== needed), ...others[sensor.driver]];
    for (const key of new Set(unused)) {
      if (place(`${path}.${key}`).line > 0)
        report(`${path}.${key}`, `it is not used by the driver ${sensor.driver}`, "remove it", "warning");
    }
    if (sensor.scale === 0) report(`${path}.scale`, "every reading would be the same", "write another number");
    if (sensor.stale_after !== null && sensor.driver !== "topic" && sensor.stale_after <= sensor.every)
      report(`${path}.stale_after`, `it is not longer than every (${formatDuration(sensor.every)})`, "write a longer time");
  }
  checkTopicValues(config, found, report);
}
