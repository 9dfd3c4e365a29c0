import type { Found, Report } from "./check.ts";
import { mapFormat } from "./compound.ts";
import { measure } from "./counting.ts";
import { expression, plainPath } from "./expression.ts";
import { bad, id, ok, oneOf, text, wholeNumber } from "./formats.ts";
import { type Format, leaf, listOf, mapOf, optional, type Reading, required } from "./leaf.ts";
import { peerPayload, topicName } from "./peers.ts";
import { checkReference } from "./references.ts";
import type { Config, SensorConfig } from "./schema.ts";
import { filtersOverlap } from "./topic-filter.ts";

const topicFilter = text(
  "topic filter",
  "a topic filter",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?=.{1,256}$)(?:(?:\+|[^+#/\u0000-\u001f\u007f-\u009f]*)\/)*(?:\+|#|[^+#/\u0000-\u001f\u007f-\u009f]*)$/,
  "write a topic of at most 256 characters; + stands for one whole level, # for the rest",
);
export const valueName = text(
  "name of a value",
  "the name of a value",
  // The words that are left out stand beside the value in the same JSON.
  /^(?!(?:ts|unit|quality|constructor)$)[a-z][a-z0-9_]{0,31}$/,
  "write it like level or air_pressure; ts, unit and quality are taken",
);

/** Where a device says whether it is there: a topic with two messages, or one of `peers`. */
export type Availability = { peer: string } | { topic: string; online: string; offline: string };

const availabilityFix = "write {topic: tele/tent/LWT, online: Online, offline: Offline}, or {peer: tent}";
const availability: Format<Availability> = mapFormat({
  name: "availability",
  shape: "`{topic: tele/tent/LWT, online: Online, offline: Offline}`, or `{peer: tent}`",
  fix: availabilityFix,
  fields: { peer: id, topic: topicName, online: peerPayload, offline: peerPayload },
  value({ peer, ...of }): Reading<Availability> {
    if (peer !== undefined) return Object.keys(of).length === 0 ? ok({ peer }) : bad("something stands beside peer", availabilityFix);
    const { topic, online = "Online", offline = "Offline" } = of;
    if (topic === undefined) return bad("it has no topic", availabilityFix);
    if (online === offline) return bad("online and offline are the same text", availabilityFix);
    return ok({ topic, online, offline });
  },
  write(value) {
    if ("peer" in value) return `{peer: ${JSON.stringify(value.peer)}}`;
    const { topic, online, offline } = value;
    return `{topic: ${JSON.stringify(topic)}, online: ${JSON.stringify(online)}, offline: ${JSON.stringify(offline)}}`;
  },
});

const valueSchema = {
  value: required(expression, "Where it stands in the JSON of the message."),
  unit: optional(measure, "Its unit: `°C`, `%`, `lx`."),
  unit_from: optional(
    plainPath,
    "The field that says in which unit the message has it (`F`, `C`, `°F`, `hPa`); it is converted to `unit`.",
  ),
  type: leaf(
    oneOf("number", "boolean", "text", "enum"),
    "number",
    "What it must be; `boolean` is true or false, 1 or 0, ON or OFF; `text` has at most 256 characters; `enum` is one of `options`.",
  ),
  options: listOf(required(peerPayload, "A word."), "With `type: enum`: what it may be."),
};

/** Settings of the driver `topic`. */
export const topicSettings = {
  topic: optional(topicFilter, "With `driver: topic`: the topic, or the topic filter, whose messages say the value."),
  values: mapOf(
    valueSchema,
    "What is taken out of the JSON of the message, by name. Without it the payload itself is the value.",
    valueName,
  ),
  availability: optional(availability, "Where its device says that it is gone, which ends its value at once."),
  time: optional(plainPath, "The field that says when it was measured: ISO 8601, or seconds or milliseconds since 1970."),
  retained: optional(
    oneOf("use", "ignore"),
    "What is done with a message that the broker has kept: its age is not known, unless `time` tells it.",
    "`use` with `time`, else `ignore`",
  ),
  max_payload: leaf(wholeNumber(64, 65_536), 16_384, "A longer message is not taken; bytes."),
};

/** Settings that go with `driver: topic` alone. */
export const ofTopics = ["topic", "values", "availability", "time", "retained", "max_payload"] as const;

export function checkTopicValues(config: Config, found: Found, report: Report): void {
  const filters: { path: string; topic: string }[] = [];
  for (const [id, sensor] of Object.entries(config.sensors)) {
    if (sensor.driver !== "topic") continue;
    const path = `sensors.${id}`;
    checkValues(path, sensor, found, report);
    checkAvailability(path, sensor, config, found, report);
    const { topic, retained, time } = sensor;
    if (retained === "use" && time === null)
      report(
        `${path}.retained`,
        "how old a retained message is is not known: it counts as new",
        "add `time:`, the field that says when it was measured",
        "warning",
      );
    if (topic === null) continue;
    if (filtersOverlap(topic, `${config.prefix}/${config.node}/#`))
      report(
        `${path}.topic`,
        "it takes in topics of this node itself",
        "name more levels; a sensor of this node is known without the broker",
      );
    const other = filters.find((one) => one.topic !== topic && /[+#]/.test(one.topic) && /[+#]/.test(topic) && crosses(one.topic, topic));
    if (other)
      report(
        `${path}.topic`,
        `some topics are in ${other.path} as well`,
        "write filters that are apart: some brokers send what two of them match twice",
        "warning",
      );
    filters.push({ path: `${path}.topic`, topic });
  }
}

/** Whether they have topics in common, and each some that the other has not: one inside the other is subscribed to once. */
function crosses(a: string, b: string): boolean {
  return filtersOverlap(a, b) && !filterWithin(a, b) && !filterWithin(b, a);
}

function filterWithin(inner: string, outer: string): boolean {
  const [levels, wider] = [inner.split("/"), outer.split("/")];
  if (wider.at(-1) !== "#")
    return levels.length === wider.length && levels.every((level, at) => level !== "#" && (wider[at] === "+" || wider[at] === level));
  const fixed = wider.slice(0, -1);
  return levels.length >= fixed.length && fixed.every((level, at) => levels[at] !== "#" && (level === "+" || level === levels[at]));
}

function checkValues(path: string, sensor: SensorConfig, { unread, place }: Found, report: Report): void {
  const values = Object.entries(sensor.values);
  for (const [name, { type, options, unit, unit_from }] of values) {
    const at = `${path}.values.${name}`;
    if (type === "enum" && options.length === 0 && !unread.has(`${at}.options`))
      report(at, "it has no options", "add `options: [ON, OFF]`");
    if (type !== "enum" && options.length > 0)
      report(`${at}.options`, `it does not go with type: ${type}`, "write type: enum, or remove it");
    if (type !== "number" && unit !== null) report(`${at}.unit`, `it does not go with type: ${type}`, "remove it");
    if (unit_from !== null && type !== "number") report(`${at}.unit_from`, `it does not go with type: ${type}`, "remove it");
    else if (unit_from !== null && unit === null && !unread.has(`${at}.unit`))
      report(`${at}.unit_from`, "there is no unit beside it", "add `unit:`, the one in which it is wanted");
  }
  if (values.length > 0 && place(`${path}.name`).line > 0) report(`${path}.name`, "the values have names of their own", "remove it");
  if (values.length > 0 && place(`${path}.unit`).line > 0)
    report(`${path}.unit`, "the values have units of their own", "write it beside each value");
  if (values.length === 0 && sensor.time !== null)
    report(`${path}.time`, "without values the message is a number and has no fields", "remove it");
}

function checkAvailability(path: string, { availability: where }: SensorConfig, config: Config, found: Found, report: Report): void {
  if (where === null) return;
  if ("peer" in where) checkReference(`${path}.availability`, where.peer, "peer", found, report);
  else if (filtersOverlap(where.topic, `${config.prefix}/${config.node}/#`))
    report(`${path}.availability`, "its topic is one of this node itself", "name a topic of the other device");
}
