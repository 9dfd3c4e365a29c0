import type { SensorEntry } from "../agent/protocol.ts";

/** Of somebody else's text. */
const maxWord = 200;

type Value = SensorEntry["values"][number];

/** A value in at most `width` columns: in full with its unit, else with fewer digits behind the point, else without the unit; only text is cut. */
export function valueWord({ value, unit }: Pick<Value, "value" | "unit">, width: number): string {
  const full = `${value}${unit === null ? "" : ` ${unit}`}`;
  const most = Math.min(width, maxWord);
  if (full.length <= most) return full;
  if (typeof value !== "number") return String(value).slice(0, maxWord);
  const whole = String(Math.trunc(Math.abs(value))).length;
  for (const ending of unit === null ? [""] : [` ${unit}`, ""]) {
    for (let digits = 15; digits >= Math.min(15, whole); digits -= 1) {
      const short = `${Number(value.toPrecision(digits))}${ending}`;
      if (short.length <= most) return short;
    }
  }
  return value.toExponential(0);
}

/** All that it says, for a filter and for the clipboard: `21.4 °C`, `stale`. */
export function sensorWords({ quality, values }: SensorEntry): string {
  return quality === "ok" ? values.map((value) => valueWord(value, Number.POSITIVE_INFINITY)).join(", ") : quality;
}

/** How long ago it was read, by our clock; null when it never was. `passed` = since the agent told. */
export function ageOf({ age_ms: age }: SensorEntry, passed: number): number | null {
  return age === null ? null : age + passed;
}
