import type { SensorEntry } from "../../agent/protocol.ts";
import { age, instant, moment, span } from "../format.ts";
import { type State, viewNow } from "../model.ts";
import { ageOf, sensorWords, valueWord } from "../sensor.ts";
import { agentNow } from "../snapshot.ts";
import { spark } from "../spark.ts";
import { rangeOf, type Trend, trendKey } from "../trend.ts";
import type { Line, Style } from "./canvas.ts";
import { flow, sentence, styled } from "./text.ts";

/** Puts text into a row of the table, from a column on, at most so wide. */
export type Put = (text: string, style: Style, col: number, width: number) => void;

/** The columns of the table: how wide names and waves are, and what stands between name and state. */
export interface Columns {
  cols: number;
  name: number;
  place: string;
  wave: number;
  /** How long a wave is, in ms. */
  span: number;
}

/** The row of a sensor: its driver where a pin has its line, the age of the reading, and the readings before. */
export function drawSensor(state: State, sensor: SensorEntry, put: Put, { cols, name, place, wave }: Columns, now: number): void {
  put(sensor.id, "text", 2, place === "" ? name - 1 : name + "LINE".length - 1);
  let col = 2 + name;
  if (place.includes("DIR")) put(sensor.driver, "text", col + "LINE ".length, place.length - "LINE ".length - 1);
  col += place.length;
  put(sensorWord(sensor, 9), sensorStyle(state, sensor), col, 9);
  put(sensorAge(state, sensor, now), state.agent.up ? "text" : "warn", col + 10, 7);
  col += 18;
  if (wave > 0) {
    put(sensorSpark(state, sensor, wave), "text", col, wave);
    col += wave + 2;
  }
  put(sensorCause(sensor), sensor.quality === "ok" ? "text" : "bad", col, cols - col);
}

/** What a sensor shows in at most `width` columns; of one that cannot be relied on that, and no old value. */
export function sensorWord(sensor: SensorEntry, width: number): string {
  const [first] = sensor.values;
  return sensor.quality === "ok" && first !== undefined ? valueWord(first, width) : sensor.quality;
}

export function sensorStyle(state: State, { quality }: SensorEntry): Style {
  if (quality === "failed") return "bad";
  return !state.agent.up || quality !== "ok" ? "warn" : "on";
}

/** How old the reading is now. */
export function sensorAge(state: State, sensor: SensorEntry, now: number): string {
  const { data } = state.pins;
  const old = ageOf(sensor, data === null ? 0 : viewNow(state, now) - data.received);
  return old === null ? "--" : age(old);
}

/** Beside the state: the other values; or why it cannot be relied on, and what it said last. */
function sensorCause({ quality, reason, values }: SensorEntry): string {
  if (quality === "ok") return values.slice(1).map(valueText).join("  ");
  const last = values.map(valueText).join("  ");
  return [`! ${reason ?? "not read yet"}`, ...(last === "" ? [] : [`last ${last}`])].join("; ");
}

function valueText({ name, value, unit }: SensorEntry["values"][number]): string {
  return `${name} ${valueWord({ value, unit }, Number.POSITIVE_INFINITY)}`;
}

/** The readings of its first value, the newest at the right. */
function sensorSpark(state: State, { id, values: [first] }: SensorEntry, width: number): string {
  const trend = first === undefined ? undefined : trendOf(state, id, first.name);
  return trend === undefined ? "" : sparkOf(trend, width);
}

/** Of one of its values, while the view is frozen as it was then. */
export function trendOf({ pins: { trends, heldTrends } }: State, id: string, name: string): Trend | undefined {
  return (heldTrends ?? trends).get(trendKey(id, name));
}

/** The readings that were seen last, between the lowest and the highest of them. */
export function sparkOf({ readings }: Trend, width: number): string {
  const last = readings.slice(-width);
  const known = last.filter((value) => !Number.isNaN(value));
  return spark(last, width, width, Math.min(...known), Math.max(...known));
}

/** All of a sensor: each value with its range, how old it is, why it cannot be relied on, and what depends on it. */
export function sensorLines(state: State, sensor: SensorEntry, now: number, cols: number): Line[] {
  const { id, driver, quality, reason, ts, values, used_by: users, stale_after_ms: holds } = sensor;
  const at = agentNow(state.pins.data, viewNow(state, now));
  const read = Number.isNaN(instant(ts)) ? "not read yet" : `read ${sensorAge(state, sensor, now)} ago, at ${moment(instant(ts), at)}`;
  const bad =
    quality === "ok" ? [] : styled(sentence(`! ${quality}${reason === null ? "" : `: ${reason}`}`, cols), sensorStyle(state, sensor));
  return [
    ...styled(sentence(`${quality === "ok" ? `${sensorWords(sensor)}, ` : ""}${read}`, cols), "bold"),
    ...bad,
    ...values.flatMap((value) => valueLines(trendOf(state, id, value.name), value, quality, viewNow(state, now), cols)),
    ...styled(sentence(users.length === 0 ? "no rule uses it" : `used by ${users.join(", ")}`, cols), "text"),
    ...styled(flow([` driver ${driver}`, ...(holds === null ? [] : [`a reading holds for ${span(holds)}`])], cols, "   "), "text"),
  ];
}

function valueLines(
  trend: Trend | undefined,
  value: SensorEntry["values"][number],
  quality: SensorEntry["quality"],
  now: number,
  cols: number,
): Line[] {
  const text = `${quality === "ok" ? "" : "last "}${valueText(value)}`;
  const range = trend === undefined ? undefined : rangeOf(trend, now);
  const facts = range === undefined ? [] : [rangeText(range, value.unit)];
  const lines = flow([` ${text}`, ...facts], cols, "   ");
  const last = lines.at(-1) ?? "";
  const room = Math.min(60, cols - last.length - 3);
  if (trend !== undefined && range !== undefined && room >= 8) lines[lines.length - 1] = `${last}   ${sparkOf(trend, room)}`;
  return styled(lines, "text");
}

/** `20.9 .. 21.6 °C in the last 12m30s`; this terminal knows only what it saw. */
function rangeText({ low, high, over }: { low: number; high: number; over: number }, unit: string | null): string {
  const when = over >= 3_600_000 ? "in the last hour" : `seen in ${age(over)}`;
  return `${low} .. ${high}${unit === null ? "" : ` ${unit}`} ${when}`;
}
