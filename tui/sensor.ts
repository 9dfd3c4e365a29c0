import type { SensorEntry } from "../agent/protocol.ts";

/** Of somebody else's text. */
const maxWord = 200;

type Value = SensorEntry["values"][number];

/** A value in at most `width` columns: in full with its unit, else without it, else with fewer digits; only text is cut. */
export function valueWord({ value, unit }: Pick<Value, "value" | "unit">, width: number): string {
  const full = `${value}${unit === null ? "" : ` ${unit}`}`;
  if (full.length <= Math.min(width, maxWord)) return full;
  const alone = String(value);
  if (typeof value !== "number") return alone.slice(0, maxWord);
  if (alone.length <= width) return alone;
  for (let digits = Math.min(15, width); digits > 0; digits -= 1) {
    const short = String(Number(value.toPrecision(digits)));
    if (short.length <= width) return `${short}${unit !== null && short.length + unit.length < width ? ` ${unit}` : ""}`;
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
