import type { ChipInfo, LineInfo } from "./driver.ts";
import { LineError, noLineError } from "./errors.ts";
import { headerPinOf, headerPins } from "./header.ts";
import type { LineAddress, LineName } from "./line.ts";
import { nearest } from "./nearest.ts";

/** What is asked of a driver to find a line. */
export interface Lines {
  chips(): ChipInfo[];
  lines(chip: string): LineInfo[];
}

/**
 * Labels of the chip whose offsets are the GPIO numbers of the 40-pin header: Pi 5, Pi 4 (and 400), Pi Zero to 3.
 * Only the label is looked at: on a Pi 5 the chip is gpiochip0 or gpiochip4 and on newer kernels gpiochip1.
 */
export const headerChips: readonly string[] = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];

export type BoardKind = "pi1" | "pi4" | "pi5";
export interface BoardChip {
  label: string;
  lines: number;
  names(offset: number): string;
}

/** The chips of the boards as the kernel registers them, for the simulated board. */
export const boardChips: Record<BoardKind, readonly BoardChip[]> = {
  pi1: [{ label: "pinctrl-bcm2835", lines: 54, names: headerLineName }],
  pi4: [
    { label: "pinctrl-bcm2711", lines: 58, names: headerLineName },
    { label: "raspberrypi-exp-gpio", lines: 8, names: expanderLineName },
  ],
  pi5: [
    { label: "gpio-brcmstb@107d508500", lines: 32, names: () => "" },
    { label: "pinctrl-rp1", lines: 54, names: headerLineName },
  ],
};

/**
 * Finds the line that a person named. Throws LineError: "no-chip" when its chip is not there (now), "no-line" when there is no such line;
 * the message says what exists.
 */
export function findLine(name: LineName, lines: Lines): LineAddress {
  switch (name.kind) {
    case "gpio":
      return gpioLine(name.gpio, lines, `GPIO${name.gpio}`);
    case "pin":
      return pinLine(name.pin, lines);
    case "name":
      return namedLine(name.name, lines);
    case "offset":
      return chipLine({ chip: name.chip, offset: name.offset }, lines);
  }
}

/**
 * The same lines, of which each chip is asked once in a turn of the event loop: to find one by its name, the kernel is asked for each line of each
 * chip. Not longer than that, because chips come and go.
 */
export function readOnce(lines: Lines): Lines {
  let chips: ChipInfo[] | undefined;
  const known = new Map<string, LineInfo[]>();
  const forgetSoon = () => {
    if (chips !== undefined || known.size > 0) return;
    setImmediate(() => {
      chips = undefined;
      known.clear();
    }).unref();
  };
  return {
    chips() {
      if (chips !== undefined) return chips;
      const read = lines.chips();
      forgetSoon();
      chips = read;
      return read;
    },
    lines(chip) {
      const found = known.get(chip);
      if (found !== undefined) return found;
      const read = lines.lines(chip);
      forgetSoon();
      known.set(chip, read);
      return read;
    },
  };
}

/** The position 1–40 on the header, or undefined for a line that is not there. */
export function headerPin(address: LineAddress): number | undefined {
  return headerChips.includes(address.chip) ? headerPinOf(address.offset) : undefined;
}

/** For messages: `GPIO17 (pin 11)`, `GPIO42`, `line 3 of raspberrypi-exp-gpio`. */
export function describeLine(address: LineAddress): string {
  if (!headerChips.includes(address.chip)) return `line ${address.offset} of ${address.chip}`;
  const pin = headerPin(address);
  return pin === undefined ? `GPIO${address.offset}` : `GPIO${address.offset} (pin ${pin})`;
}

function gpioLine(gpio: number, lines: Lines, asked: string): LineAddress {
  const chips = lines.chips();
  const chip = headerChips.flatMap((label) => chips.find((there) => there.label === label) ?? [])[0];
  if (!chip) {
    const labels = chips.map(({ label }) => label);
    const there =
      labels.length > 0 ? `the chips here are ${labels.join(", ")}: write line: {chip: ${labels[0]}, offset: …}` : "no GPIO chip is here";
    throw new LineError("no-chip", `${asked}: no chip with the 40-pin header of a Raspberry Pi (${headerChips.join(", ")}); ${there}`);
  }
  if (gpio >= chip.lines) throw new LineError("no-line", `${asked} does not exist: ${chip.label} has GPIO0 to GPIO${chip.lines - 1}`);
  return { chip: chip.label, offset: gpio };
}

function pinLine(pin: number, lines: Lines): LineAddress {
  const what = headerPins.get(pin);
  if (what === undefined) throw new LineError("no-line", `pin${pin} does not exist: the header has pin1 to pin40`);
  if (typeof what === "string") throw new LineError("no-line", `pin${pin} is ${what}, not a GPIO; \`pinbus pins\` shows the header`);
  return gpioLine(what, lines, `pin${pin} (GPIO${what})`);
}

function namedLine(name: string, lines: Lines): LineAddress {
  const found: LineAddress[] = [];
  const names = new Set<string>();
  for (const { label } of lines.chips())
    for (const line of lines.lines(label)) {
      if (line.name === name) found.push({ chip: label, offset: line.offset });
      if (line.name) names.add(line.name);
    }
  const [first, second] = found;
  // The header wins over a chip that happens to use the same name.
  const address = found.find(({ chip }) => headerChips.includes(chip)) ?? (second ? undefined : first);
  if (address) return address;
  if (first && second)
    throw new LineError(
      "no-line",
      `two lines are called ${name}: ${found.map(describeLine).join(" and ")}; write line: {chip: …, offset: …}`,
    );
  // Older device trees name the header's lines otherwise, and sysfs has no names.
  const gpio = /^GPIO(\d{1,4})$/i.exec(name);
  if (gpio) return gpioLine(Number(gpio[1]), lines, name);
  if (names.size === 0) throw new LineError("no-line", `no line is called ${name}: the lines have no names here; write the GPIO number`);
  const meant = nearest(name, names);
  throw new LineError(
    "no-line",
    `no line is called ${name}; ${meant ? `did you mean ${meant}?` : `the names are ${shortList([...names])}`} \`pinbus pins\` lists them`,
  );
}

function chipLine(address: LineAddress, lines: Lines): LineAddress {
  const chips = lines.chips();
  const chip = chips.find(({ label }) => label === address.chip);
  if (!chip) {
    const labels = chips.map(({ label }) => label);
    const meant = nearest(address.chip, labels);
    const number = /^gpiochip\d+$/.test(address.chip) ? `${address.chip} is a number that moves: name the chip by its label; ` : "";
    const there = labels.length > 0 ? `the chips here are ${labels.join(", ")}` : "no GPIO chip is here";
    throw new LineError("no-chip", `no chip is labelled ${address.chip}; ${number}${meant ? `did you mean ${meant}?` : there}`);
  }
  if (address.offset >= chip.lines) throw noLineError(address, chip.lines);
  return address;
}

function shortList(names: string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")}, …;` : `${names.join(", ")};`;
}

/** The names that the device tree gives to the header's lines. */
function headerLineName(offset: number): string {
  if (offset === 0) return "ID_SDA";
  if (offset === 1) return "ID_SCL";
  return offset <= 27 ? `GPIO${offset}` : "";
}

function expanderLineName(offset: number): string {
  return ["BT_ON", "WL_ON", "PWR_LED_OFF", "GLOBAL_RESET", "VDD_SD_IO_SEL", "CAM_GPIO", "SD_PWR_ON", ""][offset] ?? "";
}
