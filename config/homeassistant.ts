import type { Found, Report } from "./check.ts";
import { mapFormat } from "./compound.ts";
import { id, ok, oneOf, text } from "./formats.ts";
import { deviceClasses, type Entity } from "./homeassistant-classes.ts";
import { derived, type Format, leaf, optional, required } from "./leaf.ts";
import { isOwnTopic, topicName } from "./peers.ts";
import { checkReference } from "./references.ts";
import type { Config, InputConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** What a person calls it; shown by others. */
export const label = text(
  "label",
  "a name for people",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?!\s)[^\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write 1 to 64 characters in one line",
);
const word = text("word", "a word of Home Assistant", /^[a-z][a-z0-9_]{0,39}$/, "write it in small letters, like garage_door");
const flag = oneOf("true", "false");

export const homeassistantSchema = {
  discovery: derived(
    flag,
    "Whether Home Assistant is told of this machine, so that it appears there by itself.",
    "`true` with this section",
  ),
  prefix: leaf(topicName, "homeassistant", "Where Home Assistant looks for devices: its `discovery_prefix`."),
  status: optional(topicName, "The topic on which Home Assistant says `online` when it has started.", "`status` below `prefix`"),
  name: optional(label, "What the device is called there.", "`node`"),
  id: optional(
    text("device id", "an id", /^[a-zA-Z0-9_-]{1,64}$/, "write 1 to 64 of the characters a-z, A-Z, 0-9, _ and -"),
    "By what Home Assistant knows the device again; only for two agents on one machine.",
    "made of the machine's identity",
  ),
  device_triggers: leaf(flag, "false", "Whether buttons are told of as device triggers, too, as they were before there were events."),
};

/** How one thing appears in Home Assistant; what is null follows from its kind. */
export interface Appearance<As extends string = string> {
  as: As | null;
  name: string | null;
  device_class: string | null;
}

const relayPlatforms = ["switch", "light", "lock", "valve", "button"] as const;
export type RelayPlatform = (typeof relayPlatforms)[number];

function appearance<As extends string>(
  name: string,
  shape: string,
  formats: Readonly<Record<string, Format<unknown>>>,
): Format<Appearance<As>> {
  return mapFormat({
    name: `appearance of ${name}`,
    shape,
    fix: `write ${shape.replaceAll("`", "")}`,
    fields: formats,
    value(values) {
      const { as = null, name: called = null, device_class = null } = values as Partial<Appearance<As>>;
      return ok({ as, name: called, device_class });
    },
    write(value) {
      const parts = Object.entries(value).flatMap(([key, text]) => (text === null ? [] : `${key}: ${JSON.stringify(text)}`));
      return `{${parts.join(", ")}}`;
    },
  });
}

export const inputAppearance = appearance<never>("an input", "`{device_class: garage_door}`", { device_class: word });
export const outputAppearance = appearance<RelayPlatform>("an output", "`{as: valve, device_class: water}`", {
  as: oneOf(...relayPlatforms),
  device_class: word,
});
export const sensorAppearance = appearance<never>("a sensor", "`{name: Attic, device_class: temperature}`", {
  name: label,
  device_class: word,
});

export const coverSchema = {
  open: required(id, "The output that opens it."),
  close: required(id, "The output that closes it, of the same interlock."),
  name: optional(label, "What it is called in Home Assistant.", "its id"),
  device_class: optional(oneOf(...deviceClasses.cover), "What it is, for Home Assistant.", "none"),
};

/** What an input is in Home Assistant; null for one of which the class follows from its kind. */
function inputEntity({ kind }: InputConfig): Entity | null {
  return kind === "switch" ? "binary_sensor" : kind === "counter" ? "sensor" : null;
}

/** Classes that Home Assistant has, covers of outputs that exclude each other, and no topic of this node for its birth. */
export function checkHomeassistant(config: Config, found: Found, report: Report): void {
  const { inputs, outputs, sensors, homeassistant } = config;
  if (isOwnTopic(config, homeassistant.status))
    report("homeassistant.status", "it is a topic of this node itself", "name the topic of Home Assistant's birth message");
  for (const [id, input] of Object.entries(inputs)) {
    const path = `inputs.${id}.homeassistant`;
    const entity = inputEntity(input);
    if (entity === null && input.homeassistant !== null)
      report(path, `the class follows from kind: ${input.kind}`, "remove it, or write kind: switch");
    else if (entity !== null) checkClass(path, input.homeassistant, [entity], report);
  }
  for (const [id, { homeassistant: appears }] of Object.entries(outputs)) {
    // Without a word it is a switch, or a button when it is there to be pulsed.
    const entities: Entity[] = appears?.as ? [appears.as] : ["switch", "button"];
    checkClass(`outputs.${id}.homeassistant`, appears, entities, report);
  }
  for (const [id, sensor] of Object.entries(sensors)) checkClass(`sensors.${id}.homeassistant`, sensor.homeassistant, ["sensor"], report);
  checkCovers(config, found, report);
}

function checkClass(path: string, appears: Appearance | null, entities: readonly Entity[], report: Report): void {
  const given = appears?.device_class ?? null;
  const known: readonly string[] = entities.flatMap((entity) => deviceClasses[entity]);
  if (given === null || known.includes(given)) return;
  const close = suggest(given, known);
  const fix = known.length === 0 ? "remove it" : close ? `did you mean ${close}?` : `known are ${known.join(", ")}`;
  report(path, `a ${entities[0]} of Home Assistant has no device_class ${given}`, fix);
}

function checkCovers({ covers, outputs }: Config, found: Found, report: Report): void {
  const taken = new Map<string, string>();
  for (const [id, { open, close }] of Object.entries(covers)) {
    const path = `covers.${id}`;
    const ends = { open, close };
    const known = Object.entries(ends).filter(([key, output]) => checkReference(`${path}.${key}`, output, "output", found, report));
    if (known.length < 2) continue;
    if (open === close) {
      report(`${path}.close`, "it is the output of open too", "name the one that closes it");
      continue;
    }
    const [up, down] = [outputs[open], outputs[close]];
    if (up && down && (up.interlock === null || up.interlock !== down.interlock))
      report(path, `${open} and ${close} may be on together`, "write the same interlock for both");
    for (const [key, output] of Object.entries(ends)) {
      const first = taken.get(output);
      if (first === undefined) taken.set(output, id);
      else report(`${path}.${key}`, `${output} belongs to the cover ${first} already`, "name another output");
    }
  }
}
