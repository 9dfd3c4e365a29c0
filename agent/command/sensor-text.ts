import { valuesText } from "../core/sensor.ts";
import type { SensorView } from "../protocol.ts";

/** `21.4 °C, read 12 s ago`; of one whose reading does not hold, why, and what it said last. */
export function sensorText({ values, quality, reason, age_ms }: SensorView): string {
  const reading = age_ms === null ? null : `${valuesText(values)}, read ${ageText(age_ms)} ago`;
  if (quality === "ok" && reading !== null) return reading;
  const why = reason === null ? "not read yet" : `${quality}: ${reason}`;
  return reading === null ? why : `${why}; last ${reading}`;
}

/** `12 s`, `3 min`, `5 h`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
