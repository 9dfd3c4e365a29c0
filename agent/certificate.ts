import { readFileSync } from "node:fs";

/** A setting that cannot be served on this machine: starting again does not help before a person has changed it. */
export class SettingError extends Error {}

/** The certificate authority of the broker, as `mqtt.ca` names it. Throws SettingError. */
export function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SettingError(`mqtt.ca: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}): name a readable PEM file`);
  }
}
