import { headerPins } from "./header.ts";

/** A pin of the header without what is connected to it. */
export interface BarePin {
  /** Header pin 1–40; null for a line that is not on the header. */
  pin: number | null;
  /** `GPIO17`, `3V3`, `GND`, `WL_ON`. */
  label: string;
  kind: "line" | "power" | "ground";
}

/** What a header pin is on every board. */
export function barePin(pin: number): BarePin {
  const what = headerPins.get(pin);
  const label = typeof what === "number" ? `GPIO${what}` : (what ?? "-");
  return { pin, label, kind: what === "GND" ? "ground" : typeof what === "string" ? "power" : "line" };
}

/** The header row by row as one looks at the board with its pins up: odd pins left, even pins right. */
export function headerPairs<T>(at: (pin: number) => T): [T, T][] {
  return Array.from({ length: headerPins.size / 2 }, (_, row) => [at(row * 2 + 1), at(row * 2 + 2)]);
}

/** Where the parts of one row of the picture stand, in columns from its left: `what label  11|12  label what`. */
export interface PairPlaces {
  /** Columns of a pin's name, and of what is connected to it. */
  label: number;
  what: number;
  odd: { label: number; what: number };
  /** Of the two numbers, and how many columns they take. */
  middle: number;
  width: number;
  even: { label: number; what: number };
}

/** Between the two rows of pins: ` 11|12 `. */
const width = 7;
const narrow = 60;

/** Lays a row of the picture out in so many columns. In few of them a GPIO has its number only. */
export function placesOf(cols: number): PairPlaces {
  const middle = Math.floor((cols - width) / 2);
  const label = cols < narrow ? 3 : 6;
  const far = middle + width;
  return {
    label,
    what: middle - label - 1,
    odd: { label: middle - label, what: 0 },
    middle,
    width,
    even: { label: far, what: far + label + 1 },
  };
}

/** The numbers of the two pins: ` 11|12 `. */
export function pinNumbers(odd: BarePin, even: BarePin): string {
  return ` ${String(odd.pin).padStart(2)}|${String(even.pin).padEnd(2)} `;
}

/** A pin's name, in so many columns at most. */
export function pinLabel({ label, kind }: BarePin, columns: number): string {
  return (columns < 6 && kind === "line" ? label.replace(/^GPIO(?=\d)/, "") : label).slice(0, columns);
}
