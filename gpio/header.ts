/** The 40-pin header, the same on every board from the Pi Zero to the Pi 5. This file imports nothing, so that config can read it too. */

/** What a header pin is: a GPIO number, or a supply that no program drives. */
export type HeaderPin = number | "3V3" | "5V" | "GND";

/** Header pin (1–40) → what it is. Source: Raspberry Pi documentation, "GPIO and the 40-pin header". */
export const headerPins: ReadonlyMap<number, HeaderPin> = new Map<number, HeaderPin>([
  [1, "3V3"],
  [2, "5V"],
  [3, 2],
  [4, "5V"],
  [5, 3],
  [6, "GND"],
  [7, 4],
  [8, 14],
  [9, "GND"],
  [10, 15],
  [11, 17],
  [12, 18],
  [13, 27],
  [14, "GND"],
  [15, 22],
  [16, 23],
  [17, "3V3"],
  [18, 24],
  [19, 10],
  [20, "GND"],
  [21, 9],
  [22, 25],
  [23, 11],
  [24, 8],
  [25, "GND"],
  [26, 7],
  [27, 0],
  [28, 1],
  [29, 5],
  [30, "GND"],
  [31, 6],
  [32, 12],
  [33, 13],
  [34, "GND"],
  [35, 19],
  [36, 16],
  [37, 26],
  [38, 20],
  [39, "GND"],
  [40, 21],
]);

/** GPIO 0 and 1 (pins 27 and 28) belong to the ID EEPROM of an add-on board: the firmware talks on them at boot. */
export const reservedGpios: ReadonlySet<number> = new Set([0, 1]);

const pinOfGpio = new Map([...headerPins].flatMap(([pin, what]) => (typeof what === "number" ? [[what, pin] as const] : [])));

/** The header pin of a GPIO number, or undefined when that GPIO is not on the header. */
export function headerPinOf(gpio: number): number | undefined {
  return pinOfGpio.get(gpio);
}
