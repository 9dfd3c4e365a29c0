import type { Found, Report } from "./check.ts";
import { decimal } from "./clock-formats.ts";
import { anyText, clientId, duration, id, oneOf, text, wholeNumber } from "./formats.ts";
import { type ConfigOf, leaf, listOf, optional, required } from "./leaf.ts";
import { maxClientId31 } from "./mqtt.ts";
import { isOwnTopic } from "./peers.ts";
import { checkReference } from "./references.ts";
import type { Config } from "./schema.ts";
import { sensorRef } from "./sensor-ref.ts";

const day = 86_400_000;

const prefix = text(
  "mqtt-io prefix",
  "the beginning of topics",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?!\$)(?!.*\/$)[^+#\u0000-\u001f\u007f-\u009f]{0,128}$/,
  "write it like home/garage, without +, # and a slash at its end",
);
const topicEnd = text(
  "end of a topic",
  "the end of a topic",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^+#\u0000-\u001f\u007f-\u009f]{1,128}$/,
  "write 1 to 128 characters, without + and #",
);
/** An output's is one level: behind it stand `set`, `set_on_ms` and `set_off_ms`. */
const topicPart = text(
  "part of a topic",
  "one level of a topic",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^+#/\u0000-\u001f\u007f-\u009f]{1,128}$/,
  "write 1 to 128 characters, without +, # and /",
);
const flag = oneOf("true", "false");

/** This machine on the topics of mqtt-io, beside its own: `docs/mqtt-io.md`. */
export const mqttioSchema = {
  prefix: leaf(prefix, "", "What its topics begin with: the `topic_prefix` of mqtt-io."),
  client_id: optional(clientId, "The client id of its connection, as that of the program before.", "made of the machine's identity"),
  status: {
    topic: leaf(topicEnd, "status", "Where it says behind `mqttio.prefix` whether it runs."),
    running: leaf(anyText, "running", "What it says when it runs."),
    stopped: leaf(anyText, "stopped", "What it says when it is stopped."),
    dead: leaf(anyText, "dead", "What the broker says when it is gone."),
  },
  inputs: listOf(
    {
      name: required(topicEnd, "What stands behind `input/`."),
      input: required(id, "An input, by its level."),
      on: leaf(anyText, "ON", "What is published when it is on."),
      off: leaf(anyText, "OFF", "What is published when it is off."),
      tells: leaf(oneOf("both", "on", "off"), "both", "Which changes are published."),
      retain: leaf(flag, "false", "Whether the broker keeps what is published."),
    },
    "Inputs that are published below `input/`.",
  ),
  outputs: listOf(
    {
      name: required(topicPart, "What stands behind `output/`."),
      output: required(id, "An output."),
      on: leaf(anyText, "ON", "What switches it on, and is published when it is."),
      off: leaf(anyText, "OFF", "What switches it off, and is published when it is."),
      timed_set: optional(duration(1, day), "How long it stays on when it is switched on by `set`.", "until it is switched off"),
      retain: leaf(flag, "false", "Whether the broker keeps what is published."),
      retained: leaf(
        oneOf("ignore", "accept"),
        "ignore",
        "What is done with a retained command on `set`, which comes again at each connect; accept it only where nothing can be hurt by it.",
      ),
    },
    "Outputs that are published and commanded below `output/`.",
  ),
  sensors: listOf(
    {
      name: required(topicEnd, "What stands behind `sensor/`."),
      sensor: required(sensorRef, "A sensor, or one quantity of it."),
      scale: leaf(decimal(-999_999, 999_999), 1, "By what it is multiplied: 1000 where volts are to be millivolts."),
      digits: leaf(wholeNumber(0, 10), 2, "How many digits of it are published behind the point."),
      retain: leaf(flag, "false", "Whether the broker keeps what is published."),
    },
    "Values that are published below `sensor/`.",
  ),
};

/** Whether anything is said and heard on the topics of mqtt-io. */
export function speaksMqttio({ mqttio }: Config): boolean {
  return mqttio.inputs.length + mqttio.outputs.length + mqttio.sensors.length > 0;
}

/** What it names must be there, no two may be on one topic, and none on a topic of this node. */
export function checkMqttio(config: Config, found: Found, report: Report): void {
  const { mqttio, mqtt, inputs, sensors } = config;
  for (const [index, { input }] of mqttio.inputs.entries()) {
    const path = `mqttio.inputs[${index}].input`;
    if (!checkReference(path, input, "input", found, report)) continue;
    const kind = inputs[input]?.kind;
    if (kind === "counter" || kind === "encoder") report(path, `${input} is a ${kind} and neither on nor off`, "name another input");
  }
  for (const [index, { output, on, off }] of mqttio.outputs.entries()) {
    const path = `mqttio.outputs[${index}]`;
    checkReference(`${path}.output`, output, "output", found, report);
    if (on === off) report(`${path}.off`, "it is the same text as on", "write two that differ");
  }
  for (const [index, { sensor }] of mqttio.sensors.entries()) {
    const path = `mqttio.sensors[${index}].sensor`;
    const [name = ""] = sensor.split(".");
    const derived = found.ids.get("derive")?.has(name) === true;
    if (!derived && !checkReference(path, name, "sensor", found, report)) continue;
    if (sensors[name]?.publish === "false") report(path, `${name} is not published`, "remove publish: false there");
  }
  for (const kind of ["inputs", "outputs", "sensors"] as const) checkNames(kind, mqttio[kind], report);
  if (!speaksMqttio(config)) return;
  if (isOwnTopic(config, mqttio.prefix)) report("mqttio.prefix", "topics of this node itself begin so", "take another one");
  else if (isOwnTopic(config, `${mqttio.prefix}/${mqttio.status.topic}`))
    report("mqttio.status.topic", "it is a topic of this node itself", "take another one");
  if (/^(input|output|sensor)\//.test(mqttio.status.topic))
    report("mqttio.status.topic", "it lies among the topics of its inputs, outputs and sensors", "take another one");
  if (mqtt.protocol === "3.1" && (mqttio.client_id?.length ?? 0) > maxClientId31)
    report("mqttio.client_id", `MQTT 3.1 takes at most ${maxClientId31} characters`, "shorten it, or remove it");
  if (mqttio.client_id !== null && mqttio.client_id === mqtt.client_id)
    report("mqttio.client_id", "it is mqtt.client_id too, and each would end the other's connection", "give it one of its own");
}

function checkNames(kind: "inputs" | "outputs" | "sensors", items: readonly { name: string }[], report: Report): void {
  const taken = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    const first = taken.get(name);
    if (first === undefined) taken.set(name, index);
    else report(`mqttio.${kind}[${index}].name`, `it is the name of mqttio.${kind}[${first}] already`, "give each a name of its own");
  }
}

export type MqttioConfig = ConfigOf<typeof mqttioSchema>;
