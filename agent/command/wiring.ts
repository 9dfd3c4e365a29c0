import type { Answers } from "../../config/starter.ts";
import { headerPins } from "../../gpio/header.ts";
import { type BarePin, barePin, headerPairs, pinLabel, pinNumbers, placesOf } from "../../gpio/picture.ts";
import { powerOnPull } from "../../gpio/power-on.ts";

/** What is connected to one header pin. */
export interface Wire {
  pin: number;
  to: string;
}

/** What is to be connected, by header pin. */
type Wired = Pick<Answers, "button" | "relay">;

/** The header with what goes where, row by row, down to the last row that is used; plain ASCII. Empty when nothing is connected. */
export function wiringPicture(wired: Wired, cols: number): string[] {
  return headerPicture(wiresOf(wired), cols);
}

/** The same for any wires, one to a pin. */
export function headerPicture(all: readonly Wire[], cols: number): string[] {
  const wires = new Map(all.map(({ pin, to }) => [pin, to]));
  const pairs = headerPairs(barePin);
  const last = pairs.findLastIndex((pair) => pair.some(({ pin }) => wires.has(pin ?? 0)));
  if (last < 0) return [];
  const rows = pairs.slice(0, last + 1).map((pair) => rowOf(pair, wires, cols));
  return last + 1 === pairs.length ? rows : [...rows, `${" ".repeat(placesOf(cols).middle)}   :   and so on to 39|40`];
}

function rowOf([odd, even]: [BarePin, BarePin], wires: ReadonlyMap<number, string>, cols: number): string {
  const at = placesOf(cols);
  const wire = ({ pin }: BarePin) => wires.get(pin ?? 0);
  const left = wire(odd) === undefined ? "" : `${wire(odd)} <--`.slice(-at.what);
  const right = wire(even) === undefined ? "" : `--> ${wire(even)}`.slice(0, at.what);
  const [a, b] = [pinLabel(odd, at.label).padStart(at.label), pinLabel(even, at.label).padEnd(at.label)];
  return `${left.padStart(at.what)} ${a}${pinNumbers(odd, even)}${b} ${right}`.trimEnd();
}

/** A button needs a ground pin beside its own; a relay module needs ground and 3.3 V. No pin is used twice. */
function wiresOf({ button, relay }: Wired): Wire[] {
  const wires: Wire[] = [];
  const add = (what: "GND" | "3V3", near: number, to: string) => {
    const taken = new Set([button, relay, ...wires.map(({ pin }) => pin)]);
    const pin = nearest(what, near, taken);
    if (pin !== undefined) wires.push({ pin, to });
  };
  if (button !== null) {
    wires.push({ pin: button, to: "button" });
    add("GND", button, "button, other side");
  }
  if (relay !== null) {
    wires.push({ pin: relay, to: "relay module IN" });
    add("GND", relay, "relay module GND");
    add("3V3", relay, "relay module VCC");
  }
  return wires;
}

/** The free pin of a kind with the fewest rows between, on the same side if two are as near. */
export function nearest(what: "GND" | "3V3", near: number, taken: ReadonlySet<number | null>): number | undefined {
  const row = (pin: number) => Math.ceil(pin / 2);
  const distance = (pin: number) => 2 * Math.abs(row(pin) - row(near)) + (pin % 2 === near % 2 ? 0 : 1);
  const free = [...headerPins].flatMap(([pin, is]) => (is === what && !taken.has(pin) ? [pin] : []));
  return free.sort((a, b) => distance(a) - distance(b) || a - b)[0];
}

/** What somebody should know before the wires are in place, in lines for a terminal. */
export const relayAdvice: readonly string[] = [
  "Never connect a relay itself to a pin: its coil takes too much and kicks back.",
  "Take a relay module whose input works with 3.3 V. If its coil needs 5 V, that",
  "comes from pin 2 or 4 to the coil's own terminal, never to a GPIO.",
];

/** The chip of the header. */
const labels = { pi1: "pinctrl-bcm2835", pi4: "pinctrl-bcm2711", pi5: "pinctrl-rp1", sim: "" } as const;

/** A relay does at each boot what the level of its line says then, which is nobody's before pinbus runs. */
export function bootAdvice({ relay, relayActive, board }: Partial<Answers>): string[] {
  const gpio = headerPins.get(relay ?? 0);
  if (relayActive === undefined || board === undefined || board === "sim" || typeof gpio !== "number") return [];
  const name = `GPIO${gpio} (pin ${relay})`;
  const pull = powerOnPull(labels[board], gpio);
  if (relayActive === "low") return pull === "down" ? [`note: ${name} is low at boot: a module without a pull-up is on then.`] : [];
  const instead = ["Take one of GPIO9 to GPIO27 but GPIO14, or a module that is on with low."];
  if (pull === "up")
    return [`warning: ${name} is high from power-on until pinbus runs:`, "this relay switches on at each boot.", ...instead];
  if (pull === undefined && gpio <= 8)
    return [
      `warning: ${name} is high from power-on on older boards; nobody has`,
      "looked at this one: watch the relay at a boot.",
      ...instead,
    ];
  if (gpio !== 14) return [];
  return [`warning: ${name} is the serial port's output, which is high while the`, "board boots with a serial console.", ...instead];
}
