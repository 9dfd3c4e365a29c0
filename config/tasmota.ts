import type { Found, Report } from "./check.ts";
import { duration, id, oneOf, text, wholeNumber } from "./formats.ts";
import { leaf, listOf, optional, required } from "./leaf.ts";
import { isOwnTopic } from "./peers.ts";
import { checkReference } from "./references.ts";
import type { Config } from "./schema.ts";
import { sensorRef } from "./sensor-ref.ts";

const second = 1000;
const hour = 3600 * second;

/** What stands between `cmnd/` and a command. */
export const deviceTopic = text(
  "Tasmota topic",
  "the topic of a device",
  /^(?!.*\/\/)(?!\/)(?!.*\/$)[A-Za-z0-9_./-]{1,64}$/,
  "write what stands between cmnd/ and /POWER, like plug_fillerup or tent_one/mister",
);
const jsonPath = text(
  "path in SENSOR",
  "where a value stands in SENSOR",
  /^(?!(?:Time|TempUnit)$)[A-Z][A-Za-z0-9_-]{0,31}(?:\.[A-Z][A-Za-z0-9_-]{0,31}){0,2}$/,
  "write it like SCD30.Temperature or ANALOG.A0; each part begins with a capital",
);
const friendlyName = text("name", "a name", /^[^\p{Cc}\p{Cf}]{1,64}$/u, "write 1 to 64 characters in one line");
const memText = text("Mem", "the text of a Mem", /^[^\p{Cc}\p{Cf}]{1,64}$/u, "write 1 to 64 characters in one line");

/** This machine as plugs and boxes of Tasmota: `docs/tasmota.md`. */
export const tasmotaSchema = {
  topic: required(deviceTopic, "What stands between `cmnd/` and the command: `plug_fillerup`."),
  name: optional(friendlyName, "What people call the device.", "its id"),
  relays: listOf(required(id, "An output."), "Its relays, in order: the first is POWER1, the second POWER2."),
  switches: listOf(
    {
      input: required(id, "An input, by its level."),
      name: optional(friendlyName, "The key under which it is told.", "`Switch1` for the first"),
    },
    "Its switches, in order.",
  ),
  buttons: listOf(required(id, "An input, by its gestures."), "Its buttons, in order: the first is Button1."),
  sensors: listOf(
    {
      path: required(jsonPath, "Where the value stands in SENSOR: `SCD30.Temperature`, `ANALOG.A0`."),
      sensor: required(sensorRef, "A sensor, or one quantity of it."),
    },
    "What it measures; a value that does not hold is left out.",
  ),
  temp_unit: leaf(oneOf("C", "F"), "C", "The unit of its temperatures."),
  mem: listOf(
    {
      input: optional(id, "An input: `1` while it is on, `0` while it is off."),
      value: optional(memText, "A text, until another one is set from afar.", "empty"),
    },
    "What Mem1 and the next ones answer.",
  ),
  tele_period: leaf(duration(0, hour), 300 * second, "How often it tells STATE and SENSOR; `0s` = never. TelePeriod changes it."),
  group: leaf(deviceTopic, "tasmotas", "The topic of the group, whose commands it takes as well."),
  pulse_time: listOf(
    required(wholeNumber(0, 65_535), "A PulseTime."),
    "The PulseTime of each relay, until another one is set from afar; 1 to 111 are tenths of a second, from 112 on seconds and 100, 0 = none.",
  ),
  power_retain: leaf(oneOf("off", "on"), "off", "Whether the broker keeps `stat/<t>/POWER`."),
  retained: leaf(
    oneOf("ignore", "accept"),
    "ignore",
    "What is done with a retained POWER command, which comes again at each connect; accept it only where nothing can be hurt by it.",
  ),
  discovery: leaf(oneOf("on", "off"), "on", "Whether it is announced below `tasmota/discovery`, where Home Assistant finds it."),
};

/** At most so many of each, as in Home Assistant's reader. */
const most = 8;

/** Devices of Tasmota: what they name must be there, and no two may be one. */
export function checkTasmota(config: Config, found: Found, report: Report): void {
  const topics = new Map<string, string>();
  for (const [device, settings] of Object.entries(config.tasmota)) {
    const path = `tasmota.${device}`;
    for (const [index, relay] of settings.relays.entries()) checkReference(`${path}.relays[${index}]`, relay, "output", found, report);
    const inputs: [string, string | null][] = [
      ...settings.switches.map(({ input }, index): [string, string] => [`switches[${index}].input`, input]),
      ...settings.buttons.map((input, index): [string, string] => [`buttons[${index}]`, input]),
      ...settings.mem.map(({ input }, index): [string, string | null] => [`mem[${index}].input`, input]),
    ];
    for (const [at, input] of inputs) if (input !== null) checkReference(`${path}.${at}`, input, "input", found, report);
    for (const [index, { input, value }] of settings.mem.entries())
      if (input !== null && value !== null) report(`${path}.mem[${index}]`, "it has an input and a value", "keep one of them");
    for (const [index, { sensor }] of settings.sensors.entries())
      checkReference(`${path}.sensors[${index}].sensor`, sensor.split(".")[0] ?? "", "sensor", found, report);
    for (const key of ["relays", "switches", "buttons"] as const)
      if (settings[key].length > most) report(`${path}.${key}`, `there are more than ${most}`, "make two devices of it");
    if (settings.pulse_time.length > settings.relays.length)
      report(`${path}.pulse_time`, "it has more entries than there are relays", "remove what is too much");
    if (settings.tele_period !== 0 && settings.tele_period < 10 * second)
      report(`${path}.tele_period`, "it is shorter than 10 s", "write 10s or longer, or 0s");
    if (settings.discovery === "on" && settings.relays.length > 0 && config.homeassistant.discovery === "true")
      report(`${path}.discovery`, "Home Assistant finds its relays a second time by the section homeassistant", "write discovery: off");
    if (isOwnTopic(config, `${settings.topic}/`)) report(`${path}.topic`, "it is a topic of this node itself", "take another one");
    const twin = topics.get(settings.topic);
    if (twin !== undefined) report(`${path}.topic`, `it is the topic of ${twin} already`, "give each device a topic of its own");
    topics.set(settings.topic, device);
  }
  const taken = new Map<string, string>();
  for (const [device, { relays }] of Object.entries(config.tasmota))
    for (const relay of relays) {
      const first = taken.get(relay);
      if (first !== undefined)
        report(`tasmota.${device}.relays`, `${relay} is a relay of ${first} already`, "an output is one relay: remove one of the two");
      taken.set(relay, device);
    }
}
