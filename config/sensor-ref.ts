import { text } from "./formats.ts";

/** `tent.humidity`, or `tent` alone for the first quantity of a sensor. `agent/core/sensor-ref.ts` takes it apart. */
export const sensorRef = text(
  "sensor reference",
  "a sensor, or one quantity of it",
  /^[a-z0-9-]{1,32}(?:\.[a-z][a-z0-9_]{0,31})?$/,
  "write it like tent, or tent.humidity for one of several quantities",
);
