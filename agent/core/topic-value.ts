import { type JsonPath, parseJsonPath, readJson, valueAt } from "./json-path.ts";
import type { Instant, Measured } from "./model.ts";
import type { State } from "./state.ts";
import { convert, unitOfWord } from "./unit.ts";

export type ValueType = "number" | "boolean" | "text" | "enum";

/** One value of a message. */
export interface TopicValue {
  name: string;
  /** Null where an expression says which; then `text` is JSONata. */
  path: JsonPath | null;
  text: string;
  unit: string | null;
  /** Where the message says in which unit it has it. */
  unitFrom: JsonPath | null;
  type: ValueType;
  options: readonly string[];
}

/** What a sensor takes out of the messages of others. */
export interface TopicSource {
  filter: string;
  /** A message without fields: the payload is the value. */
  plain: boolean;
  values: readonly TopicValue[];
  /** Where the message says of when it is. */
  time: JsonPath | null;
  maxPayload: number;
  /** A retained message counts. */
  retained: boolean;
}

/** What a message said. `raw` = what was found for each value whose place is a path; others are still to be evaluated. */
export type Heard = { ok: true; json: unknown; raw: unknown[]; measured: Instant | null } | Refused;
export interface Refused {
  ok: false;
  /** Follows "a message on TOPIC was not taken: ". Nothing of the message is repeated. */
  problem: string;
}

/** What the core's clock says of a time of day in a message. */
export type Almanac = Pick<State, "clockOffset" | "clockSet" | "zone">;

const refused = (problem: string): Refused => ({ ok: false, problem });
/** Clocks differ a little. */
const ahead = 60_000;
const maxText = 256;

/** Reads the payload and what has a plain path in it. `staleAfter`: what is older is of no use. */
export function hear(source: TopicSource, payload: string, staleAfter: number, almanac: Almanac, now: Instant): Heard {
  if (source.plain) return { ok: true, json: payload, raw: [plainOf(payload, source.values[0]?.type)], measured: null };
  const reading = readJson(payload);
  if (!reading.ok) return reading;
  const { json } = reading;
  const raw = source.values.map(({ path }) => (path === null ? undefined : valueAt(json, path)));
  if (source.time === null) return { ok: true, json, raw, measured: null };
  const wall = timeOf(valueAt(json, source.time), almanac.zone);
  if (wall === undefined) return refused("it does not say of when it is");
  if (!almanac.clockSet) return refused("how old it is cannot be told before the clock is set");
  const measured = Math.min(now, wall - almanac.clockOffset);
  if (wall - almanac.clockOffset > now + ahead) return refused("it says that it is of a time to come");
  if (now - measured >= staleAfter) return refused("it is too old");
  return { ok: true, json, raw, measured };
}

/** Turns what was found into values, in the order of the source; `raw` is complete now. */
export function valuesOf(source: TopicSource, json: unknown, raw: readonly unknown[]): { ok: true; values: Measured[] } | Refused {
  const values: Measured[] = [];
  for (const [index, wanted] of source.values.entries()) {
    const found = raw[index];
    if (found === undefined || found === null) return refused(`it has no ${wanted.name}`);
    const value = typed(wanted, found);
    if (value === undefined) return refused(`its ${wanted.name} is not ${articles[wanted.type]}`);
    const converted = inUnit(wanted, value, json);
    if (converted === undefined) return refused(`it does not say in which unit its ${wanted.name} is`);
    values.push({ name: wanted.name, value: converted, unit: wanted.unit });
  }
  return { ok: true, values };
}

const articles = { number: "a number", boolean: "true or false", text: "a short text", enum: "one of its options" } as const;
const yes: readonly unknown[] = [true, 1, "true", "on", "1", "yes"];
const no: readonly unknown[] = [false, 0, "false", "off", "0", "no"];

function typed({ type, options }: TopicValue, found: unknown): Measured["value"] | undefined {
  if (type === "number") return typeof found === "number" && Number.isFinite(found) ? found : undefined;
  if (typeof found === "object") return undefined;
  if (type === "boolean") {
    const word = typeof found === "string" ? found.toLowerCase() : found;
    return yes.includes(word) ? true : no.includes(word) ? false : undefined;
  }
  const text = String(found);
  if (type === "enum") return options.includes(text) ? text : undefined;
  return text.length <= maxText && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? text : undefined;
}

/** In the unit that is wanted, from the one that the message names. */
function inUnit({ unit, unitFrom }: TopicValue, value: Measured["value"], json: unknown): Measured["value"] | undefined {
  if (unitFrom === null) return value;
  const word = valueAt(json, unitFrom);
  const from = typeof word === "string" ? unitOfWord(word) : undefined;
  const converted = from === undefined || typeof value !== "number" ? undefined : convert(value, from, unit);
  return converted === undefined || !Number.isFinite(converted) ? undefined : Number(converted.toPrecision(7));
}

/** A payload that is the value itself. */
function plainOf(payload: string, type: ValueType = "number"): unknown {
  const text = payload.trim();
  if (type !== "number") return text === "" ? undefined : text;
  return /^[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : text;
}

/** Wall clock ms: of an ISO time, of this machine's zone where it names none (as Tasmota's); of seconds or milliseconds since 1970. */
function timeOf(said: unknown, zone: number): number | undefined {
  if (typeof said === "number") return said > 1e8 && said < 1e10 ? said * 1000 : said >= 1e11 && said < 1e13 ? said : undefined;
  if (typeof said !== "string") return undefined;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?$/.exec(said);
  if (match === null) return undefined;
  const [, day, time, offset] = match;
  const ms = Date.parse(`${day}T${time}${offset === undefined ? "Z" : offset.replace(/^(...)(\d\d)$/, "$1:$2")}`);
  return Number.isNaN(ms) ? undefined : offset === undefined ? ms - zone : ms;
}

/** The settings of a value, as a plan has them. */
export function topicValueOf(
  name: string,
  settings: { value: string; unit: string | null; unit_from: string | null; type: ValueType; options: readonly string[] },
): TopicValue {
  const { value: text, unit, unit_from: unitFrom, type, options } = settings;
  return {
    name,
    path: parseJsonPath(text) ?? null,
    text,
    unit,
    unitFrom: unitFrom === null ? null : (parseJsonPath(unitFrom) ?? null),
    type,
    options,
  };
}
