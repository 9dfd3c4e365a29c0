import { failed, measured, type Quantity, type SensorDriver, type SensorWorld } from "./driver.ts";

export interface FileSettings extends Quantity {
  path: string;
  scale: number;
  offset: number;
}

/** Any file that holds one number, which is multiplied by `scale`; then `offset` is added. */
export function openFile({ files }: SensorWorld, { path, name, unit, scale, offset }: FileSettings): SensorDriver {
  const quantity = { name, unit };
  return {
    bus: `file ${path}`,
    quantities: [quantity],
    async read(signal) {
      const reading = await files.read(path, signal);
      if (!reading.ok) return failed(`${path} cannot be read (${reading.problem})`);
      const text = reading.text.trim();
      const number = /^[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
      // 0.1 × 3 is 0.3 to a reader. What is no number is not repeated: the path may be a wrong one.
      const value = Number((number * scale + offset).toPrecision(12));
      return Number.isFinite(value) ? measured(quantity, value) : failed(`${path} holds no number`);
    },
  };
}
