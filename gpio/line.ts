/** The vocabulary of lines. This file imports nothing, so that core and config can speak it too. */

/** Logical levels are booleans named `active`: true = active, after active-low has been applied. */
export type Edge = "rising" | "falling";
export type Bias = "as-is" | "disabled" | "pull-up" | "pull-down";
/** Which level on the wire counts as active. */
export type ActiveLevel = "high" | "low";

/** How a person names a line; `board.ts` turns it into a chip label and an offset. */
export type LineName =
  | { kind: "gpio"; gpio: number }
  | { kind: "pin"; pin: number }
  | { kind: "name"; name: string }
  | { kind: "offset"; chip: string; offset: number };

/** A line that was found: the chip by its label (never by its number, which moves between kernels). */
export interface LineAddress {
  chip: string;
  offset: number;
}

/** `17` → GPIO number, `pin11` → header pin, `GPIO17` → the line's own name, `{chip, offset}` → as it is. */
export function parseLineName(value: unknown): LineName | undefined {
  if (typeof value === "number") return Number.isInteger(value) && value >= 0 ? { kind: "gpio", gpio: value } : undefined;
  if (typeof value === "string") {
    if (/^\d{1,4}$/.test(value)) return { kind: "gpio", gpio: Number(value) };
    const pin = /^pin(\d{1,2})$/i.exec(value);
    if (pin) return { kind: "pin", pin: Number(pin[1]) };
    return /^[\w.@:/-]{1,31}$/.test(value) ? { kind: "name", name: value } : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { chip, offset, ...rest } = value as { chip?: unknown; offset?: unknown };
  if (Object.keys(rest).length > 0 || typeof chip !== "string" || chip === "") return undefined;
  if (typeof offset !== "number" || !Number.isInteger(offset) || offset < 0) return undefined;
  return { kind: "offset", chip, offset };
}

/** The inverse of `parseLineName`, for messages and the pin map. */
export function formatLineName(line: LineName): string {
  switch (line.kind) {
    case "gpio":
      return `GPIO${line.gpio}`;
    case "pin":
      return `pin${line.pin}`;
    case "name":
      return line.name;
    case "offset":
      return `${line.chip}:${line.offset}`;
  }
}

/** The pulse with which a servo is in its middle: as configured, else half-way between its shortest and its longest; microseconds. */
export function servoMiddle({ neutral, pulse: [low, high] }: { neutral: number | null; pulse: readonly [number, number] }): number {
  return neutral ?? Math.round((low + high) / 2);
}
