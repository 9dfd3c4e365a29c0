import type { Config } from "../../config/schema.ts";

/** Which parts of the configuration may name a sensor, and how one of each is called. */
const users: Readonly<Record<string, string>> = { rules: "rule", controllers: "controller", derive: "derived", pwm: "pwm" };
/** Texts that may happen to be the id of a sensor. */
const otherTexts: ReadonlySet<string> = new Set([
  ...["input", "output", "rule", "peer", "enable", "disable"],
  ...["topic", "publish", "payload", "unit", "equals", "is", "set", "gesture"],
]);

const known = new WeakMap<Config, ReadonlyMap<string, readonly string[]>>();

/** What of a configuration depends on each sensor, by the id of the sensor: `rule mist`, `derived vpd`. */
export function sensorUses(config: Config): ReadonlyMap<string, readonly string[]> {
  const found = known.get(config) ?? usesOf(config);
  known.set(config, found);
  return found;
}

function usesOf(config: Config): ReadonlyMap<string, readonly string[]> {
  const uses = new Map<string, string[]>();
  for (const [part, name] of Object.entries(users)) {
    for (const [user, settings] of Object.entries((config as unknown as Record<string, object | undefined>)[part] ?? {})) {
      for (const sensor of new Set(namesIn(settings))) uses.set(sensor, [...(uses.get(sensor) ?? []), `${name} ${user}`]);
    }
  }
  return uses;
}

/** The sensors that settings may name: `tent`, and of `tent.humidity` the part before the dot. */
function* namesIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value.split(".", 1)[0] ?? "";
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) if (!otherTexts.has(key)) yield* namesIn(inner);
}
