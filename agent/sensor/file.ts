import { failed, measured, numberOf, type Quantity, type SensorDriver, type SensorWorld } from "./driver.ts";

export interface FileSettings extends Quantity {
  path: string;
}

/** Any file that holds one number. */
export function openFile({ files }: SensorWorld, { path, name, unit }: FileSettings): SensorDriver {
  const quantity = { name, unit };
  return {
    bus: `file ${path}`,
    quantities: [quantity],
    async read(signal) {
      const reading = await files.read(path, signal);
      if (!reading.ok) return failed(`${path} cannot be read (${reading.problem})`);
      const value = numberOf(reading.text);
      // What is no number is not repeated: the path may be a wrong one.
      return value === undefined ? failed(`${path} holds no number`) : measured(quantity, value);
    },
  };
}
