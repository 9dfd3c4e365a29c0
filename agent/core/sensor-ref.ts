import type { Measured } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { State } from "./state.ts";

/** One quantity of one sensor, as a person names it: `tent.humidity`, or `tent` for the first that it has. */
export interface SensorRef {
  sensor: string;
  quantity: string | null;
}

/** The same in a plan. */
export interface ValueRef {
  /** The index of the sensor. */
  sensor: number;
  quantity: string | null;
  /** As it was written. */
  text: string;
}

/** The parts of `tent.humidity`; undefined for what names no sensor. */
export function parseSensorRef(text: string): SensorRef | undefined {
  const match = /^([a-z0-9-]{1,32})(?:\.([a-z][a-z0-9_]{0,31}))?$/.exec(text);
  return match?.[1] === undefined ? undefined : { sensor: match[1], quantity: match[2] ?? null };
}

/** The inverse of `parseSensorRef`. */
export function sensorRefText({ sensor, quantity }: SensorRef): string {
  return quantity === null ? sensor : `${sensor}.${quantity}`;
}

/** A reference of a checked configuration; undefined for one to a sensor that is not there. */
export function valueRefOf(sensorIndex: Plan["sensorIndex"], text: string): ValueRef | undefined {
  const ref = parseSensorRef(text);
  const sensor = ref && sensorIndex.get(ref.sensor);
  return sensor === undefined ? undefined : { sensor, quantity: ref?.quantity ?? null, text };
}

/** What was read last, whether it still holds or not; undefined before the first reading, and of a quantity that it does not have. */
export function measuredAt(state: Readonly<State>, { sensor, quantity }: ValueRef): Measured | undefined {
  const values = state.sensors[sensor]?.values;
  return quantity === null ? values?.[0] : values?.find(({ name }) => name === quantity);
}
