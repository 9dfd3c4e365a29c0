import { headerPinOf, headerPins, reservedGpios } from "../gpio/header.ts";
import { formatLineName, type LineName } from "../gpio/line.ts";
import type { Found, Report } from "./check.ts";
import type { Config } from "./schema.ts";

/** The chip that carries the header, by board: on all three an offset is the GPIO number. */
const headerChips = new Set(["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"]);
const reservedNames = new Map([
  ["ID_SDA", 0],
  ["ID_SCL", 1],
]);
/** The BCM2711 has 58 lines; the others have fewer. */
const maxGpio = 57;

/** The GPIO number behind a name, when the name alone tells it. */
export function gpioOf(line: LineName): number | undefined {
  switch (line.kind) {
    case "gpio":
      return line.gpio;
    case "pin": {
      const what = headerPins.get(line.pin);
      return typeof what === "number" ? what : undefined;
    }
    case "name": {
      const digits = /^GPIO(\d{1,2})$/.exec(line.name)?.[1];
      return digits === undefined ? reservedNames.get(line.name) : Number(digits);
    }
    case "offset":
      return headerChips.has(line.chip) ? line.offset : undefined;
  }
}

/** Every line once, none that a program must not touch. */
export function checkLines({ inputs, outputs, pwm }: Config, { place }: Found, report: Report): void {
  const used = new Map<string, string>();
  const all = [
    ...Object.entries(inputs).flatMap(([id, { line }]) => (line === null ? [] : { path: `inputs.${id}.line`, line })),
    ...Object.entries(inputs).flatMap(([id, { line_b: line }]) => (line === null ? [] : { path: `inputs.${id}.line_b`, line })),
    ...Object.entries(outputs).flatMap(([id, { line }]) => (line === null ? [] : { path: `outputs.${id}.line`, line })),
    ...Object.entries(pwm).flatMap(([id, { line }]) => (line === null ? [] : { path: `pwm.${id}.line`, line })),
  ];
  const inOrder = all
    .map((entry) => ({ ...entry, at: place(entry.path) }))
    .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  for (const { path, line, at } of inOrder) {
    if (!isUsable(path, line, report)) continue;
    const gpio = gpioOf(line);
    const key = gpio === undefined ? formatLineName(line) : `GPIO${gpio}`;
    const before = used.get(key);
    if (before === undefined) {
      used.set(key, path);
      continue;
    }
    const first = place(before);
    const where = first.line > 0 && first.file === at.file ? ` (line ${first.line})` : "";
    report(path, `${nameOf(line, gpio)} is used by ${before} already${where}`, "give each a line of its own");
  }
}

function isUsable(path: string, line: LineName, report: Report): boolean {
  const gpio = gpioOf(line);
  if (line.kind === "pin") {
    const what = headerPins.get(line.pin);
    if (what === undefined) {
      report(path, `there is no header pin ${line.pin}`, "write pin1 to pin40");
      return false;
    }
    if (typeof what === "string") {
      report(path, `header pin ${line.pin} is ${what}, not a line`, "take a pin with a GPIO number");
      return false;
    }
  }
  if (gpio === undefined) return true;
  if (reservedGpios.has(gpio)) {
    const pin = headerPinOf(gpio);
    report(path, `GPIO${gpio} (header pin ${pin}) is reserved for the ID EEPROM of an add-on board`, "take another line");
    return false;
  }
  if (gpio > maxGpio) {
    report(path, `no Raspberry Pi has a line ${formatLineName(line)}`, "take one of GPIO2 to GPIO27, which are on the header");
    return false;
  }
  if (headerPinOf(gpio) === undefined) {
    const fix = "take one of GPIO2 to GPIO27, unless this is a Compute Module";
    report(path, `GPIO${gpio} is not on the header, the board itself may use it`, fix, "warning");
  }
  return true;
}

/** As written, and what it means when that is not the same. */
function nameOf(line: LineName, gpio: number | undefined): string {
  const name = formatLineName(line);
  return gpio === undefined || name === `GPIO${gpio}` ? name : `${name} (GPIO${gpio})`;
}
