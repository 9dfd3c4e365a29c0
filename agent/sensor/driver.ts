/** What a driver measures. Names and units are Home Assistant's where it has them: `temperature`, `°C`. */
export interface Quantity {
  readonly name: string;
  readonly unit: string | null;
}

/** What one read brought: the values of one moment, in the order of the driver's quantities, or a sentence why there are none. */
export type Reading = { ok: true; values: readonly (Quantity & { value: number })[] } | { ok: false; problem: string };

/**
 * One sensor, whatever it is connected to. A new kind of sensor is one file that makes these, a line in `registry.ts` and its settings.
 * A driver promises never to throw or reject for what the world does, and to say nothing but what it has read now.
 */
export interface SensorDriver {
  /** What it shares with other sensors: only one sensor of a bus is read at a time. */
  readonly bus: string;
  readonly quantities: readonly Quantity[];
  /** Resolves when the device has answered, however late that is. Nobody waits for the answer any more once `signal` is aborted. */
  read(signal: AbortSignal): Promise<Reading>;
}

/** What a file says, or why it cannot be read; `code` is that of the system, such as ENOENT. */
export type FileReading = { ok: true; text: string } | { ok: false; code: string; problem: string };
export type FolderReading = { ok: true; names: readonly string[] } | { ok: false; code: string; problem: string };

/** Reads small files, some of which may never answer. */
export interface Files {
  read(path: string, signal: AbortSignal): Promise<FileReading>;
  list(path: string, signal: AbortSignal): Promise<FolderReading>;
}

/** Runs programs, one of which may never end. */
export interface Programs {
  /** What a program prints. It is killed after `timeout` ms. With the code `program`, `problem` is the end of a sentence about it. */
  run(command: readonly string[], timeout: number, signal: AbortSignal): Promise<FileReading>;
}

/** Where drivers look. */
export interface SensorWorld {
  /** Where sysfs is: `/sys`, but in a test. */
  readonly sysfs: string;
  readonly files: Files;
  readonly programs: Programs;
}

export const temperature: Quantity = { name: "temperature", unit: "°C" };

export function measured(quantity: Quantity, value: number): Reading {
  return { ok: true, values: [{ ...quantity, value }] };
}

export function failed(problem: string): Reading {
  return { ok: false, problem };
}

/** The thousandths of a degree that the kernel writes; undefined for anything else. */
export function milliDegrees(text: string): number | undefined {
  const trimmed = text.trim();
  return /^-?\d{1,7}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** The one number that a text is, as people and programs write it; undefined for anything else. */
export function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  const number = /^[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Some of what was found instead of a number, fit for one line. */
export function quoted(text: string): string {
  return JSON.stringify(text.trim().slice(0, 40));
}
