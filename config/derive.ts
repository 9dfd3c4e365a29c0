import type { Found, Report } from "./check.ts";
import { isMap, mapFormat } from "./compound.ts";
import { measure } from "./counting.ts";
import { expression } from "./expression.ts";
import { bad, duration, formatDuration, ok, oneOf, quote } from "./formats.ts";
import { type Format, leaf, optional } from "./leaf.ts";
import { named } from "./references.ts";
import type { Config, DeriveConfig } from "./schema.ts";
import { chipOf } from "./sensor-chips.ts";
import { sensorRef } from "./sensor-ref.ts";
import { suggest } from "./suggest.ts";
import { valueName } from "./topic-values.ts";

const second = 1000;
const day = 86_400_000;

export interface AirInputs {
  temperature: string;
  humidity: string;
}
export interface VpdSettings extends AirInputs {
  formula: "growbuddy-2022" | "growbuddy-2025" | "tetens";
  leaf_offset: { value: number; unit: "°C" | "°F" };
}

/** `-2 °F`: a difference of temperature. */
const leafOffset: Format<VpdSettings["leaf_offset"]> = {
  name: "leaf offset",
  shape: "a difference such as `-2 °F`",
  read(value, source) {
    const [, number, unit] = /^([+-]?\d{1,2}(?:\.\d{1,3})?) ?°?([CF])$/.exec(typeof value === "string" ? value.trim() : "") ?? [];
    if (number === undefined) return bad(`${quote(value, source)} is not a difference of temperature`, "write it like -2 °F or -1.1 °C");
    return ok({ value: Number(number), unit: unit === "C" ? "°C" : "°F" });
  },
  write: ({ value, unit }) => `${value} ${unit}`,
};

const airFields = { temperature: sensorRef, humidity: sensorRef };
const air: Format<AirInputs> = mapFormat({
  name: "humid air",
  shape: "`{temperature: tent.temperature, humidity: tent.humidity}`",
  fix: "write {temperature: tent.temperature, humidity: tent.humidity}",
  fields: airFields,
  needs: ["temperature", "humidity"],
  value: ok,
  write: ({ temperature, humidity }) => `{temperature: ${temperature}, humidity: ${humidity}}`,
});
const vpd: Format<VpdSettings> = mapFormat({
  name: "vapour pressure deficit",
  shape:
    "`{formula: tetens, temperature: tent.temperature, humidity: tent.humidity, leaf_offset: -2 °F}`; `formula` is `tetens`, `growbuddy-2022` or `growbuddy-2025`",
  fix: "write {formula: tetens, temperature: tent.temperature, humidity: tent.humidity, leaf_offset: -2 °F}",
  fields: { formula: oneOf("growbuddy-2022", "growbuddy-2025", "tetens"), ...airFields, leaf_offset: leafOffset },
  needs: ["formula", "temperature", "humidity", "leaf_offset"],
  value: ok,
  write: ({ formula, leaf_offset, ...inputs }) =>
    `{formula: ${formula}, temperature: ${inputs.temperature}, humidity: ${inputs.humidity}, leaf_offset: ${leafOffset.write(leaf_offset)}}`,
});

const maxInputs = 16;
const inputs: Format<Record<string, string>> = {
  name: "inputs of an expression",
  shape: "`{t: tent.temperature, h: tent.humidity}`",
  read(value) {
    const fix = "write {t: tent.temperature, h: tent.humidity}";
    if (!isMap(value)) return bad("it is not a map", fix);
    const entries = Object.entries(value);
    if (entries.length === 0 || entries.length > maxInputs) return bad(`it has not 1 to ${maxInputs} inputs`, fix);
    for (const [name, ref] of entries) {
      if (!/^(?!(?:and|or|in|true|false|null|constructor)$)[a-z][a-z0-9_]{0,31}$/i.test(name))
        return bad(`${quote(name)} is not a name`, fix);
      const reading = sensorRef.read(ref);
      if (!reading.ok) return { ...reading, what: `${name}: ${reading.what}` };
    }
    return ok(Object.fromEntries(entries) as Record<string, string>);
  },
  write: (value) =>
    `{${Object.entries(value)
      .map(([name, ref]) => `${name}: ${ref}`)
      .join(", ")}}`,
};

export const deriveSchema = {
  vpd: optional(
    vpd,
    "The vapour pressure deficit, in kPa; none of the formulas in use is the usual one, and leaves are cooler than the air.",
  ),
  dew_point: optional(air, "The dew point, in °C."),
  absolute_humidity: optional(air, "The water in the air, in g/m³."),
  mean: optional(sensorRef, "The mean of a value over `window`."),
  min: optional(sensorRef, "The least of a value over `window`."),
  max: optional(sensorRef, "The most of a value over `window`."),
  window: leaf(duration(second, 7 * day), 600 * second, "How far `mean`, `min` and `max` look back."),
  rate: optional(sensorRef, "How fast a value changes, from one reading to the next, or how fast a counter among the inputs counts."),
  per: leaf(duration(second, day), 60 * second, "The time to which `rate` refers."),
  integral: optional(sensorRef, "A value summed up over time, such as energy out of power; kept over restarts."),
  value: optional(expression, "An expression over `inputs`."),
  inputs: optional(inputs, "What the expression calls by which name."),
  name: optional(valueName, "What it is, as it is published.", "the word that says how it is derived"),
  unit: optional(
    measure,
    "Its unit: of `value` as it is written, of the others the one to which it is converted.",
    "the one that comes out",
  ),
  publish: leaf(oneOf("true", "false"), "true", "Whether it is published like a sensor, or known here alone."),
};

/** The words of which each derived value has one. */
const derivations = ["vpd", "dew_point", "absolute_humidity", "mean", "min", "max", "rate", "integral", "value"] as const;
export type Derivation = (typeof derivations)[number];

/** How it is derived; undefined while the configuration does not say it once. */
function derivationOf(derive: DeriveConfig): Derivation | undefined {
  const given = derivations.filter((word) => derive[word] !== null);
  return given.length === 1 ? given[0] : undefined;
}

/** The references of a derived value, with the paths under which they stand. */
export function refsOf(derive: DeriveConfig): { key: string; ref: string }[] {
  const word = derivationOf(derive);
  if (word === undefined) return [];
  if (word === "value") return Object.entries(derive.inputs ?? {}).map(([name, ref]) => ({ key: `inputs.${name}`, ref }));
  const said = derive[word];
  if (typeof said === "string") return [{ key: word, ref: said }];
  return said === null
    ? []
    : [
        { key: `${word}.temperature`, ref: said.temperature },
        { key: `${word}.humidity`, ref: said.humidity },
      ];
}

const ofWindows: readonly Derivation[] = ["mean", "min", "max"];

export function checkDerived(config: Config, found: Found, report: Report): void {
  for (const [id, derive] of Object.entries(config.derive)) {
    const path = `derive.${id}`;
    const spoiled = derivations.some((word) => found.unread.has(`${path}.${word}`));
    const [word, second] = derivations.filter((each) => derive[each] !== null);
    if (word === undefined) {
      if (!spoiled) report(path, `it has none of ${derivations.join(", ")}`, "say how it is derived");
      continue;
    }
    if (second !== undefined) {
      report(`${path}.${second}`, `it stands beside ${word}`, "write a value of its own for each");
      continue;
    }
    const given = (key: string) => found.place(`${path}.${key}`).line > 0;
    if (given("window") && !ofWindows.includes(word)) report(`${path}.window`, `it does not go with ${word}`, "remove it");
    if (given("per") && word !== "rate") report(`${path}.per`, `it does not go with ${word}`, "remove it");
    if (derive.inputs !== null && word !== "value") report(`${path}.inputs`, `it does not go with ${word}`, "remove it");
    if (word === "value" && derive.inputs === null && !found.unread.has(`${path}.inputs`))
      report(path, "it has no inputs", "add `inputs: {t: tent.temperature}`, and call it t in the expression");
    for (const { key, ref } of refsOf(derive)) {
      if (word === "rate" && isInput(`${path}.rate`, ref, config, report)) continue;
      checkSensorRef(
        found.place(`${path}.${key}`).line > 0 ? `${path}.${key}` : `${path}.${key.split(".")[0]}`,
        ref,
        config,
        found,
        report,
      );
    }
    checkAir(path, word, derive, config, report);
  }
  checkCircles(config, report);
}

/** Whether a rate is that of an input, which must be one that counts. */
function isInput(path: string, ref: string, { inputs }: Config, report: Report): boolean {
  const input = named(inputs, ref);
  if (input && input.kind !== "counter") report(path, `${ref} is an input that does not count`, "name a counter, or a sensor");
  return input !== undefined;
}

/** Reports a reference that names no value; true when it names one, as far as that can be told. */
export function checkSensorRef(path: string, ref: string, config: Config, { ids }: Pick<Found, "ids">, report: Report): boolean {
  const [id = "", quantity] = ref.split(".");
  const known = new Set([...(ids.get("sensors") ?? []), ...(ids.get("derive") ?? [])]);
  if (!known.has(id)) {
    const close = suggest(id, known);
    report(path, `there is no sensor ${id}`, close === undefined ? "add it below sensors: or derive:" : `did you mean ${close}?`);
    return false;
  }
  const names = quantitiesOf(config, id);
  if (quantity === undefined || names === undefined || names.has(quantity)) return true;
  const close = suggest(quantity, names.keys());
  report(path, `${id} has no ${quantity}`, close === undefined ? `name one of ${[...names.keys()].join(", ")}` : `did you mean ${close}?`);
  return false;
}

/** What a sensor measures, and in which unit (undefined: not known here); undefined where that is for the driver to say. */
export function quantitiesOf({ sensors, derive }: Config, id: string): Map<string, string | null | undefined> | undefined {
  const sensor = Object.hasOwn(sensors, id) ? sensors[id] : undefined;
  if (sensor?.driver === "topic") {
    const values = Object.entries(sensor.values).map(([name, { unit }]) => [name, unit] as const);
    return new Map(values.length > 0 ? values : [[sensor.name, sensor.unit]]);
  }
  if (sensor?.driver === "file" || sensor?.driver === "command") return new Map([[sensor.name, sensor.unit]]);
  if (sensor?.driver === "w1" || sensor?.driver === "thermal") return new Map([["temperature", "°C"]]);
  const chip = sensor && chipOf(sensor.driver, sensor.device);
  if (sensor && chip) return new Map((sensor.only.length > 0 ? sensor.only : chip.quantities).map((name) => [name, undefined]));
  const derived = Object.hasOwn(derive, id) ? derive[id] : undefined;
  const word = derived && derivationOf(derived);
  if (derived === undefined || word === undefined) return undefined;
  const own = { vpd: "kPa", dew_point: "°C", absolute_humidity: "g/m³" } as const;
  return new Map([
    [derived.name ?? word, derived.unit ?? (word in own ? own[word as keyof typeof own] : word === "value" ? null : undefined)],
  ]);
}

/** The unit of what a reference names; undefined when that is not known here. */
function unitOf(ref: string, config: Config): string | null | undefined {
  const [id = "", quantity] = ref.split(".");
  const names = quantitiesOf(config, id);
  return quantity === undefined ? names?.values().next().value : names?.get(quantity);
}

function checkAir(path: string, word: Derivation, derive: DeriveConfig, config: Config, report: Report): void {
  if (word !== "vpd" && word !== "dew_point" && word !== "absolute_humidity") return;
  const { temperature = "", humidity = "" } = derive[word] ?? {};
  for (const [ref, units] of [
    [temperature, ["°C", "°F", "K"]],
    [humidity, ["%"]],
  ] as const) {
    const unit = unitOf(ref, config);
    if (unit === undefined || (units as readonly (string | null)[]).includes(unit)) continue;
    report(
      `${path}.${word}`,
      `${ref} is ${unit === null ? "without a unit" : `in ${unit}`}`,
      `name a value in ${units.join(" or ")}, or say its unit where it is read`,
    );
  }
}

/** Values that would be derived out of themselves. */
function checkCircles({ derive }: Config, report: Report): void {
  const done = new Set<string>();
  for (const start of Object.keys(derive)) {
    const way: string[] = [];
    const open: { id: string; left: string[] }[] = [];
    const enter = (id: string) => {
      way.push(id);
      open.push({ id, left: Object.hasOwn(derive, id) && derive[id] ? refsOf(derive[id]).map(({ ref }) => ref.split(".")[0] ?? "") : [] });
    };
    if (!done.has(start)) enter(start);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) {
        done.add(top.id);
        open.pop();
        way.pop();
      } else if (way.includes(next)) {
        const circle = way.slice(way.indexOf(next));
        report(`derive.${circle[0]}`, `it is derived out of itself: ${[...circle, circle[0]].join(" ← ")}`, "take one of the steps out");
        return;
      } else if (!done.has(next) && Object.hasOwn(derive, next)) enter(next);
    }
  }
}

/** What `pinbus check` says of where a derived value comes from. */
export function derivationText(derive: DeriveConfig): string {
  const word = derivationOf(derive);
  const from = refsOf(derive)
    .map(({ ref }) => ref)
    .join(", ");
  if (word === "vpd") return `vpd (${derive.vpd?.formula}, leaf ${derive.vpd && leafOffset.write(derive.vpd.leaf_offset)}) of ${from}`;
  if (word === "value") return `${derive.value} of ${from}`;
  const over = word === undefined || !ofWindows.includes(word) ? "" : ` over ${formatDuration(derive.window)}`;
  return `${word} of ${from}${over}${word === "rate" ? ` per ${formatDuration(derive.per)}` : ""}`;
}
